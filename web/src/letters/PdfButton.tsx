import { useMutation } from "@tanstack/react-query";
import { takeFile } from "../api/client";
import { sentence } from "../api/sentences";
import { Button } from "../ui/Button";
import { tell } from "../ui/notices";
import type { LetterSummary } from "./letter";

const KEPT_MS = 60_000;

/** Opens the printed form of a letter: fetched with the session's token, which never stands in an address. */
export function PdfButton({ letter, onRead }: { letter: LetterSummary; onRead?: () => void }) {
  const { mutate, isPending } = useMutation({
    mutationFn: ({ tab }: { tab: Window | null }) => openPdf(letter, tab),
    onSuccess: onRead,
    onError: (error, { tab }) => {
      tab?.close();
      tell(sentence(error), "bad");
    },
  });
  // Browsers let a page open a tab at the moment of a click only, so the tab is there before its content.
  return (
    <Button isPending={isPending} onPress={() => mutate({ tab: window.open("", "_blank") })}>
      Open PDF
    </Button>
  );
}

async function openPdf({ patient_id: patientId, uid, version }: LetterSummary, tab: Window | null): Promise<void> {
  const pdf = await takeFile(`/api/patients/${patientId}/letters/${uid}.pdf?version=${version}`);
  const address = URL.createObjectURL(new Blob([pdf], { type: "application/pdf" }));
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
  if (tab && !tab.closed) tab.location.replace(address);
  else save(address);
}

/** Where no tab may be opened, as in an installed app on some phones. */
function save(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = "letter.pdf";
  link.click();
}
