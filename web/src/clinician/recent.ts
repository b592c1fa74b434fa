/** The patients that were opened last, in this tab's memory only: a reload or another person's sign-in forgets them. */

import { subscribe } from "../session/store";
import type { Demographics } from "./patient";

const MOST = 5;

let patients: readonly Demographics[] = [];

export const recentPatients = (): readonly Demographics[] => patients;

export function remember(patient: Demographics): void {
  patients = [patient, ...patients.filter((one) => one.patient_id !== patient.patient_id)].slice(0, MOST);
}

subscribe((state) => {
  if (state.status === "out") patients = [];
});
