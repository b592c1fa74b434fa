/** What a screen shows while there is nothing to show, or when something must be said. */

import type { ReactNode } from "react";
import { sentence } from "../api/sentences";
import { Problem } from "../api/problem";
import { Button } from "./Button";
import { Check, Info, Warning } from "./icons";
import "./states.css";

type Tone = "info" | "good" | "warn" | "bad";

const SIGNS = { info: Info, good: Check, warn: Warning, bad: Warning };

interface BannerProps {
  tone?: Tone;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  /** Whether screen readers say it at once: for what has just happened, not for what was there from the start. */
  isAnnounced?: boolean;
}

/** Something to be read: colour, a sign and words say the same. */
export function Banner({ tone = "info", title, children, actions, isAnnounced }: BannerProps) {
  const Sign = SIGNS[tone];
  return (
    <div className="banner" data-tone={tone} role={isAnnounced ? (tone === "bad" ? "alert" : "status") : undefined}>
      <Sign />
      <div className="banner-text">
        {title && <p className="banner-title">{title}</p>}
        {children && <div>{children}</div>}
      </div>
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}

/** Why something that was tried did not work. */
export function Failure({ error }: { error: unknown }) {
  return (
    <Banner tone="bad" isAnnounced>
      {sentence(error)}
    </Banner>
  );
}

/** In place of a screen's content that could not be loaded. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const requestId = error instanceof Problem && error.status >= 500 ? error.details.requestId : undefined;
  return (
    <Banner
      tone="bad"
      title="This could not be loaded"
      isAnnounced
      actions={onRetry && <Button onPress={onRetry}>Try again</Button>}
    >
      <p>{sentence(error)}</p>
      {requestId && (
        <p className="soft">
          For your administrator: <code>{requestId}</code>
        </p>
      )}
    </Banner>
  );
}

/** While content is on its way: bars where it will stand. */
export function Loading({ what = "Loading", lines = 4 }: { what?: string; lines?: number }) {
  return (
    <div className="loading" role="status">
      <span className="unseen">{what}…</span>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} className="bar" aria-hidden="true" />
      ))}
    </div>
  );
}

/** A list without entries, and what to do about it. */
export function Empty({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <div>{children}</div>}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}

/** One word about a thing. */
export function Badge({ tone = "neutral", children }: { tone?: Tone | "neutral"; children: ReactNode }) {
  return (
    <span className="badge" data-tone={tone}>
      {children}
    </span>
  );
}

interface QueryLike<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** A query's content, or in its place that it loads, or that it failed. */
export function Loaded<T>({ query, children }: { query: QueryLike<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}
