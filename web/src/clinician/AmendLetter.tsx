/** Amending a letter: the old version stays readable, the reason is kept, and nobody's amendment is overwritten. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Navigate, useParams } from "react-router";
import { CSRF, letters, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { Letter } from "../letters/letter";
import { letterKeys, readLetter } from "../letters/requests";
import { useUser } from "../session/useSession";
import { Button, ButtonLink } from "../ui/Button";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { Banner, Loaded } from "../ui/states";
import { useEver } from "../ui/useEver";
import { useMistakes } from "../ui/useMistakes";
import { AmendConflict } from "./AmendConflict";
import { isSame } from "./changes";
import { checkLetter, contentOf, type LetterDraft, letterDraftOf, LONGEST_LINE } from "./draft";
import { LetterEditor } from "./LetterEditor";
import { useLetter } from "./useLetter";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";

export default function AmendLetter() {
  const { id = "", uid = "" } = useParams();
  const patient = usePatient(id);
  const query = useLetter(id, uid);
  const here = `/patients/${id}/letters/${uid}`;
  return (
    <PatientScreen patient={patient} title="Amend a letter" back={{ to: here, label: "Letter" }}>
      <Loaded query={query}>
        {(read) => <Amendable key={uid} read={read} to={here} />}
      </Loaded>
    </PatientScreen>
  );
}

/** An amendment that was begun stays on the screen when somebody withdraws the letter. */
function Amendable({ read, to }: { read: Read; to: string }) {
  return useEver(read.letter.status !== "withdrawn") ? <Amending first={read} /> : <Withdrawn to={to} />;
}

function Withdrawn({ to }: { to: string }) {
  return (
    <Banner tone="warn" title="This letter was withdrawn" actions={<ButtonLink to={to}>Read the letter</ButtonLink>}>
      It can be read, but not changed.
    </Banner>
  );
}

interface Read {
  letter: Letter;
  etag: string;
}

function Amending({ first }: { first: Read }) {
  const [read, setRead] = useState(first);
  const [draft, setDraft] = useState(() => letterDraftOf(first.letter));
  const [reason, setReason] = useState("");
  const { mutate, data, error, isPending, reset } = useAmending(read);
  const isChanged = !isSame(contentOf(draft), contentOf(letterDraftOf(read.letter)));
  const errors = { ...checkLetter(draft), ...checkAmendment(reason, isChanged) };
  const { attempt, mistakes, submit } = useMistakes(errors, () => mutate({ draft, reason: reason.trim() }));
  const startFrom = (next: Read, text: LetterDraft): void => {
    setRead(next);
    setDraft(text);
    reset();
  };
  const warning = <LeaveWarning isUnsaved={isChanged || reason !== ""} what="Your amendment" />;
  if (data?.isMine) return <Navigate to={`/patients/${read.letter.patient_id}/letters/${read.letter.uid}`} replace />;
  if (data) {
    return (
      <>
        <AmendConflict
          mine={draft}
          theirs={data.letter}
          onTake={() => startFrom(data, letterDraftOf(data.letter))}
          onKeep={() => startFrom(data, draft)}
        />
        {warning}
      </>
    );
  }
  return (
    <Form validationBehavior="aria" error={error} onSubmit={submit}>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      <LetterEditor draft={draft} set={setDraft} errors={mistakes} isHeld={isPending} />
      <TextField
        label="Reason for the amendment"
        hint="One sentence. The patient and colleagues can read it beside the new version."
        name="reason"
        maxLength={LONGEST_LINE}
        error={mistakes.reason}
        value={reason}
        onChange={setReason}
      />
      <div className="actions">
        <Button type="submit" kind="primary" isPending={isPending}>
          Save amendment
        </Button>
      </div>
      {warning}
    </Form>
  );
}

function checkAmendment(reason: string, isChanged: boolean): Record<string, string> {
  return {
    ...(!isChanged && { body: "Change something: the letter is as it was" }),
    ...(!reason.trim() && { reason: "Enter the reason for the amendment" }),
  };
}

interface Amendment {
  draft: LetterDraft;
  reason: string;
}

/** Sends an amendment; `isMine` is false for a version that somebody else has made meanwhile. */
function useAmending(read: Read) {
  const cache = useQueryClient();
  const { id: ownId } = useUser();
  return useMutation({
    mutationFn: (amendment: Amendment) => amendOrCompare(read, amendment, ownId),
    onSuccess: ({ isMine }) => {
      if (isMine) tell("Amendment saved");
      void cache.invalidateQueries({ queryKey: letterKeys.all(read.letter.patient_id) });
    },
  });
}

/** After a lost answer our own amendment looks like another's: its author and text tell. */
async function amendOrCompare(read: Read, { draft, reason }: Amendment, ownId: string): Promise<Read & { isMine: boolean }> {
  const { patient_id, uid } = read.letter;
  const params = { path: { patient_id, uid }, header: { "if-match": read.etag, ...CSRF } };
  const body = { ...contentOf(draft), reason };
  try {
    const letter = await take(letters.PUT("/api/patients/{patient_id}/letters/{uid}", { params, body }));
    return { letter, etag: "", isMine: true };
  } catch (error) {
    if (!isProblem(error, "version-stale")) throw error;
    const now = await readLetter(patient_id, uid);
    const isMine = now.letter.author.id === ownId && isSame(contentOf(letterDraftOf(now.letter)), contentOf(draft));
    return { ...now, isMine };
  }
}
