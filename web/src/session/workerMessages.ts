/** What the service worker and the pages say to each other. */

export type ToWorker = { kind: "take-over" } | { kind: "signed-out" };

export type FromWorker = { kind: "open-notification"; id: string } | { kind: "pushed" } | { kind: "subscription-changed" };
