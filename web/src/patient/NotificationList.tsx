import { Link } from "react-router";
import { Button } from "../ui/Button";
import { formatTime } from "../ui/format";
import { Badge, Failure } from "../ui/states";
import { type Notification, useMarkRead } from "./inbox";
import "./lists.css";

export function NotificationList({ notifications }: { notifications: readonly Notification[] }) {
  return (
    <ul className="rows">
      {notifications.map((one) => (
        <NotificationRow key={one.id} notification={one} />
      ))}
    </ul>
  );
}

function NotificationRow({ notification: { id, title, url, created_at, read_at } }: { notification: Notification }) {
  const isUnread = read_at === null;
  const { mutate, isPending, error } = useMarkRead();
  return (
    <li className="row" data-unread={isUnread || undefined}>
      <div className="row-main">
        <Subject title={title} url={url} />
        <p className="row-note">
          <span>{formatTime(created_at)}</span>
          {isUnread && <Badge tone="info">Not opened</Badge>}
        </p>
        {error && <Failure error={error} />}
      </div>
      {isUnread && (
        <Button kind="quiet" aria-label={`Mark as read: ${title}`} isPending={isPending} onPress={() => mutate([id])}>
          Mark as read
        </Button>
      )}
    </li>
  );
}

/** Of a letter: the letter marks its notifications as read when it is shown. Others say all that they have to say. */
function Subject({ title, url }: { title: string; url: string }) {
  if (!url.startsWith("/letters/")) return <p className="row-title">{title}</p>;
  return (
    <Link className="row-link" to={url}>
      {title}
    </Link>
  );
}
