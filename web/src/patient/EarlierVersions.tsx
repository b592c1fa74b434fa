/** What the letter said before: a letter is never overwritten, and its reader may compare. */

import { useQuery } from "@tanstack/react-query";
import type { LetterSummary } from "../letters/letter";
import { letterKeys, readVersions } from "../letters/requests";
import { Button } from "../ui/Button";
import { formatTime } from "../ui/format";
import { Badge, Loaded } from "../ui/states";
import "./lists.css";

interface Props {
  letter: LetterSummary;
  /** The version that is on the screen. */
  shown: number;
  onChoose: (version: number) => void;
}

export function EarlierVersions({ letter: { patient_id, uid }, shown, onChoose }: Props) {
  const query = useQuery({
    queryKey: [...letterKeys.versions(patient_id, uid), "first"],
    queryFn: () => readVersions(patient_id, uid),
  });
  return (
    <section className="stack no-print">
      <h2>Versions of this letter</h2>
      <Loaded query={query}>
        {({ items }) => (
          <ul className="rows">
            {items.map(({ version, author, committed_at, reason }) => (
              <li key={version} className="row">
                <div className="row-main">
                  <p className="row-title">Version {version}</p>
                  <p className="soft">
                    {author.name}, {formatTime(committed_at)}
                  </p>
                  {reason && <p>Reason: {reason}</p>}
                </div>
                {version === shown ? <Badge>Shown above</Badge> : <Choose version={version} onChoose={onChoose} />}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Choose({ version, onChoose }: { version: number; onChoose: (version: number) => void }) {
  const choose = (): void => {
    onChoose(version);
    window.scrollTo({ top: 0 });
  };
  return (
    <Button aria-label={`Read version ${version}`} onPress={choose}>
      Read
    </Button>
  );
}
