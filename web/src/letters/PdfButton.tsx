import { useMutation } from "@tanstack/react-query";
import { takeFile } from "../api/client";
import { sentence } from "../api/sentences";
import { Button } from "../ui/Button";
import { saveFile, showFile } from "../ui/files";
import { tell } from "../ui/notices";
import type { LetterSummary } from "./letter";

/** Opens the printed form of a letter: fetched with the session's token, which never stands in an address. */
export function PdfButton({ letter }: { letter: LetterSummary }) {
  const { mutate, isPending } = useMutation({
    mutationFn: ({ tab }: { tab: Window | null }) => openPdf(letter, tab),
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
  const file = await takeFile(`/api/patients/${patientId}/letters/${uid}.pdf?version=${version}`);
  const pdf = new Blob([file], { type: "application/pdf" });
  if (tab && !tab.closed) showFile(pdf, tab);
  else saveFile(pdf, "letter.pdf"); // where no tab may be opened, as in an installed app on some phones
}
