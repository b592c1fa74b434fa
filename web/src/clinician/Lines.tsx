/** What a detail says, a line for each entry. */
export function Lines({ lines }: { lines: string[] }) {
  if (lines.length === 0) return <span className="soft">None recorded</span>;
  return lines.map((line, at) => <div key={at}>{line}</div>);
}
