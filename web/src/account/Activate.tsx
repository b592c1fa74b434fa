import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Navigate } from "react-router";
import { auth, take } from "../api/client";
import { Button } from "../ui/Button";
import { Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { Page } from "../ui/Page";
import { NewPassword } from "./NewPassword";

export default function Activate() {
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: () => take(auth.POST("/api/auth/activate", { body: { activation_code: code.trim(), password } })),
  });
  if (isSuccess) return <Navigate to="/sign-in" state={{ notice: "Your account is active. Sign in to use it." }} />;
  return (
    <Page
      title="Activate your account"
      lead="Your administrator gave you a code. It works once, within 72 hours."
      back={{ to: "/sign-in", label: "Sign in" }}
      width="narrow"
    >
      <section className="card">
        <Form error={error} onSubmit={() => mutate()}>
          <TextField
            label="Activation code"
            name="activation_code"
            autoComplete="off"
            isRequired
            maxLength={100}
            value={code}
            onChange={setCode}
          />
          <NewPassword label="Choose a password" name="password" value={password} onChange={setPassword} />
          <Button type="submit" kind="primary" isPending={isPending}>
            Activate
          </Button>
        </Form>
      </section>
      <LeaveWarning isUnsaved={code !== "" || password !== ""} what="What you have typed" />
    </Page>
  );
}
