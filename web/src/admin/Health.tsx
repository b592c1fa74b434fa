/** How Quill is right now; looks again every ten seconds, and speaks up only when something has changed. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { sentence } from "../api/sentences";
import { Button } from "../ui/Button";
import { Card, Page } from "../ui/Page";
import { Badge, Banner, Loaded } from "../ui/states";
import {
  type Backend,
  BACKENDS,
  effectsOf,
  type Health as FleetHealth,
  OVERALL,
  readHealth,
  type Service,
  SERVICES,
  type Status,
} from "./health";
import "./admin.css";

const EVERY_MS = 10_000;

const TONES = { ok: "good", degraded: "warn", down: "bad" } as const;
const WORDS: Record<Status, string> = { ok: "Works", degraded: "Restricted", down: "Down" };

export default function Health() {
  const query = useQuery({
    queryKey: ["health"],
    queryFn: readHealth,
    refetchInterval: EVERY_MS,
    staleTime: 0,
    retry: false,
  });
  const actions = (
    <Button isPending={query.isFetching && query.isPending} onPress={() => void query.refetch()}>
      Look again
    </Button>
  );
  return (
    <Page title="System health" lead="How Quill’s services and what they depend on are, right now." actions={actions}>
      <Loaded query={query}>
        {(health) => (
          <>
            {query.error && <Outdated error={query.error} />}
            <Overall status={health.status} />
            <Services health={health} />
            <Checked at={query.dataUpdatedAt} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Outdated({ error }: { error: unknown }) {
  return (
    <Banner tone="bad" title="The state could not be read again" isAnnounced>
      {sentence(error)} What is shown below may be out of date.
    </Banner>
  );
}

function Overall({ status }: { status: Status }) {
  const [title, text] = OVERALL[status];
  return (
    <div role="status">
      <Banner tone={TONES[status]} title={title}>
        {text}
      </Banner>
    </div>
  );
}

function Services({ health }: { health: FleetHealth }) {
  return (
    <div className="columns">
      {Object.entries(health.services).map(([name, service]) => (
        <ServiceCard key={name} name={name} service={service} />
      ))}
    </div>
  );
}

function ServiceCard({ name, service }: { name: string; service: Service }) {
  const backends = Object.entries(service.backends);
  return (
    <Card title={SERVICES[name] ?? name} actions={<State status={service.status} />}>
      {effectsOf(name, service).map((text) => (
        <p key={text}>{text}</p>
      ))}
      {backends.length > 0 && (
        <ul className="backends">
          {backends.map(([backend, state]) => (
            <BackendRow key={backend} name={backend} backend={state} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function BackendRow({ name, backend: { status, product } }: { name: string; backend: Backend }) {
  return (
    <li>
      <span>
        {BACKENDS[name] ?? name}
        {product && <span className="second">{product}</span>}
      </span>
      <State status={status} />
    </li>
  );
}

function State({ status }: { status: Status }) {
  return <Badge tone={TONES[status]}>{WORDS[status]}</Badge>;
}

/** How old what is shown is, counted every second and not read out. */
function Checked({ at }: { at: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return <p className="soft">Looked {seconds < 2 ? "just now" : `${seconds} seconds ago`}; looks again by itself.</p>;
}
