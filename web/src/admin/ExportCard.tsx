import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Button } from "../ui/Button";
import { Card } from "../ui/Page";
import { Banner, Failure } from "../ui/states";
import type { Filters } from "./audit";
import { exportTrail, save } from "./exportTrail";

const NUMBER = new Intl.NumberFormat("en-GB");

export function ExportCard({ filters }: { filters: Filters }) {
  const [read, setRead] = useState(0);
  const stop = useRef<AbortController>(null);
  const { mutate, data, error, isPending, reset } = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      setRead(0);
      return exportTrail(filters, { onProgress: setRead, signal: stop.current.signal });
    },
    onSuccess: ({ file }) => save(file),
  });
  useEffect(() => () => stop.current?.abort(), []);
  const cancel = (): void => {
    stop.current?.abort();
    reset();
  };
  return (
    <Card title="Export">
      <p>
        A file for spreadsheets (CSV) of everything that is narrowed down above. It names people and what they did with
        patients’ records: keep it as carefully as the records themselves.
      </p>
      <div className="actions">
        <Button isPending={isPending} onPress={() => mutate()}>
          Export as CSV
        </Button>
        {isPending && <Button onPress={cancel}>Cancel</Button>}
        <span role="status">{isPending && `${NUMBER.format(read)} entries read …`}</span>
      </div>
      {error && error.name !== "AbortError" && <Failure error={error} />}
      {data && (
        <Banner tone="good" isAnnounced>
          The file has {NUMBER.format(data.rows)} {data.rows === 1 ? "entry" : "entries"}.
        </Banner>
      )}
    </Card>
  );
}
