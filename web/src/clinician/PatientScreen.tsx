/** A screen about one patient: nothing of it shows without saying whose it is. */

import { type ReactNode, useEffect } from "react";
import { Problem } from "../api/problem";
import { Button, ButtonLink } from "../ui/Button";
import { Page } from "../ui/Page";
import { Banner, Failed, Loading } from "../ui/states";
import { useEver } from "../ui/useEver";
import { PatientBanner } from "./PatientBanner";
import type { usePatient } from "./usePatient";
import { remember } from "./recent";

interface Props {
  patient: ReturnType<typeof usePatient>;
  /** Names no patient: titles of tabs stay in the browser's history. */
  title: string;
  heading?: ReactNode;
  actions?: ReactNode;
  back?: { to: string; label: string };
  children: ReactNode;
}

/** Page and children keep their places in the tree, and so the focus and what is typed, whatever becomes of the answer. */
export function PatientScreen({ patient: { data, error, refetch }, children, ...page }: Props) {
  const isAway = useEver(error instanceof Problem && error.isTransient);
  const isShown = data !== undefined || isAway;
  useEffect(() => {
    if (data) remember(data.demographics);
  }, [data]);
  return (
    <>
      {data && <PatientBanner patient={data} />}
      {error && !isShown ? (
        <Page title="Patient" back={{ to: "/patients", label: "Patients" }}>
          <Failed error={error} />
          <div className="actions">
            <ButtonLink to="/patients">Search for a patient</ButtonLink>
          </div>
        </Page>
      ) : (
        <Page {...page} actions={isShown && page.actions}>
          {!data && isAway && <Unidentified onRetry={() => void refetch()} />}
          {isShown ? children : <Loading />}
        </Page>
      )}
    </>
  );
}

/** Letters can be read and written while demographics are away (docs/adr/0007). */
function Unidentified({ onRetry }: { onRetry: () => void }) {
  return (
    <Banner
      tone="bad"
      title="Whose record this is cannot be shown at the moment"
      isAnnounced
      actions={<Button onPress={onRetry}>Try again</Button>}
    >
      The system that knows the patients does not answer. Make sure that you have the right patient before you act.
    </Banner>
  );
}
