import { useState } from "react";
import { Button } from "../ui/Button";
import { CopyButton } from "../ui/CopyButton";
import { Checkbox } from "../ui/fields";
import { LeaveQuestion } from "../ui/LeaveWarning";
import { PrintButton } from "../ui/PrintButton";
import "./account.css";

/** Shown once: each code signs in once, without the phone. */
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const [isKept, setKept] = useState(false);
  return (
    <>
      <p>
        Two-step sign-in is on. If you lose your phone, each of these codes signs you in once. They are not shown again:
        print them or keep them in your password manager.
      </p>
      <ol className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="actions">
        <CopyButton text={codes.join("\n")} what="The codes are">
          Copy
        </CopyButton>
        <PrintButton />
      </div>
      <Checkbox isSelected={isKept} onChange={setKept}>
        I have kept these codes
      </Checkbox>
      <Button kind="primary" isDisabled={!isKept} onPress={onDone}>
        Done
      </Button>
      <LeaveQuestion isUnsaved={!isKept} title="Leave without the codes?">
        The codes cannot be shown again. Without them, a lost phone locks you out.
      </LeaveQuestion>
    </>
  );
}
