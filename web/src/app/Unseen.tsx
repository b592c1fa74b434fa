/** What goes on on every screen while somebody is signed in, and shows nothing itself. */

import { useUnread } from "../patient/inbox";
import { useKeptFocus } from "../ui/useKeptFocus";

export default function Unseen() {
  useUnread(); // the number on the app's icon follows what is read
  useKeptFocus();
  return null;
}
