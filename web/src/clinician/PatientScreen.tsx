/** A screen about one patient: nothing of it shows without saying whose it is. */

import { type ReactNode, useEffect } from "react";
import { Problem } from "../api/problem";
import { Button, ButtonLink } from "../ui/Button";
import { Page } from "../ui/Page";
import { Banner, Failed, Loading } from "../ui/states";
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

export function PatientScreen({ patient: { data, error, refetch }, children, ...page }: Props) {
  useEffect(() => {
    if (data) remember(data.demographics);
  }, [data]);
  if (data) {
    return (
      <>
        <PatientBanner patient={data} />
        <Page {...page}>{children}</Page>
      </>
    );
  }
  if (!error) return <Page {...page} actions={undefined} children={<Loading />} />;
  if (error instanceof Problem && error.isTransient) {
    return (
      <Page {...page}>
        <Unidentified onRetry={() => void refetch()} />
        {children}
      </Page>
    );
  }
  return (
    <Page title="Patient" back={{ to: "/patients", label: "Patients" }}>
      <Failed error={error} />
      <div className="actions">
        <ButtonLink to="/patients">Search for a patient</ButtonLink>
      </div>
    </Page>
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
