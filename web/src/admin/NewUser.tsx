import { Page } from "../ui/Page";

export default function NewUser() {
  return <Page title="New user" />;
}
