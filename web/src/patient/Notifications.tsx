/** The inbox, and the switch that lets this device tell of what is new. Every role has both. */

import { useState } from "react";
import { Button } from "../ui/Button";
import { Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Tabs } from "../ui/Tabs";
import { Empty, Failure, Loaded } from "../ui/states";
import { type Notification, useInbox, useMarkRead } from "./inbox";
import { NotificationList } from "./NotificationList";
import { NotificationSwitch } from "./NotificationSwitch";

const TABS = [
  { id: "all", title: "All", content: <Inbox unread={false} /> },
  { id: "unread", title: "Not opened", content: <Inbox unread /> },
];

export default function Notifications() {
  const [tab, setTab] = useState("all");
  return (
    <Page title="Notifications" lead="What Quill has told you. Opening one marks it as read." width="text">
      <NotificationSwitch />
      <Tabs label="Which notifications" tabs={TABS} selected={tab} onSelect={setTab} />
    </Page>
  );
}

function Inbox({ unread }: { unread: boolean }) {
  const pages = useInbox(unread);
  return (
    <Loaded query={pages}>
      {(list) => (list.length > 0 ? <Full list={list} pages={pages} /> : <None unread={unread} />)}
    </Loaded>
  );
}

function None({ unread }: { unread: boolean }) {
  return unread ? (
    <Empty title="Nothing new">You have opened everything.</Empty>
  ) : (
    <Empty title="No notifications yet">When there is something new for you, it is noted here as well.</Empty>
  );
}

function Full({ list, pages }: { list: readonly Notification[]; pages: ReturnType<typeof useInbox> }) {
  const unread = list.filter((one) => one.read_at === null).map(({ id }) => id);
  const { mutate, isPending, error } = useMarkRead();
  return (
    <div className="stack">
      <NotificationList notifications={list} />
      {error && <Failure error={error} />}
      {unread.length > 1 && (
        <div className="actions">
          <Button isPending={isPending} onPress={() => mutate(unread)}>
            Mark all of these as read
          </Button>
        </div>
      )}
      <Pager pages={pages} shown={list.length} what={list.length === 1 ? "notification" : "notifications"} />
    </div>
  );
}
