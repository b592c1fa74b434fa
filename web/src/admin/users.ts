/** Accounts, as administrators manage them. Query keys begin with "users". */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { auth, CSRF, take } from "../api/client";
import type { components } from "../api/auth";
import { usePages } from "../api/pages";
import { Problem } from "../api/problem";
import { tell } from "../ui/notices";

type Schemas = components["schemas"];

export type ManagedUser = Schemas["ManagedUser"];

const ALL_AT_ONCE = 100;

async function readUsers(query: { q?: string; limit?: number; cursor?: string }) {
  return take(auth.GET("/api/auth/users", { params: { query } }));
}

/** Accounts by user name, or those in whose names or address a text occurs; what was found stays until the next is. */
export function useUsers(q: string) {
  return usePages(["users", "list", q], (cursor) => readUsers({ q: q || undefined, cursor }), {
    placeholderData: keepPreviousData,
  });
}

export async function searchUsers(q: string): Promise<ManagedUser[]> {
  return (await readUsers({ q, limit: 10 })).items;
}

/** One account. Only the list tells of it: at once where its user name is known, else page by page. */
export function useManagedUser(id: string, username: string | undefined) {
  return useQuery({ queryKey: ["users", "one", id], queryFn: () => findUser(id, username) });
}

async function findUser(id: string, username: string | undefined): Promise<ManagedUser> {
  const known = username && (await searchAll(id, { q: username, limit: ALL_AT_ONCE }));
  const found = known || (await searchAll(id, { limit: ALL_AT_ONCE }));
  if (!found) throw new Problem("not-found", 404);
  return found;
}

async function searchAll(id: string, query: { q?: string; limit: number }): Promise<ManagedUser | undefined> {
  let cursor: string | undefined;
  do {
    const page = await readUsers({ ...query, cursor });
    const found = page.items.find((user) => user.id === id);
    if (found) return found;
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return undefined;
}

interface Change {
  change: Schemas["UserPatch"];
  /** What the administrator is told when it is done. */
  said: string;
}

/** Changes roles or state of an account; after a refusal too, what the screen shows is read again. */
export function useChangeUser(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ change }: Change) => {
      const params = { path: { user_id: id }, header: CSRF };
      return take(auth.PATCH("/api/auth/users/{user_id}", { params, body: change }));
    },
    onSuccess: (user, { change: { disabled }, said }) => {
      tell(said);
      // The answer says nothing of the account's state, which the list does; so what was asked for is what is there now.
      client.setQueryData<ManagedUser>(
        ["users", "one", id],
        (known) => known && { ...known, ...user, disabled: disabled ?? known.disabled },
      );
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}

/** Takes the patient's record away from the account that it is linked to. */
export function useUnlink(patientId: string, said: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => {
      const params = { path: { patient_id: patientId }, header: CSRF };
      return take(auth.DELETE("/api/auth/patient-links/{patient_id}", { params }));
    },
    onSuccess: () => tell(said),
    onSettled: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}
