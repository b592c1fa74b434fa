/** On every screen, since the number on the app's icon follows what is read there. It shows nothing itself. */

import { useUnread } from "./inbox";

export default function Unread() {
  useUnread();
  return null;
}
