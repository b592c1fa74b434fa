import { useState } from "react";
import { Button } from "./Button";

interface Props {
  text: string;
  /** What is copied, at the start of a sentence: "The code is" */
  what: string;
  children: string;
}

/** Copies a text, and says beside the button whether it could: the browser may not allow it. */
export function CopyButton({ text, what, children }: Props) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(`${what} copied.`);
    } catch {
      setSaid("Your browser does not let Quill copy: select the text and copy it yourself.");
    }
  };
  return (
    <>
      <Button onPress={() => void copy()}>{children}</Button>
      <span className="soft no-print" role="status">
        {said}
      </span>
    </>
  );
}
