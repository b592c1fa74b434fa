import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import { updateUser } from "../session/session";
import type { User } from "../session/store";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Form, PasswordField, TextField } from "../ui/fields";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { Badge } from "../ui/states";
import { TwoStepSetup } from "./TwoStepSetup";

export function TwoStepCard({ user }: { user: User }) {
  const [open, setOpen] = useState<"setup" | "off">();
  const close = (): void => setOpen(undefined);
  return (
    <Card
      title="Two-step sign-in"
      actions={user.totp_enabled ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>}
    >
      <p className="soft">
        After your password, Quill asks for a code that an authenticator app on your phone shows. Somebody who has learnt
        your password then still cannot sign in.
      </p>
      <div className="actions">
        {user.totp_enabled ? (
          <Button kind="danger" onPress={() => setOpen("off")}>
            Switch off
          </Button>
        ) : (
          <Button onPress={() => setOpen("setup")}>Switch on</Button>
        )}
      </div>
      {open === "setup" && <TwoStepSetup user={user} onClose={close} />}
      <Dialog title="Switch two-step sign-in off?" isOpen={open === "off"} onClose={close}>
        <SwitchOff user={user} onClose={close} />
      </Dialog>
    </Card>
  );
}

function SwitchOff({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      take(auth.POST("/api/auth/totp/disable", { params: { header: CSRF }, body: { password, code: code.trim() } })),
    onSuccess: () => {
      updateUser({ ...user, totp_enabled: false });
      tell("Two-step sign-in is off.");
      onClose();
    },
  });
  return (
    <Form error={error} onSubmit={() => mutate()}>
      <PasswordField
        label="Your password"
        name="password"
        autoComplete="current-password"
        isRequired
        value={password}
        onChange={setPassword}
      />
      <TextField
        label="Code"
        hint="From your authenticator app, or a recovery code."
        name="code"
        autoComplete="one-time-code"
        size="medium"
        isRequired
        value={code}
        onChange={setCode}
      />
      <div className="actions">
        <Button type="submit" kind="danger" isPending={isPending}>
          Switch off
        </Button>
        <Button onPress={onClose}>Cancel</Button>
      </div>
    </Form>
  );
}
