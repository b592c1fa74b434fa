/** The name of the product, where one can go (whose room is kept until that is known), and who is signed in. */

import { type FocusEvent, type KeyboardEvent, Suspense, useEffect, useId, useRef, useState } from "react";
import { Link, NavLink, useLocation } from "react-router";
import { isRemembered, signOut } from "../session/session";
import type { Role, User } from "../session/store";
import { useMustEnrol, useSessionState } from "../session/useSession";
import { Button } from "../ui/Button";
import { Arrow, Menu } from "../ui/icons";
import { formatRoles } from "../ui/format";
import { LateConfirm } from "../ui/LeaveWarning";
import { tell } from "../ui/notices";
import { sentence } from "../api/sentences";
import { OWN_HOME } from "./Home";
import type { Path } from "./paths";
import { ThemeSwitch } from "./ThemeSwitch";
import { isUnsavedAnywhere } from "./unsaved";
import "./header.css";

const PLACES: Record<Role, readonly (readonly [Path, string])[]> = {
  patient: [
    ["/", "Home"],
    ["/letters", "Letters"],
    ["/notifications", "Notifications"],
    ["/record-access", "Who has looked"],
  ],
  clinician: [["/patients", "Patients"]],
  admin: [
    ["/patients", "Patients"],
    ["/admin/users", "Users"],
    ["/admin/webhooks", "Webhooks"],
    ["/admin/audit", "Audit"],
    ["/admin/health", "Health"],
  ],
};

function placesOf(user: User | undefined): [Path, string][] {
  return [...new Map((user?.roles ?? []).flatMap((role) => PLACES[role]))];
}

export function Header() {
  const state = useSessionState();
  const user = "session" in state ? state.session.user : undefined;
  const mustEnrol = useMustEnrol();
  const places = mustEnrol ? [] : placesOf(user);
  return (
    <header className="head no-print">
      <div className="head-inner">
        <Link className="brand" to="/">
          <img src="/quill.svg" alt="" width="36" height="36" />
          Quill
        </Link>
        {places.length > 0 && <Places places={places} />}
        {state.status === "restoring" && isRemembered() && <div className="places" />}
        {user && <OwnMenu user={user} />}
        {!user && state.status !== "restoring" && <ThemeSwitch />}
      </div>
    </header>
  );
}

function Places({ places }: { places: [Path, string][] }) {
  return (
    <nav className="places" aria-label="Main">
      {places.map(([path, name]) => (
        <NavLink key={path} to={path} end={path === "/"} state={path === "/" ? OWN_HOME : undefined}>
          {name}
        </NavLink>
      ))}
    </nav>
  );
}

/**
 * A button that shows and hides a panel below it. Leaving it, Escape and going elsewhere hide it; the panel can have the focus,
 * so that a press on words in it, such as a label's, does not leave it.
 */
function OwnMenu({ user }: { user: User }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { key } = useLocation();
  const id = useId();
  useEffect(() => setOpen(false), [key]);
  const onBlur = (event: FocusEvent): void => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !isOpen) return;
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div className="own" onBlur={onBlur} onKeyDown={onKeyDown}>
      <Button ref={button} kind="quiet" aria-expanded={isOpen} aria-controls={id} onPress={() => setOpen(!isOpen)}>
        <span className="own-name">{user.display_name}</span>
        <span className="own-short">
          <Menu />
          <span className="unseen">Menu of {user.display_name}</span>
        </span>
        <Arrow direction="down" />
      </Button>
      {/* Safari gives no focus to a link that is clicked: the panel keeps it, so that the click is not lost with the menu. */}
      <div id={id} className="own-panel" tabIndex={-1} hidden={!isOpen}>
        <p className="own-who">
          {user.display_name}
          <span className="soft">{formatRoles(user.roles)}</span>
        </p>
        <Link to="/account">Account and security</Link>
        <Link to="/notifications">Notifications</Link>
        <Link to="/install">Install Quill</Link>
        <ThemeSwitch />
        <SignOut onStay={() => button.current?.focus()} />
      </div>
    </div>
  );
}

function SignOut({ onStay }: { onStay: () => void }) {
  const [isPending, setPending] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const start = async (): Promise<void> => {
    if (await isUnsavedAnywhere()) setAsking(true);
    else await leave();
  };
  const leave = async (): Promise<void> => {
    setPending(true);
    await signOut().catch((error: unknown) => tell(`You are still signed in. ${sentence(error)}`, "bad"));
    setPending(false);
    setAsking(false);
  };
  const stay = (): void => {
    setAsking(false);
    onStay();
  };
  return (
    <>
      <Button isPending={isPending} onPress={() => void start()}>
        Sign out
      </Button>
      {isAsking && (
        <Suspense>
          <LateConfirm
            title="Sign out without saving?"
            isOpen
            onClose={stay}
            onConfirm={() => void leave()}
            confirm="Sign out"
            isPending={isPending}
          >
            <p>What you have typed, here or in another tab, is not sent yet, and will be lost.</p>
          </LateConfirm>
        </Suspense>
      )}
    </>
  );
}
