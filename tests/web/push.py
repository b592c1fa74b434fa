"""Web Push in a browser without its maker's push service: the app subscribes at the tests' own, and what came there is
handed to the browser through the DevTools protocol."""

import json
from typing import Any

from e2e.client import eventually
from e2e.push_receiver import Push, Subscriber
from playwright.sync_api import CDPSession, Page

# Only asking the browser's maker for an address is replaced; registering, receiving and showing are the app's own.
_SUBSCRIBE = """
const [next, before] = [%s, %s];
const made = (told, applicationServerKey) => ({
  ...told,
  options: {applicationServerKey, userVisibleOnly: true},
  toJSON: () => told,
  unsubscribe: async () => { subscription = null; return true; },
});
let subscription = before && made(before, new Uint8Array(65).buffer);
PushManager.prototype.getSubscription = async () => subscription;
PushManager.prototype.subscribe = async ({applicationServerKey}) => {
  if (subscription) throw new DOMException('made for another key', 'InvalidStateError');
  return subscription = made(next, applicationServerKey);
};
"""


def give_push_service(page: Page, subscriber: Subscriber, *, before: Subscriber | None = None) -> None:
    """Let the pages of this browser subscribe at the tests' push service, and show notifications.

    Args:
        before: the subscription that each page begins with, which was made for a key that the server no longer has.
    """
    old = before.to_json() if before else None
    page.context.add_init_script(f"{{ {_SUBSCRIBE % (json.dumps(subscriber.to_json()), json.dumps(old))} }}")
    page.context.grant_permissions(["notifications"])


def deliver(page: Page, push: Push) -> None:
    """Hand a push, as the tests' push service got and opened it, to the service worker of this browser."""
    session, known = page.context.new_cdp_session(page), _registrations(page)
    registration = eventually(lambda: _latest(page, known))
    message = {"origin": registration["scopeURL"].rstrip("/"), "registrationId": registration["registrationId"]}
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.deliverPushMessage", {**message, "data": json.dumps(push.payload)})


def _registrations(page: Page) -> list[dict[str, Any]]:
    """The registrations as the browser tells of them, filled while the page is waited on."""
    known: list[dict[str, Any]] = []
    session: CDPSession = page.context.new_cdp_session(page)
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: known.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    return known


def _latest(page: Page, known: list[dict[str, Any]]) -> dict[str, Any] | None:
    page.wait_for_timeout(50)
    return next((each for each in reversed(known) if not each["isDeleted"]), None)


def shown(page: Page) -> list[dict[str, str]]:
    """The notifications on this device's screen."""
    found: list[dict[str, str]] = page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
             .map(({title, body, tag}) => ({title, body, tag}))"""
    )
    return found


def click(page: Page) -> None:
    """Tap the newest notification of this device."""
    (worker,) = page.context.service_workers
    worker.evaluate(
        """async () => {
          const notification = (await registration.getNotifications()).at(-1);
          dispatchEvent(new NotificationEvent('notificationclick', {notification}));
        }"""
    )
