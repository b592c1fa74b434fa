import { useMemo } from "react";
import { htmlOf } from "./markdown";
import "./letters.css";

/** A Markdown text, loaded with what renders it. Import it lazily: see LetterText. */
export default function Markdown({ text, below }: { text: string; below: number }) {
  const html = useMemo(() => htmlOf(text, below), [text, below]);
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: html }} />;
}
