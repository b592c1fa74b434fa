import { Page } from "../ui/Page";

export default function WriteLetter() {
  return <Page title="Write a letter" />;
}
