/** Over the screen of somebody whose session has ended: nothing that they typed is lost, and nobody else sees it. */

import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { forget } from "./session";
import { OrganisationSignIn } from "./OrganisationSignIn";
import { SignInForm } from "./SignInForm";
import type { User } from "./store";

export default function SignInAgain({ user }: { user: User }) {
  return (
    <Dialog title="Sign in again to go on" isOpen isOpaque>
      <p>
        Your session has ended, {user.display_name}. What you have typed is still here and will be there when you have
        signed in.
      </p>
      <SignInForm username={user.username} />
      <OrganisationSignIn inNewTab />
      <Button kind="quiet" onPress={forget}>
        I am not {user.display_name}: leave and lose what was typed
      </Button>
    </Dialog>
  );
}
