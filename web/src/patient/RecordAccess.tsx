/** Who has used the patient's record, what for and when: the audit trail of it, in plain words. */

import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { auth, take } from "../api/client";
import { usePages } from "../api/pages";
import { useUser } from "../session/useSession";
import { Checkbox } from "../ui/fields";
import { formatClock, formatDate, formatRoles } from "../ui/format";
import { Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Badge, Empty, Loaded } from "../ui/states";
import { type AccessEntry, deedOf, outcomeOf } from "./access";
import { NotLinked } from "./NotLinked";
import "./lists.css";

/** So many rows are wanted on the screen, and so many pages are read for them without being asked. */
const WANTED = 10;
const UNASKED_PAGES = 5;
const LIMIT = 50;

export default function RecordAccess() {
  const { patient_id } = useUser();
  return (
    <Page
      title="Who has looked at your record"
      lead="Everybody who opens your record leaves a trace, and you can see it here. If something looks wrong to you, tell your clinic."
      width="text"
    >
      {patient_id === null ? (
        <NotLinked>Once your account is linked to your record, you see here who has used it, also before.</NotLinked>
      ) : (
        <Trail />
      )}
    </Page>
  );
}

function useTrail() {
  return usePages(["own-access"], (cursor) =>
    take(auth.GET("/api/auth/audit/mine", { params: { query: { cursor, limit: LIMIT } } })),
  );
}

function Trail() {
  const me = useUser().id;
  const [own, setOwn] = useState(false);
  const pages = useTrail();
  const entries = pages.data;
  const shown = useMemo(() => entries?.filter(({ actor }) => own || actor?.id !== me) ?? [], [entries, own, me]);
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = pages;
  // A page that failed is asked for again only by the person.
  const mayGoOn = hasNextPage && !isFetching && !isFetchNextPageError;
  const isShort = shown.length < WANTED && (entries?.length ?? 0) < UNASKED_PAGES * LIMIT;
  useEffect(() => {
    if (isShort && mayGoOn) void fetchNextPage();
  }, [isShort, mayGoOn, fetchNextPage]);
  return (
    <Loaded query={pages}>
      {() => (
        <>
          <Checkbox isSelected={own} onChange={setOwn}>
            Also show what I did myself
          </Checkbox>
          {shown.length > 0 ? <Days entries={shown} me={me} /> : <Nobody hasMore={hasNextPage} />}
          <Pager pages={pages} shown={shown.length} what={shown.length === 1 ? "entry" : "entries"} />
        </>
      )}
    </Loaded>
  );
}

function Nobody({ hasMore }: { hasMore: boolean }) {
  return hasMore ? (
    <Empty title="Nobody else among the newest entries">“Show more” reads further back.</Empty>
  ) : (
    <Empty title="Nobody else, so far">When somebody opens your record, you will see it here.</Empty>
  );
}

function Days({ entries, me }: { entries: readonly AccessEntry[]; me: string }) {
  return [...byDay(entries)].map(([day, list]) => (
    <section key={day} className="stack">
      <h2>{day}</h2>
      <ul className="deeds">
        {list.map((entry) => (
          <Entry key={entry.id} entry={entry} me={me} />
        ))}
      </ul>
    </section>
  ));
}

function byDay(entries: readonly AccessEntry[]): Map<string, AccessEntry[]> {
  const days = new Map<string, AccessEntry[]>();
  for (const entry of entries) {
    const day = formatDate(entry.at);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return days;
}

function Entry({ entry, me }: { entry: AccessEntry; me: string }) {
  const { at, actor } = entry;
  const { words, letter } = deedOf(entry);
  const outcome = outcomeOf(entry);
  const isMe = actor?.id === me;
  return (
    <li className="deed">
      <span className="soft">{formatClock(at)}</span>
      <span>
        <strong>{isMe ? "You" : (actor?.name ?? "Quill itself")}</strong>
        {actor && !isMe && ` (${formatRoles(actor.roles)})`} {words}
        {letter && (
          <>
            {" "}
            <Link to={`/letters/${letter}`}>one of your letters</Link>
          </>
        )}
        {outcome && (
          <>
            {" "}
            <Badge tone="warn">{outcome}</Badge>
          </>
        )}
      </span>
    </li>
  );
}
