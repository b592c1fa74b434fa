import { Page } from "../ui/Page";

export default function Install() {
  return <Page title="Install Quill" />;
}
