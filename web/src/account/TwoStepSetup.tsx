/** Switching the second factor on: password, then the QR code and its first code, then the recovery codes. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import { demandEnrolment } from "../session/enrolment";
import { updateUser } from "../session/session";
import type { User } from "../session/store";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Form, PasswordField, TextField } from "../ui/fields";
import { QrCode } from "./QrCode";
import { RecoveryCodes } from "./RecoveryCodes";

type Enrolment = { secret: string; otpauth_uri: string };

export function TwoStepSetup({ user, onClose }: { user: User; onClose: () => void }) {
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [codes, setCodes] = useState<string[]>();
  return (
    <Dialog title={codes ? "Keep your recovery codes" : "Switch two-step sign-in on"} isOpen onClose={codes ? undefined : onClose}>
      {codes ? (
        <RecoveryCodes codes={codes} onDone={onClose} />
      ) : enrolment ? (
        <Confirmation user={user} enrolment={enrolment} onDone={setCodes} />
      ) : (
        <Proof onDone={setEnrolment} />
      )}
    </Dialog>
  );
}

function Proof({ onDone }: { onDone: (enrolment: Enrolment) => void }) {
  const [password, setPassword] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => take(auth.POST("/api/auth/totp/enrol", { params: { header: CSRF }, body: { password } })),
    onSuccess: onDone,
  });
  return (
    <Form error={error} onSubmit={() => mutate()}>
      <p>You need an authenticator app on your phone. First show that it is you.</p>
      <PasswordField
        label="Your password"
        name="password"
        autoComplete="current-password"
        autoFocus
        isRequired
        value={password}
        onChange={setPassword}
      />
      <div className="actions">
        <Button type="submit" kind="primary" isPending={isPending}>
          Continue
        </Button>
      </div>
    </Form>
  );
}

interface ConfirmationProps {
  user: User;
  enrolment: Enrolment;
  onDone: (codes: string[]) => void;
}

function Confirmation({ user, enrolment, onDone }: ConfirmationProps) {
  const [code, setCode] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      take(auth.POST("/api/auth/totp/confirm", { params: { header: CSRF }, body: { code: code.trim() } })),
    onSuccess: ({ recovery_codes }) => {
      onDone(recovery_codes);
      updateUser({ ...user, totp_enabled: true });
      demandEnrolment(false);
    },
  });
  return (
    <Form error={error} onSubmit={() => mutate()}>
      <p>Scan this with your authenticator app, or type the key into it.</p>
      <QrCode text={enrolment.otpauth_uri} label="QR code for your authenticator app" />
      <p>
        Key: <code className="key">{enrolment.secret.replace(/(.{4})/g, "$1 ").trim()}</code>
      </p>
      <TextField
        label="The six digits that the app shows now"
        name="code"
        autoComplete="one-time-code"
        inputMode="numeric"
        size="short"
        isRequired
        value={code}
        onChange={setCode}
      />
      <div className="actions">
        <Button type="submit" kind="primary" isPending={isPending}>
          Switch on
        </Button>
      </div>
    </Form>
  );
}
