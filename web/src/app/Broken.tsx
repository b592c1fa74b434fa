/** In place of a screen whose code failed, or could not be loaded. */

import { Button } from "../ui/Button";
import { Page } from "../ui/Page";

export function Broken() {
  return (
    <main>
      <Page
        title="This page could not be shown"
        lead="It may not have been loaded completely, for example after an update of Quill. Loading it again usually helps."
        width="text"
      >
        <div className="actions">
          <Button kind="primary" onPress={() => window.location.reload()}>
            Load again
          </Button>
        </div>
      </Page>
    </main>
  );
}
