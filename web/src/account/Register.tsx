import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Navigate } from "react-router";
import { auth, take } from "../api/client";
import { Button } from "../ui/Button";
import { Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { Page } from "../ui/Page";
import { NewPassword } from "./NewPassword";

export default function Register() {
  const [fields, setFields] = useState({ display_name: "", username: "", email: "", password: "" });
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: () => take(auth.POST("/api/auth/register", { body: fields })),
  });
  const field = (name: keyof typeof fields) => ({
    name,
    value: fields[name],
    onChange: (value: string) => setFields({ ...fields, [name]: value }),
  });
  if (isSuccess) return <Navigate to="/sign-in" state={{ notice: "Your account is ready. Sign in to use it." }} />;
  return (
    <Page
      title="Register"
      heading="Register as a patient"
      lead="An account lets you read your letters. Your clinic then gives you a code that opens your own record."
      width="narrow"
    >
      <section className="card">
        <Form error={error} onSubmit={() => mutate()}>
          <TextField label="Your name" autoComplete="name" isRequired maxLength={100} {...field("display_name")} />
          <TextField
            label="User name"
            hint="3 to 32 letters, digits, dots, hyphens or underscores. You sign in with it."
            autoComplete="username"
            isRequired
            minLength={3}
            maxLength={32}
            {...field("username")}
          />
          <TextField label="E-mail address" type="email" autoComplete="email" isRequired {...field("email")} />
          <NewPassword {...field("password")} />
          <Button type="submit" kind="primary" isPending={isPending}>
            Register
          </Button>
        </Form>
      </section>
      <LeaveWarning isUnsaved={Object.values(fields).some(Boolean)} what="Your registration" />
      <p>
        You have an account? <Link to="/sign-in">Sign in</Link>
      </p>
    </Page>
  );
}
