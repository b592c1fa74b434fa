import { Page } from "../ui/Page";

export default function RecordAccess() {
  return <Page title="Who has looked at your record" />;
}
