/** Prepares an account for somebody, and shows the code that they activate it with: once, and never again. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import type { components } from "../api/auth";
import { isProblem } from "../api/problem";
import { fieldErrors } from "../api/sentences";
import type { Role } from "../session/store";
import { isUncertain } from "../api/uncertain";
import { Button } from "../ui/Button";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { Card, Page } from "../ui/Page";
import { Banner } from "../ui/states";
import { useMistakes } from "../ui/useMistakes";
import { ActivationCode } from "./ActivationCode";
import { RoleBoxes } from "./RoleBoxes";

type Draft = components["schemas"]["UserCreate"] & { roles: Role[]; display_name: string };

const EMPTY: Draft = { username: "", email: "", display_name: "", roles: [] };
const BACK = { to: "/admin/users", label: "Users" };
const USERNAME = /^[a-z0-9][a-z0-9._-]{2,31}$/i;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export default function NewUser() {
  const [form, setForm] = useState(0);
  const { mutate, reset, data, isPending, error, isDoubtful } = useCreateUser();
  const again = (): void => {
    reset();
    setForm(form + 1);
  };
  if (data) return <Created created={data} onAgain={again} />;
  return (
    <Page
      title="New user"
      lead="Quill makes a code with which the person sets a password. You never learn it."
      back={BACK}
      width="text"
      takesFocus={form > 0}
    >
      {isDoubtful && <Doubt />}
      <UserForm
        key={form}
        isPending={isPending}
        error={isDoubtful && isProblem(error, "account-taken") ? undefined : error}
        onSubmit={mutate}
      />
    </Page>
  );
}

function useCreateUser() {
  const client = useQueryClient();
  const [isDoubtful, setDoubtful] = useState(false);
  const mutation = useMutation({
    mutationFn: ({ display_name, ...draft }: Draft) => {
      const body = { ...draft, display_name: display_name.trim() || null };
      return take(auth.POST("/api/auth/users", { body, params: { header: CSRF } }));
    },
    onSuccess: () => setDoubtful(false),
    onError: (error) => isUncertain(error) && setDoubtful(true),
    onSettled: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
  return { ...mutation, isDoubtful };
}

/** A try got no answer. If it succeeded, the next one is refused, and the code is lost: no key makes this call repeatable. */
function Doubt() {
  return (
    <Banner tone="warn" title="Your first try may have created the account" isAnnounced>
      Its answer did not come, and with it the activation code. Look for the account under Users: if it is there, disable it,
      since its code cannot be shown again, and create another with another user name and e-mail address.
    </Banner>
  );
}

function Created({ created, onAgain }: { created: components["schemas"]["UserCreated"]; onAgain: () => void }) {
  return (
    <Page title="New user" heading={`${created.user.display_name} can be activated`} back={BACK} width="text" takesFocus>
      <ActivationCode user={created.user} code={created.activation_code} onAgain={onAgain} />
    </Page>
  );
}

function mistakesOf({ username, email, roles }: Draft): Record<string, string> {
  return {
    ...(!USERNAME.test(username.trim()) && {
      username: "Give a user name of 3 to 32 letters, digits, dots, hyphens and underscores",
    }),
    ...(!EMAIL.test(email.trim()) && { email: "Give an e-mail address, such as a.smith@example.org" }),
    ...(roles.length === 0 && { roles: "Choose at least one role" }),
  };
}

interface FormProps {
  isPending: boolean;
  error: unknown;
  onSubmit: (draft: Draft) => void;
}

function UserForm({ isPending, error, onSubmit }: FormProps) {
  const [draft, setDraft] = useState(EMPTY);
  const { attempt, mistakes, submit } = useMistakes(mistakesOf(draft), () => onSubmit(draft));
  const refused = fieldErrors(error);
  const field = (name: "username" | "email" | "display_name") => ({
    name,
    error: mistakes[name],
    value: draft[name],
    onChange: (text: string) => setDraft({ ...draft, [name]: text }),
    autoComplete: "off",
    size: "medium" as const,
  });
  return (
    <Card>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      <Form error={error} onSubmit={submit} validationBehavior="aria">
        <TextField label="Name" hint="As patients and colleagues see it, such as Dr Anna Smith" maxLength={100} {...field("display_name")} />
        <TextField label="User name" hint="3 to 32 letters, digits, dots, hyphens and underscores" isRequired {...field("username")} />
        <TextField label="E-mail address" type="email" isRequired {...field("email")} />
        <RoleBoxes
          roles={draft.roles}
          error={mistakes.roles ?? refused.roles}
          onChange={(roles) => setDraft({ ...draft, roles })}
        />
        <div className="actions">
          <Button type="submit" kind="primary" isPending={isPending}>
            Create the account
          </Button>
        </div>
      </Form>
      <LeaveWarning isUnsaved={Object.values(draft).some(({ length }) => length > 0)} what="The new account" />
    </Card>
  );
}
