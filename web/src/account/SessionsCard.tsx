import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { auth, CSRF, take } from "../api/client";
import { usePages } from "../api/pages";
import { isUnsavedAnywhere } from "../app/unsaved";
import { forget } from "../session/session";
import { Button } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { formatTime } from "../ui/format";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Badge, Failure, Loaded } from "../ui/states";
import { deviceName } from "./deviceName";
import "./account.css";

export function SessionsCard() {
  const sessions = usePages(["sessions"], (cursor) =>
    take(auth.GET("/api/auth/sessions", { params: { query: { cursor } } })),
  );
  return (
    <Card title="Where you are signed in" actions={<EndAll />}>
      <Loaded query={sessions}>
        {(list) => (
          <>
            <ul className="own-list">
              {list.map((session) => (
                <li key={session.id}>
                  <div>
                    <p className="entry-name">
                      {deviceName(session.user_agent)}
                      {session.current && <Badge tone="good">This browser</Badge>}
                    </p>
                    <p className="soft">
                      Since {formatTime(session.created_at)}, last used {formatTime(session.last_seen_at)}
                    </p>
                  </div>
                  {!session.current && <End id={session.id} name={deviceName(session.user_agent)} />}
                </li>
              ))}
            </ul>
            {sessions.hasNextPage && <Pager pages={sessions} shown={list.length} what="sessions" />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function End({ id, name }: { id: string; name: string }) {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      take(auth.DELETE("/api/auth/sessions/{session_id}", { params: { path: { session_id: id }, header: CSRF } })),
    onSuccess: () => {
      tell(`The session in ${name} has ended.`);
      return client.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
  return (
    <>
      <Button aria-label={`Sign out: ${name}`} isPending={isPending} onPress={() => mutate()}>
        Sign out
      </Button>
      {error && <Failure error={error} />}
    </>
  );
}

function EndAll() {
  const [isAsking, setAsking] = useState(false);
  const [isUnsaved, setUnsaved] = useState(false);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => take(auth.POST("/api/auth/logout-all", { params: { header: CSRF } })),
    onSuccess: forget,
  });
  const ask = async (): Promise<void> => {
    setUnsaved(await isUnsavedAnywhere());
    setAsking(true);
  };
  return (
    <>
      <Button kind="danger" onPress={() => void ask()}>
        Sign out everywhere
      </Button>
      <Confirm
        title="Sign out everywhere?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => mutate()}
        confirm="Sign out everywhere"
        isPending={isPending}
      >
        <p>All your sessions end at once, on every device and here.</p>
        {isUnsaved && <p>What you have typed in another tab of this browser is not sent yet, and will be lost.</p>}
        {error && <Failure error={error} />}
      </Confirm>
    </>
  );
}
