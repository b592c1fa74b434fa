/** Where facts are posted to other systems, and whether they arrive. */

import { useState } from "react";
import { Button, ButtonLink } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { formatDate, formatTime } from "../ui/format";
import { Page } from "../ui/Page";
import { Badge, Empty, Failure, Loaded } from "../ui/states";
import { type Column, Table } from "../ui/Table";
import { addressOf, useRemoveWebhook, useWebhooks, type Webhook } from "./webhooks";
import "./admin.css";

export default function Webhooks() {
  const query = useWebhooks();
  return (
    <Page
      title="Webhooks"
      lead="Servers that Quill tells what has happened: in ids, states and times, never in names or words of letters."
      actions={
        <ButtonLink kind="primary" to="/admin/webhooks/new">
          New webhook
        </ButtonLink>
      }
    >
      <Loaded query={query}>{(webhooks) => <List webhooks={webhooks} />}</Loaded>
    </Page>
  );
}

function List({ webhooks }: { webhooks: readonly Webhook[] }) {
  const [leaving, setLeaving] = useState<Webhook>();
  const { mutate, isPending, error } = useRemoveWebhook();
  const close = (): void => setLeaving(undefined);
  const remove = (): void => {
    if (leaving) mutate(leaving.id, { onSettled: close });
  };
  return (
    <>
      {error && <Failure error={error} />}
      {webhooks.length === 0 ? (
        <Empty title="No webhooks yet">Other systems can also follow Quill’s facts by NATS, or ask its API.</Empty>
      ) : (
        <Table caption="Webhooks" columns={columns(setLeaving)} rows={webhooks} rowKey={({ id }) => id} />
      )}
      <Confirm
        title="Remove this webhook?"
        isOpen={leaving !== undefined}
        onClose={close}
        onConfirm={remove}
        confirm="Remove the webhook"
        isPending={isPending}
      >
        <p>
          Nothing more is posted to <b className="address">{leaving && addressOf(leaving)}</b>, and what waits for it is
          dropped. It cannot be brought back: a new webhook gets a new secret, and what happens from then on.
        </p>
      </Confirm>
    </>
  );
}

function columns(onRemove: (webhook: Webhook) => void): readonly Column<Webhook>[] {
  return [
    { title: "Address", isHeader: true, cell: (webhook) => <span className="address">{addressOf(webhook)}</span> },
    { title: "Facts", cell: ({ events }) => events.join(", ") },
    { title: "State", cell: (webhook) => <State webhook={webhook} /> },
    { title: "Since", cell: ({ created_at }) => <span className="whole">{formatDate(created_at)}</span> },
    {
      title: "Change",
      cell: (webhook) => (
        <Button kind="quiet" aria-label={`Remove: ${addressOf(webhook)}`} onPress={() => onRemove(webhook)}>
          Remove
        </Button>
      ),
    },
  ];
}

function State({ webhook: { state, failing_since, undelivered } }: { webhook: Webhook }) {
  return (
    <>
      {state === "active" && <Badge tone="good">Works</Badge>}
      {state === "failing" && <Badge tone="warn">Fails</Badge>}
      {state === "disabled" && <Badge tone="bad">Disabled</Badge>}
      {failing_since && <span className="second">Nothing got through since {formatTime(failing_since)}</span>}
      {undelivered > 0 && <span className="second">{undelivered} never delivered in the last 30 days</span>}
    </>
  );
}
