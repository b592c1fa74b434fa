import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CSRF, letters, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { LetterSummary } from "../letters/letter";
import { letterKeys } from "../letters/requests";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Form, TextField } from "../ui/fields";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { useMistakes } from "../ui/useMistakes";

interface Props {
  letter: LetterSummary;
  etag: string;
  onDone: () => void;
}

/** Takes a letter back: it is never deleted, but marked wherever it shows. */
export function Withdraw({ letter, etag, onDone }: Props) {
  const [reason, setReason] = useState("");
  const cache = useQueryClient();
  const { patient_id, uid } = letter;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => {
      const params = { path: { patient_id, uid }, header: { "if-match": etag, ...CSRF } };
      return take(letters.POST("/api/patients/{patient_id}/letters/{uid}/withdraw", { params, body: { reason: reason.trim() } }));
    },
    onSuccess: () => tell("Letter withdrawn"),
    onSettled: async (_, failure) => {
      await cache.invalidateQueries({ queryKey: letterKeys.all(patient_id) });
      if (!failure) onDone();
    },
  });
  const found: Record<string, string> = reason.trim() ? {} : { reason: "Enter the reason" };
  const { attempt, mistakes, submit } = useMistakes(found, mutate);
  return (
    <Dialog title="Withdraw this letter?" isOpen onClose={reason === "" ? onDone : undefined}>
      <p>
        “{letter.title}” stays readable, marked as withdrawn, and the patient is told. It can then be neither amended nor
        made valid again.
      </p>
      {isProblem(error, "version-stale") && <p>What stands behind this dialog is the letter as it is now: read it first.</p>}
      <Form validationBehavior="aria" error={error} onSubmit={submit}>
        <ErrorSummary errors={mistakes} attempt={attempt} />
        <TextField
          label="Reason"
          hint="The patient can read it. For example: written to the wrong patient"
          name="reason"
          maxLength={300}
          autoFocus
          error={mistakes.reason}
          value={reason}
          onChange={setReason}
        />
        <div className="actions">
          <Button type="submit" kind="danger" isPending={isPending}>
            Withdraw letter
          </Button>
          <Button onPress={onDone}>Cancel</Button>
        </div>
      </Form>
      <LeaveWarning isUnsaved={reason !== ""} what="The reason" />
    </Dialog>
  );
}
