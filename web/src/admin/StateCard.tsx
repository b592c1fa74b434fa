import { useState } from "react";
import { Button } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { Card } from "../ui/Page";
import { Failure } from "../ui/states";
import { type ManagedUser, useChangeUser } from "./users";

/** Disabling an account, which ends its sessions, and enabling it again. */
export function StateCard({ user }: { user: ManagedUser }) {
  const { mutate, isPending, error } = useChangeUser(user.id);
  const enable = (): void =>
    mutate({ change: { disabled: false }, said: `${user.display_name} can sign in again.` });
  return (
    <Card title="Access">
      {error && <Failure error={error} />}
      {user.disabled ? (
        <>
          <p>The account keeps its password, its roles and its link to a record.</p>
          <div className="actions">
            <Button isPending={isPending} onPress={enable}>
              Enable the account
            </Button>
          </div>
        </>
      ) : (
        <Disable user={user} isPending={isPending} onDisable={mutate} />
      )}
    </Card>
  );
}

interface DisableProps {
  user: ManagedUser;
  isPending: boolean;
  onDisable: ReturnType<typeof useChangeUser>["mutate"];
}

function Disable({ user, isPending, onDisable }: DisableProps) {
  const [isAsking, setAsking] = useState(false);
  const confirm = (): void => {
    setAsking(false);
    onDisable({ change: { disabled: true }, said: `${user.display_name} can no longer sign in.` });
  };
  return (
    <>
      <p>
        Disabling the account ends all its sessions at once, on every device. Nothing is deleted, and it can be enabled
        again. To end lost sessions only, disable it and enable it again. For a lost password or activation code, those who
        operate Quill make a new code (<code>quill admin reset-password</code>).
      </p>
      <div className="actions">
        <Button kind="danger" isPending={isPending} onPress={() => setAsking(true)}>
          Disable the account
        </Button>
      </div>
      <Confirm
        title={`Disable ${user.display_name}?`}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={confirm}
        confirm="Disable the account"
      >
        <p>They are signed out everywhere within a second, and what they are typing is lost.</p>
      </Confirm>
    </>
  );
}
