/** How Quill becomes an app on the reader's device: their kind of device first, the others below. */

import { type ReactNode, useSyncExternalStore } from "react";
import { Button, ButtonLink } from "../ui/Button";
import { isInstalled, type Platform, platform } from "../ui/device";
import { Page } from "../ui/Page";
import { Banner } from "../ui/states";
import "./lists.css";
import { installOffer, subscribeInstallOffer, takeInstallOffer } from "./installPrompt";

interface Guide {
  title: string;
  steps: readonly ReactNode[];
  /** Whether one of the steps is enough. */
  isChoice?: boolean;
  note?: ReactNode;
}

const GUIDES: Record<Platform, Guide> = {
  apple: {
    title: "iPhone and iPad",
    steps: [
      <>Open this page in Safari.</>,
      <>
        Press <b>Share</b>, the square with an arrow that points up. In newer versions it is in the menu with three dots.
      </>,
      <>
        Choose <b>Add to Home Screen</b>, and then <b>Add</b>.
      </>,
      <>Open Quill from the Home Screen, sign in, and turn on notifications there.</>,
    ],
    note: "On iPhone and iPad, notifications work only in the app on the Home Screen, from iOS 16.4 on.",
  },
  android: {
    title: "Android",
    steps: [
      <>Open this page in Chrome, Edge, Firefox or Samsung Internet.</>,
      <>
        Open the browser’s menu, and choose <b>Install app</b> or <b>Add to Home screen</b>.
      </>,
      <>Open Quill from the Home screen.</>,
    ],
  },
  mac: {
    title: "Mac",
    isChoice: true,
    steps: [
      <>
        In Safari: choose <b>File</b>, then <b>Add to Dock</b>.
      </>,
      <>
        In Chrome or Edge: press the <b>Install</b> sign at the right end of the address bar, or look for{" "}
        <b>Install Quill</b> in the menu.
      </>,
    ],
    note: "Notifications work in the browser as well.",
  },
  other: {
    title: "Windows, Linux and Chromebook",
    steps: [
      <>Open this page in Chrome or Edge.</>,
      <>
        Press the <b>Install</b> sign at the right end of the address bar, or look for <b>Install Quill</b> in the menu.
      </>,
    ],
    note: "In Firefox, keep Quill as a bookmark: notifications work there too.",
  },
};

export default function Install() {
  const own = platform();
  const others = (Object.keys(GUIDES) as Platform[]).filter((each) => each !== own);
  return (
    <Page
      title="Install Quill"
      lead="Quill then has its own icon and window, and opens with one press. It needs next to no space, and your letters are not stored on the device."
      width="text"
    >
      {isInstalled() ? <Installed /> : <Offer />}
      <GuideCard guide={GUIDES[own]} isOwn />
      <h2>Other devices</h2>
      <div className="columns">
        {others.map((each) => (
          <GuideCard key={each} guide={GUIDES[each]} />
        ))}
      </div>
    </Page>
  );
}

function Installed() {
  return (
    <Banner
      tone="good"
      title="You are using the installed app"
      actions={<ButtonLink to="/notifications">Notifications</ButtonLink>}
    >
      Everything is in place.
    </Banner>
  );
}

function Offer() {
  const offer = useSyncExternalStore(subscribeInstallOffer, installOffer);
  if (!offer) return null;
  return (
    <div className="actions">
      <Button kind="primary" onPress={takeInstallOffer}>
        Install Quill now
      </Button>
    </div>
  );
}

function GuideCard({ guide: { title, steps, isChoice, note }, isOwn }: { guide: Guide; isOwn?: boolean }) {
  const List = isChoice ? "ul" : "ol";
  return (
    <section className="card">
      {isOwn ? <h2>On this device: {title}</h2> : <h3>{title}</h3>}
      <List className="steps">
        {steps.map((step, at) => (
          <li key={at}>{step}</li>
        ))}
      </List>
      {note && <p className="soft">{note}</p>}
    </section>
  );
}
