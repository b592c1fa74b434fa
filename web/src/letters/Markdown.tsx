/** A Markdown text on the page, with what renders it and makes sure that it is harmless. Import it lazily: see LetterText. */

import DOMPurify from "dompurify";
import { useMemo } from "react";
import { ALLOWED_LINK, htmlOf } from "./markdown";
import "./letters.css";

const BLOCKS = "p pre ul ol li blockquote hr h2 h3 h4 h5 h6 div table thead tbody tr th td";
const INLINE = "br strong em code a";

const ALLOWED = {
  ALLOWED_TAGS: `${BLOCKS} ${INLINE}`.split(" "),
  ALLOWED_ATTR: ["href", "rel", "target", "start", "class", "tabindex"],
  ALLOWED_URI_REGEXP: ALLOWED_LINK,
};

export default function Markdown({ text, below }: { text: string; below: number }) {
  const html = useMemo(() => sanitised(htmlOf(text, below)), [text, below]);
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: html }} />;
}

/** A TrustedHTML where browsers know them, which React's types do not. */
function sanitised(html: string): string {
  return DOMPurify.sanitize(html, { ...ALLOWED, RETURN_TRUSTED_TYPE: true }) as unknown as string;
}
