import { useState } from "react";
import type { Role } from "../session/store";
import { Button } from "../ui/Button";
import { Form } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { Card } from "../ui/Page";
import { RoleBoxes } from "./RoleBoxes";
import { type ManagedUser, useChangeUser } from "./users";

export function RolesCard({ user }: { user: ManagedUser }) {
  const [roles, setRoles] = useState<readonly Role[]>(user.roles);
  const { mutate, isPending, error } = useChangeUser(user.id);
  const isChanged = roles.toSorted().join() !== user.roles.toSorted().join();
  const save = (): void =>
    mutate({ change: { roles: [...roles] }, said: `The roles of ${user.display_name} are changed.` });
  return (
    <Card title="Roles">
      <Form error={error} onSubmit={save}>
        <RoleBoxes
          roles={roles}
          onChange={setRoles}
          error={roles.length === 0 ? "Choose at least one role, or disable the account" : undefined}
        />
        <p className="soft">A change holds at once, also for somebody who is signed in now.</p>
        <div className="actions">
          <Button type="submit" isPending={isPending} isDisabled={!isChanged || roles.length === 0}>
            Save roles
          </Button>
        </div>
      </Form>
      <LeaveWarning isUnsaved={isChanged} what="The change of roles" />
    </Card>
  );
}
