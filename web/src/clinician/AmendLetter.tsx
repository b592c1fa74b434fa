import { Page } from "../ui/Page";

export default function AmendLetter() {
  return <Page title="Amend a letter" />;
}
