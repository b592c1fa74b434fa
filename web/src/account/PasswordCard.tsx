import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import { Button } from "../ui/Button";
import { Form, PasswordField } from "../ui/fields";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { NewPassword } from "./NewPassword";

const NOTHING = { current_password: "", new_password: "" };

export function PasswordCard() {
  const [fields, setFields] = useState(NOTHING);
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => take(auth.POST("/api/auth/password", { params: { header: CSRF }, body: fields })),
    onSuccess: () => {
      setFields(NOTHING);
      tell("Your password is changed. All your other sessions have ended.");
      void client.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
  return (
    <Card title="Password">
      <p className="soft">A new password ends your sessions on all other devices.</p>
      <Form error={error} onSubmit={() => mutate()}>
        <PasswordField
          label="Current password"
          name="current_password"
          autoComplete="current-password"
          isRequired
          value={fields.current_password}
          onChange={(current_password) => setFields({ ...fields, current_password })}
        />
        <NewPassword
          label="New password"
          name="new_password"
          value={fields.new_password}
          onChange={(new_password) => setFields({ ...fields, new_password })}
        />
        <div className="actions">
          <Button type="submit" isPending={isPending}>
            Change password
          </Button>
        </div>
      </Form>
    </Card>
  );
}
