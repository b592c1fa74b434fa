import { useQuery } from "@tanstack/react-query";
import { letterKeys, readLetter } from "../letters/requests";

/** A letter as it stands now, with the ETag that a change of it must name. */
export function useLetter(patientId: string, uid: string) {
  return useQuery({ queryKey: letterKeys.one(patientId, uid), queryFn: () => readLetter(patientId, uid) });
}
