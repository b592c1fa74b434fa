/** A patient by id, read once for all screens. */

import { useQuery } from "@tanstack/react-query";
import { patients, take, takeVersioned } from "../api/client";
import type { Patient } from "./patient";
import type { FhirPatient } from "./registration";

export const patientKey = (patientId: string) => ["patients", "one", patientId] as const;

export function usePatient(patientId: string) {
  return useQuery({ queryKey: patientKey(patientId), queryFn: () => readPatient(patientId), staleTime: 60_000 });
}

/** Details, and what only the FHIR resource says. */
export async function readPatient(patientId: string): Promise<Patient> {
  const params = { path: { patient_id: patientId } };
  const [{ data: demographics, etag }, resource] = await Promise.all([
    takeVersioned(patients.GET("/api/patients/{patient_id}/demographics", { params })),
    take(patients.GET("/api/fhir/patients/{patient_id}", { params })),
  ]);
  const { deceasedDateTime: died, deceasedBoolean: hasDied } = resource as FhirPatient;
  return { demographics, etag, died: died ?? (hasDied ? "" : undefined) };
}
