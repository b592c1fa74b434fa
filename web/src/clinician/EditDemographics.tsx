/** Correcting a patient's details. Whoever was quicker is not overwritten: their change and ours are shown together. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CSRF, patients, takeVersioned } from "../api/client";
import { isProblem } from "../api/problem";
import { Button } from "../ui/Button";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Checkbox, Form } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { Failure } from "../ui/states";
import { useMistakes } from "../ui/useMistakes";
import { isSame, mergeChanges, plain } from "./changes";
import { check, draftOf, early, updateOf } from "./demographics";
import { DemographicsConflict } from "./DemographicsConflict";
import { DemographicsFields } from "./DemographicsFields";
import type { Patient } from "./patient";
import { patientKey, readPatient } from "./usePatient";

interface Props {
  patient: Patient;
  onDone: () => void;
}

export function EditDemographics({ patient, onDone }: Props) {
  const [read, setRead] = useState(patient);
  const [draft, setDraft] = useState(() => draftOf(patient.demographics));
  const mine = updateOf(draft, read.demographics);
  const errors = check(draft, read.demographics);
  const save = useSave(read, onDone);
  const { attempt, mistakes, submit } = useMistakes(errors, () => save.mutate(mine));
  const { theirs } = save;
  const warning = <LeaveWarning isUnsaved={!isSame(mine, plain(read.demographics))} what="What you have changed" />;

  const startFrom = (next: Patient): void => {
    setRead(next);
    setDraft(draftOf(mergeChanges(plain(read.demographics), mine, plain(next.demographics))));
    save.reset();
  };

  if (theirs) {
    return (
      <>
        <DemographicsConflict
          read={read.demographics}
          mine={mine}
          theirs={theirs.demographics}
          onTake={() => {
            tell("Your changes were put aside");
            onDone();
          }}
          onKeep={() => startFrom(theirs)}
        />
        {warning}
      </>
    );
  }
  return (
    <Form validationBehavior="aria" refusal={save.error} onSubmit={submit}>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      <DemographicsFields
        draft={draft}
        set={(part) => setDraft({ ...draft, ...part })}
        errors={attempt > 0 ? mistakes : early(draft, errors)}
        takesFocus
      />
      <Card title="The record">
        <Checkbox
          isSelected={draft.active}
          onChange={(active) => setDraft({ ...draft, active })}
          hint="No new letters can be written into an inactive record. What is in it stays readable."
        >
          This record is active
        </Checkbox>
      </Card>
      {save.error && <Failure error={save.error} />}
      <div className="actions">
        <Button type="submit" kind="primary" isPending={save.isPending}>
          Save details
        </Button>
        <Button onPress={onDone}>Cancel</Button>
      </div>
      {warning}
    </Form>
  );
}

/** Sends the details; `theirs` is what stands there instead when somebody else has changed them meanwhile. */
function useSave(read: Patient, onDone: () => void) {
  const cache = useQueryClient();
  const keep = (patient: Patient): void => {
    cache.setQueryData(patientKey(patient.demographics.patient_id), patient);
    void cache.invalidateQueries({ queryKey: ["patients", "search"] });
  };
  const { data, ...mutation } = useMutation({
    mutationFn: (mine: ReturnType<typeof updateOf>) => saveOrCompare(read, mine),
    onSuccess: ({ patient, isMine }) => {
      keep(patient);
      if (!isMine) return;
      tell("Details saved");
      onDone();
    },
  });
  return { ...mutation, theirs: data && !data.isMine ? data.patient : undefined };
}

/** After a lost answer our own change looks like another's: what stands there tells. */
async function saveOrCompare(read: Patient, mine: ReturnType<typeof updateOf>): Promise<{ patient: Patient; isMine: boolean }> {
  const { patient_id: patientId } = read.demographics;
  const params = { path: { patient_id: patientId }, header: { "if-match": read.etag, ...CSRF } };
  try {
    const pending = patients.PUT("/api/patients/{patient_id}/demographics", { params, body: mine });
    const { data: demographics, etag } = await takeVersioned(pending);
    return { patient: { ...read, demographics, etag }, isMine: true };
  } catch (error) {
    if (!isProblem(error, "version-stale")) throw error;
    const patient = await readPatient(patientId);
    return { patient, isMine: isSame(plain(patient.demographics), plain(mine)) };
  }
}
