import { Page } from "../ui/Page";

export default function User() {
  return <Page title="User" />;
}
