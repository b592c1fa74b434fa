import { ButtonLink } from "../ui/Button";
import { Page } from "../ui/Page";

export function NotFound() {
  return (
    <Page
      title="Page not found"
      heading="There is no page at this address"
      lead="The link may be old, or a letter of the address may have been lost on the way."
      width="text"
    >
      <div className="actions">
        <ButtonLink kind="primary" to="/">
          Go to the start page
        </ButtonLink>
      </div>
    </Page>
  );
}
