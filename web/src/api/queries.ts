/** TanStack Query: what was read stays in this tab's memory, and is forgotten with the session. */

import { QueryClient } from "@tanstack/react-query";
import { subscribe } from "../session/store";
import { isWorthRetrying } from "./client";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: isWorthRetrying,
      retryDelay: (failures) => 500 * 2 ** failures,
      networkMode: "always",
      staleTime: 10_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: true,
      refetchOnReconnect: true, // with this network mode, not by default
    },
    mutations: { retry: false, networkMode: "always" },
  },
});

subscribe((state) => {
  if (state.status === "out") queries.clear();
});
