/** Registering a patient: checked while it is typed, compared with those who are there already, and never done twice. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Navigate } from "react-router";
import { useIdempotencyKey } from "../api/idempotency";
import { isProblem } from "../api/problem";
import { isUncertain } from "../api/uncertain";
import { Button } from "../ui/Button";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Form } from "../ui/fields";
import { isWholeDate } from "../ui/format";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { Page } from "../ui/Page";
import { Banner } from "../ui/states";
import { useMistakes } from "../ui/useMistakes";
import { Alike } from "./Alike";
import { isSame } from "./changes";
import { check, type Draft, early, type Errors, isEmptyDate, isFuture, NEW_DRAFT } from "./demographics";
import { DemographicsFields } from "./DemographicsFields";
import { ExtraFields } from "./ExtraFields";
import type { PatientListed } from "./patient";
import { type Extras, NEW_EXTRAS, resourceOf } from "./registration";
import { findAlike, register } from "./register";

/** What was found before it was sent: people to be looked at, or the id of the new patient. */
type Step = { alike: PatientListed[] } | { id: string };

export default function NewPatient() {
  const [draft, setDraft] = useState<Draft>(NEW_DRAFT);
  const [extras, setExtras] = useState<Extras>(NEW_EXTRAS);
  const { mutate, data, error, isPending, reset, isHeld } = useRegistration(draft, extras);
  const errors = { ...check(draft), ...checkDeath(draft, extras) };
  const { attempt, mistakes, submit } = useMistakes(errors, () => mutate({ isNew: isHeld }));
  const change = (apply: () => void): void => {
    apply();
    if (data || error) reset();
  };
  if (data && "id" in data) return <Navigate to={`/patients/${data.id}`} replace />;
  return (
    <Page title="Register a patient" back={{ to: "/patients", label: "Patients" }} width="text">
      <Form validationBehavior="aria" error={isHeld ? undefined : error} onSubmit={submit}>
        <ErrorSummary errors={mistakes} attempt={attempt} />
        {isProblem(error, "nhs-number-taken") && <Taken draft={draft} />}
        <div className={isHeld ? "form held" : "form"} inert={isHeld || isPending}>
          <DemographicsFields
            draft={draft}
            set={(part) => change(() => setDraft({ ...draft, ...part }))}
            errors={attempt > 0 ? mistakes : early(draft, errors)}
          />
          <ExtraFields
            extras={extras}
            set={(part) => change(() => setExtras({ ...extras, ...part }))}
            errors={mistakes}
          />
        </div>
        {isHeld && <Held />}
        {data && "alike" in data ? (
          <Alike patients={data.alike} isPending={isPending} onNone={() => mutate({ isNew: true })} onBack={reset} />
        ) : (
          <div className="actions">
            <Button type="submit" kind="primary" isPending={isPending}>
              {isHeld ? "Try again" : "Register patient"}
            </Button>
          </div>
        )}
      </Form>
      <LeaveWarning isUnsaved={!isSame([draft, extras], [NEW_DRAFT, NEW_EXTRAS])} what="This registration" />
    </Page>
  );
}

function useRegistration(draft: Draft, extras: Extras) {
  const keyFor = useIdempotencyKey();
  const [isSent, setSent] = useState(false);
  const mutation = useMutation({
    /** `isNew`: somebody has looked, and this is nobody of those who are there. */
    mutationFn: async ({ isNew }: { isNew: boolean }): Promise<Step> => {
      setSent(false);
      const alike = isNew ? [] : await findAlike(draft);
      if (alike.length > 0) return { alike };
      setSent(true);
      const resource = resourceOf(draft, extras);
      return { id: await register(resource, keyFor(resource)) };
    },
    onSuccess: (step) => "id" in step && tell("Patient registered"),
  });
  return { ...mutation, isHeld: isSent && isUncertain(mutation.error) };
}

function checkDeath(draft: Draft, { hasDied, died }: Extras): Errors {
  if (!hasDied || isEmptyDate(died)) return {};
  if (!isWholeDate(died)) return { died: "Enter the day of death as day, month and year, or leave it empty" };
  if (isFuture(died)) return { died: "The day of death is in the future" };
  return isWholeDate(draft.birth_date) && died < draft.birth_date ? { died: "The day of death is before the birth date" } : {};
}

function Held() {
  return (
    <Banner tone="warn" title="It is not known whether the patient was registered" isAnnounced>
      The answer did not come. Try again: nobody is registered twice. What you have typed is held as it was sent.
    </Banner>
  );
}

/** Somebody registered this NHS number since, or it belongs to a patient whom the search does not know yet. */
function Taken({ draft }: { draft: Draft }) {
  return (
    <Banner tone="warn" title="What to do">
      Search for NHS number {draft.nhs_number} and use that patient’s record, or correct the number. Do not leave the number
      out: the same person would then have two records.
    </Banner>
  );
}
