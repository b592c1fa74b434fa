/** Writing a letter. What was typed is held until it is known to be stored, and is never stored twice. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Navigate, useParams } from "react-router";
import { CSRF, letters, take } from "../api/client";
import { useIdempotencyKey } from "../api/idempotency";
import { sentence } from "../api/sentences";
import { isUncertain } from "../api/uncertain";
import { formatType } from "../letters/letter";
import { letterKeys } from "../letters/requests";
import { Button, ButtonLink } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { ErrorSummary } from "../ui/ErrorSummary";
import { formatNhsNumber } from "../ui/format";
import { Form } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { Banner, Failure } from "../ui/states";
import { Facts } from "../ui/Table";
import { useEver } from "../ui/useEver";
import { useMistakes } from "../ui/useMistakes";
import { isSame } from "./changes";
import { checkLetter, contentOf, type LetterDraft, NEW_LETTER, placeholders, templateOf } from "./draft";
import { LetterEditor } from "./LetterEditor";
import { FamilyFirst } from "./PatientBanner";
import { formatBorn, type Patient } from "./patient";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";

export default function WriteLetter() {
  const { id = "" } = useParams();
  const patient = usePatient(id);
  return (
    <PatientScreen patient={patient} title="Write a letter" back={{ to: `/patients/${id}`, label: "Patient" }}>
      <Writable key={id} patientId={id} patient={patient.data} />
    </PatientScreen>
  );
}

/** A letter that was begun stays on the screen when somebody makes the record inactive: the server decides on sending. */
function Writable({ patientId, patient }: { patientId: string; patient: Patient | undefined }) {
  const isWritable = useEver(patient?.demographics.active !== false);
  return isWritable ? <Writing patientId={patientId} patient={patient} /> : <Inactive patientId={patientId} />;
}

function Inactive({ patientId }: { patientId: string }) {
  return (
    <Banner
      tone="warn"
      title="This record is inactive, so no new letters can be written into it"
      actions={<ButtonLink to={`/patients/${patientId}`}>Go to the patient</ButtonLink>}
    >
      If the patient is in your care, make the record active again in the patient’s details.
    </Banner>
  );
}

function Writing({ patientId, patient }: { patientId: string; patient: Patient | undefined }) {
  const [draft, setDraft] = useState<LetterDraft>(NEW_LETTER);
  const [isAsking, setAsking] = useState(false);
  const { mutate, data, error, isPending, reset } = useSending(patientId);
  const isHeld = isUncertain(error);
  const { attempt, mistakes, submit } = useMistakes(checkLetter(draft), () => setAsking(true));
  const send = (): void => mutate(draft, { onSettled: () => setAsking(false) });
  const change = (next: LetterDraft): void => {
    setDraft(next);
    if (error) reset();
  };
  if (data) return <Navigate to={`/patients/${patientId}/letters/${data.uid}`} replace />;
  return (
    <Form validationBehavior="aria" refusal={error} onSubmit={submit}>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      {patient?.died !== undefined && <Banner tone="warn">This patient has died. Make sure that you have the right record.</Banner>}
      <LetterEditor draft={draft} set={change} errors={mistakes} isHeld={isHeld || isPending} />
      <State error={error} isHeld={isHeld} />
      <div className="actions">
        <Button type="submit" kind="primary">
          {isHeld ? "Send again" : "Send letter"}
        </Button>
      </div>
      <LastLook isOpen={isAsking} isPending={isPending} draft={draft} patient={patient} onSend={send} onClose={() => setAsking(false)} />
      <LeaveWarning isUnsaved={isBegun(draft)} what="Your letter" />
    </Form>
  );
}

function isBegun({ type, ...draft }: LetterDraft): boolean {
  const { type: _, ...fresh } = NEW_LETTER;
  return !isSame(draft, fresh) && !isSame(draft, { ...fresh, body: templateOf(type) });
}

/** The key belongs to the draft: the same letter again has the same key, so the answer is the same letter. */
function useSending(patientId: string) {
  const keyFor = useIdempotencyKey();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (draft: LetterDraft) => {
      const { sections, ...rest } = contentOf(draft);
      const body = Object.keys(sections).length > 0 ? { ...rest, sections } : rest;
      const params = { path: { patient_id: patientId }, header: { "idempotency-key": keyFor(body), ...CSRF } };
      return take(letters.POST("/api/patients/{patient_id}/letters", { params, body }));
    },
    onSuccess: () => {
      tell("Letter sent");
      void cache.invalidateQueries({ queryKey: letterKeys.all(patientId) });
    },
  });
}

/** What has become of the last attempt. */
function State({ error, isHeld }: { error: unknown; isHeld: boolean }) {
  if (!error) return null;
  if (!isHeld) return <Failure error={error} />;
  return (
    <Banner tone="bad" title="It is not known whether the letter arrived" isAnnounced>
      <p>{sentence(error)}</p>
      <p>Send it again as soon as you can: it will not be stored twice. Until then it stays here as it is.</p>
    </Banner>
  );
}

interface LastLookProps {
  isOpen: boolean;
  isPending: boolean;
  draft: LetterDraft;
  patient: Patient | undefined;
  onSend: () => void;
  onClose: () => void;
}

/** To whom it goes, once more, before it is sent: a letter in the wrong record can be withdrawn, not undone. */
function LastLook({ isOpen, isPending, draft, patient, onSend, onClose }: LastLookProps) {
  const open = placeholders(draft);
  const details = patient?.demographics;
  return (
    <Confirm
      title="Send this letter?"
      isOpen={isOpen}
      onClose={onClose}
      onConfirm={onSend}
      confirm="Send"
      kind="primary"
      isPending={isPending}
    >
      {details ? (
        <Facts
          facts={[
            ["Patient", <FamilyFirst key="name" name={details.name} />],
            ["Born", formatBorn(details.birth_date)],
            ["NHS number", details.nhs_number ? formatNhsNumber(details.nhs_number) : "Not known"],
            [formatType(draft.type), draft.title],
          ]}
        />
      ) : (
        <p>The patient’s details cannot be shown at the moment. Make sure that this is the right record.</p>
      )}
      {open.length > 0 && <Banner tone="warn">Still to be filled in: {open.join(", ")}</Banner>}
      <p>A patient with a linked account can read it at once and finds it in their notifications.</p>
    </Confirm>
  );
}
