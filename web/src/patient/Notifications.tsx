import { Page } from "../ui/Page";

export default function Notifications() {
  return <Page title="Notifications" />;
}
