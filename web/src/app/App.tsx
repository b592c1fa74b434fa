import { QueryClientProvider } from "@tanstack/react-query";
import { I18nProvider } from "react-aria-components";
import { RouterProvider } from "react-router";
import { queries } from "../api/queries";
import { router } from "./routes";

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <I18nProvider locale="en-GB">
        <RouterProvider router={router} />
      </I18nProvider>
    </QueryClientProvider>
  );
}
