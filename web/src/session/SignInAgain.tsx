/** Over the screen of somebody whose session ends, and when it has ended: nothing that they typed is lost. */

import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { forget, signOut } from "./session";
import { stay } from "./idle";
import { OrganisationSignIn } from "./OrganisationSignIn";
import { SignInForm } from "./SignInForm";
import type { User } from "./store";

/** Nobody else sees what is behind. */
export default function SignInAgain({ user }: { user: User }) {
  return (
    <Dialog title="Sign in again to go on" isOpen isOpaque>
      <p>
        Your session has ended, {user.display_name}. What you have typed is still here and will be there when you have
        signed in.
      </p>
      <SignInForm username={user.username} />
      <OrganisationSignIn inNewTab />
      <Button kind="quiet" onPress={() => void signOut().catch(forget)}>
        I am not {user.display_name}: leave and lose what was typed
      </Button>
    </Dialog>
  );
}

/** Of staff who have touched nothing for long. */
export function StillThere() {
  return (
    <Dialog title="Are you still there?" isOpen>
      <p>
        Nobody has used Quill here for almost half an hour. In two minutes you will have to sign in again; what you have
        typed stays.
      </p>
      <div className="actions">
        <Button kind="primary" autoFocus onPress={stay}>
          Stay signed in
        </Button>
      </div>
    </Dialog>
  );
}
