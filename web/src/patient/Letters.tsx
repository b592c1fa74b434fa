import { Page } from "../ui/Page";

export default function Letters() {
  return <Page title="Your letters" />;
}
