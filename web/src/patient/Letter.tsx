/** One letter, to be read in peace. Its title stays out of the tab's, which browsers write into their history. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useParams } from "react-router";
import { letterKeys, readLetter } from "../letters/requests";
import { LetterHeader, WithdrawnMark } from "../letters/LetterHeader";
import { LetterText } from "../letters/LetterText";
import { PdfButton } from "../letters/PdfButton";
import { useUser } from "../session/useSession";
import { Button } from "../ui/Button";
import { Page } from "../ui/Page";
import { PrintButton } from "../ui/PrintButton";
import { Banner, Loaded } from "../ui/states";
import { EarlierVersions } from "./EarlierVersions";
import { unreadAbout, useMarkRead } from "./inbox";
import { NotLinked } from "./NotLinked";
import "./reading.css";

const TITLE = "Your letter";
const BACK = { to: "/letters", label: "Your letters" };

export default function Letter() {
  const { patient_id } = useUser();
  const { uid = "" } = useParams();
  if (patient_id !== null) return <Reading key={uid} patientId={patient_id} uid={uid} />;
  return (
    <Page title={TITLE} width="text">
      <NotLinked>Your letters are shown once your account is linked to your record.</NotLinked>
    </Page>
  );
}

/** The letter as it is now, or as one of its earlier versions. */
function useVersion(patientId: string, uid: string, version: number | undefined) {
  const { one, version: ofVersion } = letterKeys;
  return useQuery({
    queryKey: version === undefined ? one(patientId, uid) : ofVersion(patientId, uid, version),
    queryFn: () => readLetter(patientId, uid, version),
    select: ({ letter }) => letter,
  });
}

/** Once a version of a letter is on the screen, neither the list nor the inbox calls it new. */
function useNoteReading(patientId: string, uid: string, version: number | undefined): void {
  const client = useQueryClient();
  const { mutate } = useMarkRead();
  useEffect(() => {
    if (version === undefined) return;
    void client.invalidateQueries({ queryKey: letterKeys.list(patientId) });
    // Also where none are left: that the letter was read has reached the inbox by its own way then.
    unreadAbout(`/letters/${uid}`).then(mutate, () => {});
  }, [client, version, mutate, patientId, uid]);
}

function Reading({ patientId, uid }: { patientId: string; uid: string }) {
  const [version, setVersion] = useState<number>();
  const [hasChosen, setChosen] = useState(false);
  const current = useVersion(patientId, uid, undefined);
  const shown = useVersion(patientId, uid, version);
  const letter = shown.data;
  const choose = (next: number | undefined): void => {
    setVersion(next === current.data?.version ? undefined : next);
    setChosen(true);
  };
  useNoteReading(patientId, uid, current.data?.version);
  const actions = letter && (
    <>
      <PdfButton letter={letter} />
      <PrintButton />
    </>
  );
  const heading = current.data?.title ?? TITLE;
  return (
    <Page key={version} title={TITLE} heading={heading} back={BACK} actions={actions} width="text" takesFocus={hasChosen}>
      {version !== undefined && <Earlier version={version} onLeave={() => choose(undefined)} />}
      <Loaded query={shown}>
        {(one) => (
          <article className="sheet reading" data-status={current.data?.status}>
            {version !== undefined && <h2>{one.title}</h2>}
            {version !== undefined && current.data?.status === "withdrawn" && <WithdrawnMark />}
            <LetterHeader letter={one} />
            <LetterText letter={one} />
          </article>
        )}
      </Loaded>
      {current.data && current.data.version > 1 && (
        <EarlierVersions letter={current.data} shown={version ?? current.data.version} onChoose={choose} />
      )}
    </Page>
  );
}

function Earlier({ version, onLeave }: { version: number; onLeave: () => void }) {
  return (
    <Banner
      tone="warn"
      title={`This is version ${version}, and not what the letter says now`}
      isAnnounced
      actions={<Button onPress={onLeave}>Read the newest version</Button>}
    />
  );
}
