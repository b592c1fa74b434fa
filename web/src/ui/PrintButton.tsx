import { Button } from "./Button";

/** Prints what the page shows; its style sheets leave out what belongs to the screen only. */
export function PrintButton() {
  return <Button onPress={() => window.print()}>Print</Button>;
}
