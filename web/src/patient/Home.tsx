/** A patient's start page: what is new, the newest letters, and what is still to be set up. */

import type { ReactNode } from "react";
import { Link } from "react-router";
import { useUser } from "../session/useSession";
import { ButtonLink } from "../ui/Button";
import { Card, Page } from "../ui/Page";
import { Badge, Banner, Loaded } from "../ui/states";
import { useUnread } from "./inbox";
import { NoLetters } from "./Letters";
import { NotificationList } from "./NotificationList";
import { usePushState } from "./NotificationSwitch";
import { OwnLetterList } from "./OwnLetterList";
import { useOwnLetters } from "./ownLetters";

const NEWEST = 3;

export default function Home() {
  const { display_name, patient_id } = useUser();
  return (
    <Page title="Welcome" heading={`Welcome, ${display_name}`} width="text">
      <News />
      {patient_id === null ? <LinkFirst /> : <Newest patientId={patient_id} />}
      <NotificationsHint />
    </Page>
  );
}

function LinkFirst() {
  return (
    <Card title="Link your record">
      <p>
        Your account is ready. To see your letters, link it to your record with the one-time code that your clinic gives
        you, and your date of birth.
      </p>
      <div className="actions">
        <ButtonLink kind="primary" to="/link">
          Link my record
        </ButtonLink>
      </div>
      <p className="soft">No code yet? Ask your clinic for one, in person or by telephone.</p>
    </Card>
  );
}

function Part({ title, more, children }: { title: ReactNode; more: ReactNode; children: ReactNode }) {
  return (
    <section className="stack">
      <div className="card-head">
        <h2>{title}</h2>
        {more}
      </div>
      {children}
    </section>
  );
}

function Newest({ patientId }: { patientId: string }) {
  const query = useOwnLetters(patientId);
  return (
    <Part title="Your newest letters" more={<Link to="/letters">All letters</Link>}>
      <Loaded query={query}>
        {(letters) => (letters.length > 0 ? <OwnLetterList letters={letters.slice(0, NEWEST)} /> : <NoLetters />)}
      </Loaded>
    </Part>
  );
}

/** New letters have their mark in the list below; what else is new stands here. */
function News() {
  const { data } = useUnread();
  const others = data?.items.filter(({ template }) => template !== "new_letter") ?? [];
  if (!data?.unread_count) return null;
  const title = (
    <>
      What is new <Badge tone="info">{data.unread_count} not opened</Badge>
    </>
  );
  return (
    <Part title={title} more={<Link to="/notifications">All notifications</Link>}>
      {others.length > 0 ? <NotificationList notifications={others} /> : <p>Letters that you have not read are marked as new.</p>}
    </Part>
  );
}

function NotificationsHint() {
  const { data: state } = usePushState();
  if (state === "off") {
    return (
      <Banner title="Be told when a letter arrives" actions={<ButtonLink to="/notifications">Set it up</ButtonLink>}>
        Notifications are off on this device.
      </Banner>
    );
  }
  if (state !== "install-first") return null;
  return (
    <Banner title="Install Quill to be told about new letters" actions={<ButtonLink to="/install">Show me how</ButtonLink>}>
      On iPhone and iPad, only apps on the Home Screen can show notifications.
    </Banner>
  );
}
