/** One account: what is known of it, its roles, its state, and the record that it is linked to. */

import { useLocation, useParams } from "react-router";
import { useUser } from "../session/useSession";
import { formatRoles, formatTime } from "../ui/format";
import { Card, Page } from "../ui/Page";
import { Badge, Banner, Loaded } from "../ui/states";
import { Facts } from "../ui/Table";
import { LinkCard } from "./LinkCard";
import { RolesCard } from "./RolesCard";
import { StateCard } from "./StateCard";
import { type ManagedUser, useManagedUser } from "./users";
import "./admin.css";

const TITLE = "User account";
const BACK = { to: "/admin/users", label: "Users" };

export default function User() {
  const { id = "" } = useParams();
  const query = useManagedUser(id, useLocation().state?.username);
  return (
    <Page title={TITLE} heading={query.data?.display_name ?? TITLE} back={BACK} width="text">
      <Loaded query={query}>{(user) => <Details user={user} />}</Loaded>
    </Page>
  );
}

function Details({ user }: { user: ManagedUser }) {
  const isOwn = useUser().id === user.id;
  return (
    <>
      {user.disabled && (
        <Banner tone="bad" title="This account is disabled">
          Nobody can sign in with it.
        </Banner>
      )}
      <Card title="Account">
        <AccountFacts user={user} />
      </Card>
      {isOwn ? <OwnAccount /> : <Changes user={user} />}
    </>
  );
}

function AccountFacts({ user }: { user: ManagedUser }) {
  return (
    <Facts
      facts={[
        ["User name", user.username],
        ["E-mail address", user.email],
        ["Roles", formatRoles(user.roles)],
        ["Two-step sign-in", user.totp_enabled ? <Badge tone="good">On</Badge> : "Off"],
        ["Created", formatTime(user.created_at)],
        ["Id", <code>{user.id}</code>],
      ]}
    />
  );
}

function OwnAccount() {
  return (
    <Banner title="This is your own account">
      Nobody changes their own roles or disables themselves: ask another administrator. Your password and two-step sign-in
      are under Account and security.
    </Banner>
  );
}

function Changes({ user }: { user: ManagedUser }) {
  return (
    <>
      <RolesCard key={user.roles.join()} user={user} />
      {(user.patient_id !== null || user.roles.includes("patient")) && <LinkCard user={user} />}
      <StateCard user={user} />
    </>
  );
}
