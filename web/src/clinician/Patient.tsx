import { Page } from "../ui/Page";

export default function Patient() {
  return <Page title="Patient" />;
}
