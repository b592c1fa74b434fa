/** How a letter came to be what it is: who made each version and why, each to be read, any two to be compared. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useParams } from "react-router";
import { usePages } from "../api/pages";
import type { LetterVersion } from "../letters/letter";
import { letterKeys, readLetter, readVersions } from "../letters/requests";
import { WithdrawnMark } from "../letters/LetterHeader";
import { LetterText } from "../letters/LetterText";
import { PdfButton } from "../letters/PdfButton";
import { Button } from "../ui/Button";
import { formatTime } from "../ui/format";
import { Select } from "../ui/fields";
import { Card } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Badge, Loaded } from "../ui/states";
import { letterDraftOf } from "./draft";
import { LetterDifference } from "./LetterDifference";
import { useLetter } from "./useLetter";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";

interface Ids {
  id: string;
  uid: string;
}

export default function LetterVersions() {
  const { id = "", uid = "" } = useParams();
  const patient = usePatient(id);
  const { data } = useLetter(id, uid);
  const query = usePages(letterKeys.versions(id, uid), (cursor) => readVersions(id, uid, cursor));
  const [opened, setOpened] = useState<number>();
  return (
    <PatientScreen
      patient={patient}
      title="Versions of a letter"
      heading={data ? `Versions of “${data.letter.title}”` : "Versions of a letter"}
      back={{ to: `/patients/${id}/letters/${uid}`, label: "Letter" }}
    >
      <Loaded query={query}>
        {(versions) => (
          <>
            <ol className="versions" reversed start={versions[0]?.version}>
              {versions.map((one, at) => (
                <Version
                  key={one.version}
                  version={one}
                  isNewest={at === 0}
                  isWithdrawal={at === 0 && data?.letter.status === "withdrawn"}
                  isOpen={opened === one.version}
                  onOpen={() => setOpened(opened === one.version ? undefined : one.version)}
                >
                  <OneVersion id={id} uid={uid} version={one.version} />
                </Version>
              ))}
            </ol>
            {query.hasNextPage && <Pager pages={query} shown={versions.length} what="versions" />}
            {versions.length > 1 && <Compare key={uid} id={id} uid={uid} versions={versions} />}
          </>
        )}
      </Loaded>
    </PatientScreen>
  );
}

interface VersionProps {
  version: LetterVersion;
  isNewest: boolean;
  isWithdrawal: boolean;
  isOpen: boolean;
  onOpen: () => void;
  children: ReactNode;
}

function Version({ version, isNewest, isWithdrawal, isOpen, onOpen, children }: VersionProps) {
  return (
    <li className="card">
      <div className="card-head">
        <h2>
          Version {version.version} {isNewest && <Badge tone="info">Newest</Badge>}{" "}
          {isWithdrawal && <Badge tone="bad">Withdrawal</Badge>}
        </h2>
        <Button aria-expanded={isOpen} onPress={onOpen}>
          {isOpen ? "Close" : "Read"} <span className="unseen">version {version.version}</span>
        </Button>
      </div>
      <p>
        {version.author.name}, {formatTime(version.committed_at)}
      </p>
      {version.reason && <p>Reason: {version.reason}</p>}
      {version.version === 1 && <p className="soft">The letter as it was first sent.</p>}
      {isOpen && children}
    </li>
  );
}

/** A version never changes, so it is read once. */
function useVersion({ id, uid }: Ids, version: number) {
  return useQuery({
    queryKey: letterKeys.version(id, uid, version),
    queryFn: () => readLetter(id, uid, version),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function OneVersion({ version, ...ids }: Ids & { version: number }) {
  const query = useVersion(ids, version);
  const newest = useLetter(ids.id, ids.uid);
  return (
    <Loaded query={newest}>
      {({ letter: { status } }) => (
        <Loaded query={query}>
          {({ letter }) => (
            <>
              <div className="actions">
                <PdfButton letter={{ ...letter, version }} />
              </div>
              <article className="sheet" data-status={status}>
                <h3>{letter.title}</h3>
                {status === "withdrawn" && <WithdrawnMark />}
                <LetterText letter={letter} below={3} />
              </article>
            </>
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function Compare({ versions, ...ids }: Ids & { versions: LetterVersion[] }) {
  const [from, setFrom] = useState(String(versions[1]?.version));
  const [to, setTo] = useState(String(versions[0]?.version));
  const older = useVersion(ids, Number(from));
  const newer = useVersion(ids, Number(to));
  const options = versions.map(({ version }) => [String(version), `Version ${version}`] as const);
  return (
    <Card title="What changed">
      <div className="actions">
        <Select label="From" size="short" value={from} onChange={setFrom} options={options} />
        <Select label="To" size="short" value={to} onChange={setTo} options={options} />
      </div>
      <Loaded query={older}>
        {({ letter: before }) => (
          <Loaded query={newer}>
            {({ letter: after }) => (
              <LetterDifference
                from={letterDraftOf(before)}
                to={letterDraftOf(after)}
                fromName={`version ${from}`}
                toName={`version ${to}`}
              />
            )}
          </Loaded>
        )}
      </Loaded>
    </Card>
  );
}
