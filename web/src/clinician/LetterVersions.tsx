import { Page } from "../ui/Page";

export default function LetterVersions() {
  return <Page title="Versions of a letter" />;
}
