/** What is around every screen: the way in, the header, the banners, and the dialog that a lapsed session opens. */

import { lazy, type MouseEvent, Suspense, useEffect, useState } from "react";
import { Outlet, ScrollRestoration } from "react-router";
import { subscribe } from "../api/network";
import { restore } from "../session/session";
import { useIdleWarning, useSession, useSessionState } from "../session/useSession";
import { Button } from "../ui/Button";
import { Notices } from "../ui/notices";
import { Page } from "../ui/Page";
import { Loading } from "../ui/states";
import { Footer } from "./Footer";
import { Header } from "./Header";
import { OfflineBanner } from "./OfflineBanner";
import { OpenNotification } from "./OpenNotification";
import { UpdatePrompt } from "./UpdatePrompt";
import "./frame.css";

const loadDialogs = () => import("../session/SignInAgain");
const SignInAgain = lazy(loadDialogs);
const StillThere = lazy(() => loadDialogs().then(({ StillThere }) => ({ default: StillThere })));
const Unseen = lazy(() => import("./Unseen"));
/** Long before a session ends: by then a newer version may have taken the file's place. */
const FORESIGHT_MS = 10_000;

export function Frame() {
  const { status } = useSessionState();
  const session = useSession();
  const isWarned = useIdleWarning();
  useEffect(() => {
    if (status !== "in") return;
    const timer = setTimeout(() => loadDialogs().catch(() => {}), FORESIGHT_MS);
    return () => clearTimeout(timer);
  }, [status]);
  return (
    <>
      <a className="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <OfflineBanner />
      <UpdatePrompt />
      <Header />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
      <Footer />
      <Notices />
      {status === "expired" && session && (
        <Suspense>
          <SignInAgain user={session.user} />
        </Suspense>
      )}
      {isWarned && (
        <Suspense>
          <StillThere />
        </Suspense>
      )}
      <OpenNotification />
      {status === "in" && (
        <Suspense>
          <Unseen />
        </Suspense>
      )}
      <ScrollRestoration />
    </>
  );
}

/** By itself the link would make an entry of the history that the router does not know, and leave without a question. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Content() {
  const { status } = useSessionState();
  if (status === "restoring") return <Waiting />;
  if (status === "unreachable") return <Unreachable />;
  return (
    <Suspense fallback={<Waiting />}>
      <Outlet />
    </Suspense>
  );
}

function Waiting() {
  return (
    <div className="page">
      <Loading />
    </div>
  );
}

function Unreachable() {
  const [isPending, setPending] = useState(false);
  useEffect(() => subscribe((isOffline) => void (isOffline || restore())), []);
  const retry = async (): Promise<void> => {
    setPending(true);
    await restore();
    setPending(false);
  };
  return (
    <Page
      title="Quill cannot be reached"
      lead="Your letters are never stored on this device, so Quill needs a connection to show them."
      width="text"
    >
      <div className="actions">
        <Button kind="primary" isPending={isPending} onPress={() => void retry()}>
          Try again
        </Button>
      </div>
    </Page>
  );
}
