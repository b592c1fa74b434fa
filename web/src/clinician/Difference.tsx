import { useMemo } from "react";
import { differenceOf, type Piece } from "./difference";

interface Props {
  from: string;
  to: string;
}

/** A text with what was added and what was taken away. Import it lazily, with the library behind it. */
export default function Difference({ from, to }: Props) {
  const pieces = useMemo(() => differenceOf(from, to), [from, to]);
  if (!pieces) {
    return (
      <>
        <p>The texts differ too much to be compared word by word. This is the newer one:</p>
        <div className="difference">{to}</div>
      </>
    );
  }
  return (
    <div className="difference">
      {pieces.map((piece, at) => (
        <Changed key={at} {...piece} />
      ))}
    </div>
  );
}

/** Said in words too: screen readers seldom tell inserted and deleted text. */
function Changed({ text, kind }: Piece) {
  if (kind === "same") return <span>{text}</span>;
  const Tag = kind === "added" ? "ins" : "del";
  return (
    <Tag>
      <span className="unseen">{kind}: </span>
      {text}
      <span className="unseen"> end of {kind} text; </span>
    </Tag>
  );
}
