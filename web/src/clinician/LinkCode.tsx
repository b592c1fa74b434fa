/** The one-time code that opens a record to its patient: asked for once the birth date was checked, then printed. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import { Button } from "../ui/Button";
import { DateField, errorAt } from "../ui/DateField";
import { ErrorSummary } from "../ui/ErrorSummary";
import { formatTime, isWholeDate } from "../ui/format";
import { Form } from "../ui/fields";
import { LeaveQuestion } from "../ui/LeaveWarning";
import { Card } from "../ui/Page";
import { PrintButton } from "../ui/PrintButton";
import { Banner } from "../ui/states";
import { useMistakes } from "../ui/useMistakes";
import { type Demographics, formatName } from "./patient";

const TITLES = { intro: "The patient’s own access", ask: "Check who the patient is", slip: "A code for the patient" };

export function LinkCode({ patient }: { patient: Demographics }) {
  const [isOpen, setOpen] = useState<boolean>();
  const { mutate, data, isPending, error, reset } = useMutation({
    mutationFn: (birthDate: string) =>
      take(
        auth.POST("/api/auth/patient-links", {
          body: { patient_id: patient.patient_id, birth_date: birthDate },
          params: { header: CSRF },
        }),
      ),
    gcTime: 0,
  });
  const close = (): void => {
    reset();
    setOpen(false);
  };
  const step = data ? "slip" : isOpen ? "ask" : "intro";
  return (
    <Card key={step} title={TITLES[step]} takesFocus={isOpen !== undefined}>
      {step === "intro" && <Intro patient={patient} onOpen={() => setOpen(true)} />}
      {step === "ask" && (
        <Ask isPending={isPending} error={error} known={patient.birth_date} onAsk={mutate} onCancel={close} />
      )}
      {data && <Slip name={formatName(patient.name)} code={data.code} expiresAt={data.expires_at} onDone={close} />}
    </Card>
  );
}

function Intro({ patient, onOpen }: { patient: Demographics; onOpen: () => void }) {
  if (patient.birth_date === null) {
    return <p>A code can be handed out once the birth date is known: it is half of what opens the record.</p>;
  }
  return (
    <>
      <p>
        With a code from you, the patient links this record to an account and reads letters online. A record has one
        account: if it is linked to one that the patient can no longer use, an administrator must remove that link first.
      </p>
      <div className="actions">
        <Button onPress={onOpen}>Hand out a link code</Button>
      </div>
    </>
  );
}

interface AskProps {
  isPending: boolean;
  error: unknown;
  known: string | null;
  onAsk: (birthDate: string) => void;
  onCancel: () => void;
}

function Ask({ isPending, error, known, onAsk, onCancel }: AskProps) {
  const [birthDate, setBirthDate] = useState("");
  const { attempt, mistakes, submit } = useMistakes(mistakesOf(birthDate, known), () => onAsk(birthDate));
  return (
    <Form validationBehavior="aria" error={error} onSubmit={submit}>
      <ErrorSummary errors={mistakes} attempt={attempt} />
      <p>Ask the patient for their birth date, and check who they are as your organisation does.</p>
      <DateField
        label="Birth date, as the patient says it"
        name="birth_date"
        value={birthDate}
        onChange={setBirthDate}
        error={mistakes.birth_date ?? errorAt(error, "birth_date")}
      />
      <div className="actions">
        <Button type="submit" kind="primary" isPending={isPending}>
          Make a code
        </Button>
        <Button onPress={onCancel}>Cancel</Button>
      </div>
    </Form>
  );
}

function mistakesOf(birthDate: string, known: string | null): Record<string, string> {
  if (!isWholeDate(birthDate)) return { birth_date: "Enter day, month and year, such as 27 3 1964" };
  return birthDate === known ? {} : { birth_date: "This is not the birth date of this record. Is it the right patient?" };
}

interface SlipProps {
  name: string;
  code: string;
  expiresAt: string;
  onDone: () => void;
}

function Slip({ name, code, expiresAt, onDone }: SlipProps) {
  return (
    <>
      <Banner tone="good" isAnnounced>
        The code is shown this once. Hand it to the patient only.
      </Banner>
      <div className="slip">
        <h3>Your code for Quill</h3>
        <p>For {name}</p>
        <p className="slip-code">{code}</p>
        <p>It works once, until {formatTime(expiresAt)}.</p>
        <ol>
          <li>
            Open <strong>{window.location.origin}</strong> and register, or sign in if you have an account.
          </li>
          <li>Choose “Link your record”.</li>
          <li>Type this code and your birth date.</li>
        </ol>
        <p>Keep this page to yourself. Lost it? Ask us for a new code.</p>
      </div>
      <div className="actions no-print">
        <PrintButton />
        <Button onPress={onDone}>Done</Button>
      </div>
      <LeaveQuestion isUnsaved title="Does the patient have the code?">
        The code cannot be shown again. If it is lost, make a new one.
      </LeaveQuestion>
    </>
  );
}
