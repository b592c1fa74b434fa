import { Page } from "../ui/Page";

export default function Activate() {
  return <Page title="Activate your account" />;
}
