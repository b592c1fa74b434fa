import { useMustEnrol, useUser } from "../session/useSession";
import { formatDate, formatRoles } from "../ui/format";
import { Card, Page } from "../ui/Page";
import { Banner } from "../ui/states";
import { Facts } from "../ui/Table";
import { DevicesCard } from "./DevicesCard";
import { PasswordCard } from "./PasswordCard";
import { SessionsCard } from "./SessionsCard";
import { TwoStepCard } from "./TwoStepCard";

export default function Account() {
  const user = useUser();
  const mustEnrol = useMustEnrol();
  const who: [string, string][] = [
    ["Name", user.display_name],
    ["User name", user.username],
    ["E-mail address", user.email],
    ["Role", formatRoles(user.roles)],
    ["Member since", formatDate(user.created_at)],
  ];
  const twoStep = <TwoStepCard key="two-step" user={user} />;
  const you = (
    <Card key="you" title="You">
      <Facts facts={who} />
    </Card>
  );
  return (
    <Page title="Account and security" width="text">
      {mustEnrol && (
        <Banner tone="warn" title="Your role needs two-step sign-in">
          Switch it on below; then everything else opens.
        </Banner>
      )}
      {/* By their keys: the dialog with the recovery codes stays when the card that it belongs to moves down. */}
      {mustEnrol ? [twoStep, you] : [you, twoStep]}
      <PasswordCard />
      <SessionsCard />
      {!mustEnrol && <DevicesCard />}
    </Page>
  );
}
