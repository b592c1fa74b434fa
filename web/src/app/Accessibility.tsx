import { Page } from "../ui/Page";

export default function Accessibility() {
  return <Page title="Accessibility" />;
}
