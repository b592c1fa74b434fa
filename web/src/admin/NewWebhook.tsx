/** Registers a server that facts are posted to, and shows the secret that they are signed with: once, and never again. */

import { useState } from "react";
import { fieldErrors } from "../api/sentences";
import { Button } from "../ui/Button";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Checkbox, Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { Card, Page } from "../ui/Page";
import { useMistakes } from "../ui/useMistakes";
import { WebhookSecret } from "./WebhookSecret";
import { type Fact, FACTS, useCreateWebhook, type WebhookDraft } from "./webhooks";

const EMPTY: WebhookDraft = { url: "", events: [] };
const BACK = { to: "/admin/webhooks", label: "Webhooks" };
const LONGEST = 2048;

export default function NewWebhook() {
  const [url, setUrl] = useState("");
  const { mutate, data, isPending, error } = useCreateWebhook();
  const create = (draft: WebhookDraft): void => {
    setUrl(draft.url);
    mutate(draft);
  };
  if (data) {
    return (
      <Page key="registered" title="New webhook" heading="The webhook is registered" back={BACK} width="text" takesFocus>
        <WebhookSecret url={url} secret={data.secret} />
      </Page>
    );
  }
  return (
    <Page
      title="New webhook"
      lead="It gets what happens from now on, at least once and in no certain order."
      back={BACK}
      width="text"
    >
      <WebhookForm isPending={isPending} error={error} onSubmit={create} />
    </Page>
  );
}

function mistakesOf({ url, events }: WebhookDraft): Record<string, string> {
  return {
    ...(!/^https?:\/\/\S+$/i.test(url) && { url: "Give an address, such as https://hooks.example.org/quill" }),
    ...(events.length === 0 && { events: "Choose at least one fact" }),
  };
}

interface FormProps {
  isPending: boolean;
  error: unknown;
  onSubmit: (draft: WebhookDraft) => void;
}

function WebhookForm({ isPending, error, onSubmit }: FormProps) {
  const [draft, setDraft] = useState(EMPTY);
  const { attempt, mistakes, submit } = useMistakes(mistakesOf(draft), () => onSubmit(draft));
  return (
    <Card>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      <Form error={error} onSubmit={submit} validationBehavior="aria">
        <TextField
          label="Address"
          hint="By https, on port 443, at the name of a public server"
          name="url"
          type="url"
          autoComplete="off"
          maxLength={LONGEST}
          isRequired
          error={mistakes.url}
          value={draft.url}
          onChange={(url) => setDraft({ ...draft, url: url.trim() })}
        />
        <FactBoxes
          chosen={draft.events}
          error={mistakes.events ?? fieldErrors(error).events}
          onChange={(events) => setDraft({ ...draft, events })}
        />
        <div className="actions">
          <Button type="submit" kind="primary" isPending={isPending}>
            Register the webhook
          </Button>
        </div>
      </Form>
      <LeaveWarning isUnsaved={draft.url !== "" || draft.events.length > 0} what="The new webhook" />
    </Card>
  );
}

interface BoxesProps {
  chosen: readonly Fact[];
  error?: string;
  onChange: (facts: Fact[]) => void;
}

function FactBoxes({ chosen, error, onChange }: BoxesProps) {
  const change = (fact: Fact, isChosen: boolean): void => {
    const others = chosen.filter((one) => one !== fact);
    onChange(isChosen ? [...others, fact] : others);
  };
  return (
    <fieldset className="field" aria-describedby="events-error">
      <legend>What it is told</legend>
      {FACTS.map(([fact, words]) => (
        <Checkbox
          key={fact}
          name="events"
          hint={<code>{fact}</code>}
          isSelected={chosen.includes(fact)}
          onChange={(isChosen) => change(fact, isChosen)}
        >
          {words}
        </Checkbox>
      ))}
      <span id="events-error" className="field-error">
        {error}
      </span>
    </fieldset>
  );
}
