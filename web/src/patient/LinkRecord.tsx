/** Opens the patient's record to this account, by the code that the clinic gave them and their birth date. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { auth, CSRF, take } from "../api/client";
import { queries } from "../api/queries";
import { updateUser } from "../session/session";
import type { User } from "../session/store";
import { useUser } from "../session/useSession";
import { Button, ButtonLink } from "../ui/Button";
import { DateField, errorAt } from "../ui/DateField";
import { ErrorSummary } from "../ui/ErrorSummary";
import { Form, TextField } from "../ui/fields";
import { isWholeDate } from "../ui/format";
import { LeaveWarning } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { Card, Page } from "../ui/Page";
import { Banner } from "../ui/states";
import { useMistakes } from "../ui/useMistakes";

export default function LinkRecord() {
  const { patient_id } = useUser();
  return (
    <Page
      title="Link your record"
      lead="Your letters are shown to nobody until it is certain that they are yours. The code from your clinic and your date of birth together show that."
      width="text"
    >
      {patient_id === null ? <LinkForm /> : <Linked />}
    </Page>
  );
}

function Linked() {
  return (
    <Banner
      tone="good"
      title="Your record is linked to this account"
      actions={<ButtonLink to="/letters">Read your letters</ButtonLink>}
    >
      There is nothing left to do here.
    </Banner>
  );
}

/** The record's link, of which the session learns from the answer. */
async function redeem(code: string, birth_date: string): Promise<void> {
  const params = { header: CSRF };
  const user = await take(auth.POST("/api/auth/patient-links/redeem", { body: { code, birth_date }, params })).catch(linkedBefore);
  updateUser(user);
}

/** Whose first try succeeded without an answer is refused now, since a code works once: the account tells. */
async function linkedBefore(refusal: unknown): Promise<User> {
  const user = await take(auth.GET("/api/auth/me")).catch(() => undefined);
  if (!user?.patient_id) throw refusal;
  return user;
}

function mistakesOf(code: string, birthDate: string): Record<string, string> {
  return {
    ...(code.trim() === "" && { code: "Enter the one-time code" }),
    ...(!isWholeDate(birthDate) && { birth_date: "Give day, month and year of your birth" }),
  };
}

function useRedeem() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ code, birthDate }: { code: string; birthDate: string }) => redeem(code.trim(), birthDate),
    onSuccess: () => {
      queries.clear();
      tell("Your record is linked.");
      return navigate("/letters");
    },
  });
}

function LinkForm() {
  const [code, setCode] = useState("");
  const [birthDate, setBirthDate] = useState("");
  const { mutate, isPending, error } = useRedeem();
  const send = (): void => mutate({ code, birthDate });
  const { attempt, mistakes, submit } = useMistakes(mistakesOf(code, birthDate), send);
  return (
    <>
      <Card>
        <ErrorSummary errors={mistakes} attempt={attempt} />
        <Form error={error} onSubmit={submit} validationBehavior="aria">
          <TextField
            label="One-time code"
            hint="As it is on the paper from your clinic, such as 7K3M-Q2XD-9VTA-4HBN. Capitals and hyphens do not matter."
            name="code"
            autoComplete="off"
            spellCheck="false"
            maxLength={100}
            size="medium"
            isRequired
            error={mistakes.code}
            value={code}
            onChange={setCode}
          />
          <DateField
            label="Your date of birth"
            name="birth_date"
            autoComplete="bday"
            value={birthDate}
            onChange={setBirthDate}
            error={mistakes.birth_date ?? errorAt(error, "birth_date")}
            isRequired
          />
          <div className="actions">
            <Button type="submit" kind="primary" isPending={isPending}>
              Link my record
            </Button>
          </div>
        </Form>
      </Card>
      <LeaveWarning isUnsaved={code !== "" || !/^-*$/.test(birthDate)} what="What you have typed" />
      <Help />
    </>
  );
}

function Help() {
  return (
    <section className="prose">
      <h2>No code, or a code that does not work?</h2>
      <p>
        Ask your clinic for a new one. A code works for 72 hours, once, and stops after three wrong dates of birth. After
        five wrong tries you have to wait before you can try again.
      </p>
      <p>
        A record has one account. If you have forgotten the password of yours, ask your clinic for a new one: in another
        account, no code works until your clinic has removed the link to the first.
      </p>
    </section>
  );
}
