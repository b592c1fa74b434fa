/** Password, then code. The same on the sign-in page and in the dialog that an expired session opens. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../ui/Button";
import { Form, PasswordField, TextField } from "../ui/fields";
import { begin } from "./session";
import { presentCode, presentPassword, type Step } from "./signIn";

interface Props {
  /** Whose session is renewed, where that is known. */
  username?: string;
}

export function SignInForm({ username }: Props) {
  const [challenge, setChallenge] = useState<string>();
  if (challenge) return <CodeForm challenge={challenge} onBack={() => setChallenge(undefined)} />;
  return <PasswordForm username={username} onChallenge={setChallenge} />;
}

function PasswordForm({ username, onChallenge }: Props & { onChallenge: (challenge: string) => void }) {
  const [name, setName] = useState(username ?? "");
  const [password, setPassword] = useState("");
  const proceed = (step: Step): void => ("session" in step ? begin(step.session) : onChallenge(step.challenge));
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => presentPassword(name, password),
    onSuccess: proceed,
  });
  return (
    <Form error={error} onSubmit={() => mutate()}>
      <TextField
        label="User name or e-mail address"
        name="username"
        autoComplete="username"
        autoFocus={!username}
        isReadOnly={username !== undefined}
        isRequired
        value={name}
        onChange={setName}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        autoFocus={username !== undefined}
        isRequired
        value={password}
        onChange={setPassword}
      />
      <Button type="submit" kind="primary" isPending={isPending}>
        Sign in
      </Button>
    </Form>
  );
}

function CodeForm({ challenge, onBack }: { challenge: string; onBack: () => void }) {
  const [code, setCode] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => presentCode(challenge, code),
    onSuccess: begin,
  });
  return (
    <Form error={error} onSubmit={() => mutate()}>
      <TextField
        label="Code"
        hint="The six digits that your authenticator app shows now, or one of your recovery codes."
        name="code"
        autoComplete="one-time-code"
        autoFocus
        isRequired
        size="medium"
        value={code}
        onChange={setCode}
      />
      <div className="actions">
        <Button type="submit" kind="primary" isPending={isPending}>
          Sign in
        </Button>
        <Button kind="quiet" onPress={onBack}>
          Start again
        </Button>
      </div>
    </Form>
  );
}
