/** Registering a patient, and looking first for those who might be the same person. */

import { CSRF, patients, take } from "../api/client";
import { type Draft, updateOf } from "./demographics";
import type { PatientListed } from "./patient";
import type { FhirPatient } from "./registration";

/** Patients with this NHS number, or with this family name (or, without one, this given name) and birth date. */
export async function findAlike(draft: Draft): Promise<PatientListed[]> {
  const { nhs_number, birth_date, name } = updateOf(draft);
  const named = { family: name.family ?? undefined, given: name.family && birth_date ? undefined : name.given?.join(" ") };
  const searches = [...(nhs_number ? [{ nhs_number }] : []), { ...named, birth_date: birth_date ?? undefined }];
  const pages = await Promise.all(searches.map((query) => take(patients.GET("/api/patients", { params: { query } }))));
  const found = pages.flatMap(({ items }) => items).map((one) => [one.patient_id, one] as const);
  return [...new Map(found).values()];
}

/** Registers a patient; the id is the server's. */
export async function register(resource: FhirPatient, key: string): Promise<string> {
  const params = { header: { "idempotency-key": key, ...CSRF } };
  const { id } = await take(patients.POST("/api/fhir/patients", { params, body: resource }));
  return id as string;
}
