import { Page } from "../ui/Page";

export default function LinkRecord() {
  return <Page title="Link your record" />;
}
