/**
 * What runs first, and is small: the session, the frame and the screen of this address are on their way at once, instead of
 * one after the other.
 */

import "./ui/base.css";
import { foresee } from "./app/screens";
import { applyTheme } from "./app/theme";
import { beCounted, isRemembered, restore } from "./session/session";
import { getSession } from "./session/store";

const { pathname } = window.location;

applyTheme();
beCounted();
if (pathname !== "/") foresee(pathname, isRemembered() ? [] : undefined);
void import("./main");
void restore().then(() => foresee(pathname, getSession()?.user.roles));
