import { Page } from "../ui/Page";

export default function Patients() {
  return <Page title="Patients" />;
}
