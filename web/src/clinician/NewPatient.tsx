import { Page } from "../ui/Page";

export default function NewPatient() {
  return <Page title="Register a patient" />;
}
