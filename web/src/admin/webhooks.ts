/** Webhooks, as administrators manage them. Query keys begin with "webhooks". */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CSRF, notify, take } from "../api/client";
import { useIdempotencyKey } from "../api/idempotency";
import type { components } from "../api/notify";
import { usePages } from "../api/pages";
import { tell } from "../ui/notices";

type Schemas = components["schemas"];

export type Webhook = Schemas["WebhookPublic"];
export type WebhookDraft = Schemas["WebhookCreate"];
export type Fact = WebhookDraft["events"][number];

/** Every fact that can be posted, in words. */
const WORDS: Record<Fact, string> = {
  "letter.created": "A letter was written",
  "letter.amended": "A letter was amended",
  "letter.withdrawn": "A letter was withdrawn",
  "letter.read": "A patient read a letter for the first time",
  "patient.created": "A patient was registered",
  "patient.updated": "A patient’s details were changed",
  "notification.attempted": "A device was told of a notification",
  "notification.failed": "No device could be told of a notification",
  "notification.read": "A patient opened a notification",
  "user.registered": "An account was made",
  "user.updated": "An account’s roles or state were changed",
  "user.linked": "An account was linked to a record",
  "user.unlinked": "An account was parted from a record",
  "session.revoked": "A session was ended before its time",
};

export const FACTS = Object.entries(WORDS) as readonly (readonly [Fact, string])[];

const KEY = ["webhooks"];
/** All that there can be, and more. */
const LIMIT = 100;

export function useWebhooks() {
  return usePages(KEY, (cursor) => take(notify.GET("/api/webhooks", { params: { query: { cursor, limit: LIMIT } } })));
}

/** The same draft sent again has the same key: after a lost answer its secret is told once more. */
export function useCreateWebhook() {
  const client = useQueryClient();
  const keyFor = useIdempotencyKey();
  return useMutation({
    mutationFn: (body: WebhookDraft) => {
      const params = { header: { "idempotency-key": keyFor(body), ...CSRF } };
      return take(notify.POST("/api/webhooks", { params, body }));
    },
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

export function useRemoveWebhook() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      take(notify.DELETE("/api/webhooks/{webhook_id}", { params: { path: { webhook_id: id }, header: CSRF } })),
    onSuccess: () => tell("The webhook is removed."),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

/** "https://hooks.example.org/quill" */
export function addressOf({ url }: Webhook): string {
  return url ?? "Address cannot be read any more";
}
