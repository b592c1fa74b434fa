/** The secret of a new webhook, to be copied. Leaving asks first, since nobody can look it up later. */

import { useState } from "react";
import { ButtonLink } from "../ui/Button";
import { CopyButton } from "../ui/CopyButton";
import { Checkbox } from "../ui/fields";
import { LeaveQuestion } from "../ui/LeaveWarning";
import { Card } from "../ui/Page";
import { Banner } from "../ui/states";
import { Facts } from "../ui/Table";
import "./admin.css";

export function WebhookSecret({ url, secret }: { url: string; secret: string }) {
  const [isKept, setKept] = useState(false);
  return (
    <>
      <Banner tone="warn" title="This secret is shown only once">
        Give it to the receiving server now. With it the server tells what Quill has sent from what others made up.
      </Banner>
      <Card>
        <Facts
          facts={[
            ["Address", <span className="address">{url}</span>],
            ["Secret", <code className="address">{secret}</code>],
          ]}
        />
        <div className="actions">
          <CopyButton text={secret} what="The secret is">
            Copy the secret
          </CopyButton>
        </div>
        <Checkbox isSelected={isKept} onChange={setKept}>
          I have kept the secret
        </Checkbox>
        <div className="actions">
          <ButtonLink kind="primary" to="/admin/webhooks">
            Back to webhooks
          </ButtonLink>
        </div>
      </Card>
      <LeaveQuestion isUnsaved={!isKept} title="Leave without the secret?">
        The secret cannot be shown again. Without it, remove this webhook and register another.
      </LeaveQuestion>
    </>
  );
}
