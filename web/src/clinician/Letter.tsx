import { Page } from "../ui/Page";

export default function Letter() {
  return <Page title="Letter" />;
}
