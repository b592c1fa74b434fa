/** The code of a new account, to be printed or copied. Leaving asks first, since nobody can look it up later. */

import { useState } from "react";
import type { components } from "../api/auth";
import { Button, ButtonLink } from "../ui/Button";
import { CopyButton } from "../ui/CopyButton";
import { Checkbox } from "../ui/fields";
import { formatRoles } from "../ui/format";
import { LeaveQuestion } from "../ui/LeaveWarning";
import { PrintButton } from "../ui/PrintButton";
import { Banner } from "../ui/states";
import { Facts } from "../ui/Table";
import "./admin.css";

interface Props {
  user: components["schemas"]["User"];
  code: string;
  onAgain: () => void;
}

export function ActivationCode({ user, code, onAgain }: Props) {
  const [isKept, setKept] = useState(false);
  return (
    <>
      <div className="no-print">
        <Banner tone="warn" title="This code is shown only once">
          Print it or copy it now, and hand it to {user.display_name} yourself or by a way that only they read.
        </Banner>
      </div>
      <Sheet user={user} code={code} />
      <div className="stack no-print">
        <div className="actions">
          <PrintButton />
          <CopyButton text={code} what="The code is">
            Copy the code
          </CopyButton>
        </div>
        <Checkbox isSelected={isKept} onChange={setKept}>
          I have printed or passed on the code
        </Checkbox>
        <div className="actions">
          <Button kind="primary" isDisabled={!isKept} onPress={onAgain}>
            Create another user
          </Button>
          <ButtonLink to="/admin/users">Back to users</ButtonLink>
        </div>
      </div>
      <LeaveQuestion isUnsaved={!isKept} title="Leave without the code?">
        The code cannot be shown again. Without it, {user.display_name} cannot use this account.
      </LeaveQuestion>
    </>
  );
}

/** What is printed: all that its reader needs to begin. */
function Sheet({ user, code }: { user: Props["user"]; code: string }) {
  return (
    <section className="card">
      <h2>Your account in Quill</h2>
      <Facts
        facts={[
          ["Name", user.display_name],
          ["User name", user.username],
          ["Roles", formatRoles(user.roles)],
          ["Activation code", <code className="code">{code}</code>],
        ]}
      />
      <ol className="steps">
        <li>
          Open <b>{window.location.origin}/activate</b> within 72 hours.
        </li>
        <li>Enter the code and choose a password of at least 15 characters. Several unrelated words are good.</li>
        <li>Sign in with your user name. The code works once: destroy this sheet then.</li>
      </ol>
    </section>
  );
}
