/** Says what notifications are for before the browser asks, and switches them on and off in this browser. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../api/problem";
import { PUSH_STATE, type PushState, pushState, switchPushOff, switchPushOn } from "../session/push";
import { Button, ButtonLink } from "../ui/Button";
import { type Platform, platform } from "../ui/device";
import { Card } from "../ui/Page";
import { Banner, Failure, Loaded } from "../ui/states";

export function usePushState() {
  return useQuery({ queryKey: PUSH_STATE, queryFn: pushState, staleTime: 0 });
}

const VIEWS: Record<PushState, () => ReactNode> = {
  on: On,
  off: Off,
  blocked: Blocked,
  unsupported: Unsupported,
  "install-first": InstallFirst,
};

export function NotificationSwitch() {
  const state = usePushState();
  return (
    <Loaded query={state}>
      {(current) => {
        const View = VIEWS[current];
        return <View />;
      }}
    </Loaded>
  );
}

function useSwitch(change: () => Promise<PushState>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: (state) => client.setQueryData(PUSH_STATE, state) });
}

function On() {
  const { mutate, isPending, error } = useSwitch(switchPushOff);
  return (
    <div className="stack">
      <Banner
        tone="good"
        title="Notifications are on for this device"
        isAnnounced
        actions={
          <Button isPending={isPending} onPress={() => mutate()}>
            Turn off
          </Button>
        }
      >
        You are told when there is something new, also while Quill is closed. Signing out ends it.
      </Banner>
      {error && <Refused error={error} />}
    </div>
  );
}

function Off() {
  const { mutate, isPending, error } = useSwitch(switchPushOn);
  return (
    <Card title="Be told when something arrives">
      <p>
        Quill can show a notification here when there is something new for you, such as a letter. It says that there is
        something to read, and never what: your name and your letters do not appear on a locked screen.
      </p>
      <p className="soft">Your browser asks you to allow it. You can turn it off again at any time.</p>
      {error && <Refused error={error} />}
      <div className="actions">
        <Button kind="primary" isPending={isPending} onPress={() => mutate()}>
          Turn on notifications
        </Button>
      </div>
    </Card>
  );
}

/** What is no refusal of ours comes from the browser: its push service is away, or forbidden by whoever manages it. */
function Refused({ error }: { error: unknown }) {
  if (error instanceof Problem) return <Failure error={error} />;
  return (
    <Banner tone="bad" isAnnounced>
      Your browser could not reach its own notification service. Try again later. Some browsers and networks do not allow
      notifications at all; your letters are here all the same.
    </Banner>
  );
}

const UNBLOCK: Record<Platform, ReactNode> = {
  apple: "Open the Settings of the device, then Notifications, then Quill, and allow notifications.",
  android: "Press the sign beside the address, then Permissions, then Notifications, and allow them.",
  mac: "In Safari: Settings, then Websites, then Notifications. In other browsers: press the sign to the left of the address and allow notifications.",
  other: "Press the sign to the left of the address, find Notifications there, and choose Allow.",
};

function Blocked() {
  return (
    <Banner tone="warn" title="Your browser blocks notifications from Quill">
      <p>They were refused once, so Quill may not ask again. If you want them after all:</p>
      <p>{UNBLOCK[platform()]} Then load this page again.</p>
    </Banner>
  );
}

function Unsupported() {
  return (
    <Banner title="This browser cannot show notifications">
      Look in here from time to time, or use Quill in another browser as well, such as the one on your phone.
    </Banner>
  );
}

function InstallFirst() {
  return (
    <Banner
      title="Install Quill to be told about new letters"
      actions={<ButtonLink to="/install">Show me how</ButtonLink>}
    >
      On iPhone and iPad, only apps on the Home Screen can show notifications. It takes a few seconds.
    </Banner>
  );
}
