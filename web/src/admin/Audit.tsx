/** Who did what. */

import { usePages } from "../api/pages";
import { useKept } from "../app/kept";
import { isWholeDate } from "../ui/format";
import { Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Banner, Empty, Loaded } from "../ui/states";
import { type Filters, pick, readTrail } from "./audit";
import { AuditFilters } from "./AuditFilters";
import { AuditTable } from "./AuditTable";
import { ExportCard } from "./ExportCard";
import "./admin.css";

const ALL: Filters = {};

export default function Audit() {
  const [filters, change] = useKept(ALL);
  return (
    <Page title="Audit trail" lead="Who did what, newest first. That you look at it is noted as well.">
      <AuditFilters filters={filters} onChange={change} />
      <Trail filters={settled(filters)} onNarrow={(part) => change({ ...filters, ...part })} />
    </Page>
  );
}

/** Half a date is not asked for yet. */
function settled({ from, to, ...filters }: Filters): Filters {
  return { ...filters, ...(isDay(from) && { from }), ...(isDay(to) && { to }) };
}

function isDay(text: string | undefined): boolean {
  return text !== undefined && isWholeDate(text);
}

function Trail({ filters, onNarrow }: { filters: Filters; onNarrow: (change: Partial<Filters>) => void }) {
  const { actor, patient, action, from, to, resource, outcome } = filters;
  const pages = usePages(["audit", actor?.id, patient?.id, action, from, to], (cursor) => readTrail(filters, cursor));
  if (from && to && to < from) return <Banner tone="warn">The last day is before the first.</Banner>;
  return (
    <Loaded query={pages}>
      {(read) => {
        const entries = pick(read, filters);
        return (
          <>
            {(resource || outcome) && <Picked of={read.length} hasMore={pages.hasNextPage} />}
            {entries.length > 0 ? <AuditTable entries={entries} onNarrow={onNarrow} /> : <Nothing />}
            <Pager pages={pages} shown={entries.length} what={entries.length === 1 ? "entry" : "entries"} />
            <ExportCard filters={filters} />
          </>
        );
      }}
    </Loaded>
  );
}

function Picked({ of, hasMore }: { of: number; hasMore: boolean }) {
  if (!hasMore) return null;
  return (
    <p className="soft">
      “With what” and “Outcome” pick from the newest {of} entries that were read. “Show more” reads further back.
    </p>
  );
}

function Nothing() {
  return <Empty title="No entries">Nothing in the trail is like this, as far as it was read.</Empty>;
}
