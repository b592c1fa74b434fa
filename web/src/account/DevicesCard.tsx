import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CSRF, notify, take } from "../api/client";
import { usePages } from "../api/pages";
import { forgetDevice, isThisDevice } from "../session/push";
import { Button } from "../ui/Button";
import { formatDate } from "../ui/format";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Failure, Loaded } from "../ui/states";
import { deviceName } from "./deviceName";
import "./account.css";

/** The devices that are told of new letters. Switching one on is on the notifications screen. */
export function DevicesCard() {
  const devices = usePages(["devices"], (cursor) =>
    take(notify.GET("/api/push/registrations", { params: { query: { cursor } } })),
  );
  return (
    <Card title="Devices that get notifications">
      <Loaded query={devices}>
        {(list) =>
          list.length === 0 ? (
            <p className="soft">None. You can switch notifications on for this device under Notifications.</p>
          ) : (
            <>
              <ul className="own-list">
                {list.map(({ id, user_agent, created_at }) => (
                  <li key={id}>
                    <div>
                      <p className="entry-name">{deviceName(user_agent)}</p>
                      <p className="soft">Since {formatDate(created_at)}</p>
                    </div>
                    <Remove id={id} name={deviceName(user_agent)} />
                  </li>
                ))}
              </ul>
              {devices.hasNextPage && <Pager pages={devices} shown={list.length} what="devices" />}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

function Remove({ id, name }: { id: string; name: string }) {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      take(notify.DELETE("/api/push/registrations/{device_id}", { params: { path: { device_id: id }, header: CSRF } })),
    onSuccess: async () => {
      if (isThisDevice(id)) await forgetDevice();
      tell(`${name} gets no more notifications.`);
      return client.invalidateQueries({ queryKey: ["devices"] });
    },
  });
  return (
    <>
      <Button aria-label={`Remove: ${name}`} isPending={isPending} onPress={() => mutate()}>
        Remove
      </Button>
      {error && <Failure error={error} />}
    </>
  );
}
