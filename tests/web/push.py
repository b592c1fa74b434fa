"""Web Push in a browser without its maker's push service: the app subscribes at the tests' own, and what came there is
handed to the browser through the DevTools protocol."""

import json
from typing import Any

from e2e.client import eventually
from e2e.push_receiver import Subscriber
from playwright.sync_api import CDPSession, Page

# Only asking the browser's maker for an address is replaced; registering, receiving and showing are the app's own.
_SUBSCRIBE = """
const [next, before] = [%s, %s];
const keep = held => sessionStorage.setItem('push-subscription', JSON.stringify(held));
const kept = () => {
  const held = JSON.parse(sessionStorage.getItem('push-subscription'));
  return held && {
    ...held.told,
    options: {applicationServerKey: new Uint8Array(held.key).buffer, userVisibleOnly: true},
    toJSON: () => held.told,
    unsubscribe: async () => { keep(null); return true; },
  };
};
if (before && !sessionStorage.getItem('push-subscription')) keep({told: before, key: Array(65).fill(0)});
PushManager.prototype.getSubscription = async () => kept();
PushManager.prototype.subscribe = async ({applicationServerKey}) => {
  if (kept()) throw new DOMException('made for another key', 'InvalidStateError');
  keep({told: next, key: [...applicationServerKey]});
  return kept();
};
"""
_BADGE = """Object.assign(Navigator.prototype, {
  setAppBadge: async count => { window.badge = count; }, clearAppBadge: async () => { window.badge = 0; }})"""
_DROP = "async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription()).unsubscribe()"
_TELL_OF_CHANGE = """() => {
  PushManager.prototype.subscribe = async () => { throw new DOMException('not now', 'AbortError'); };
  dispatchEvent(Object.assign(new ExtendableEvent('pushsubscriptionchange'), {oldSubscription: {options: {}}}));
}"""


def give_push_service(page: Page, subscriber: Subscriber, *, before: Subscriber | None = None) -> None:
    """Let the pages of this browser subscribe at the tests' push service, and show notifications.

    Args:
        before: the subscription that the browser begins with, which was made for a key that the server no longer has.
    """
    old = before.to_json() if before else None
    page.context.add_init_script(f"{{ {_SUBSCRIBE % (json.dumps(subscriber.to_json()), json.dumps(old))} }}")
    page.context.grant_permissions(["notifications"])


def drop_subscription(page: Page) -> None:
    """Let the browser give its subscription up and tell the service worker, which gets no new one either."""
    page.evaluate(_DROP)
    (worker,) = page.context.service_workers
    worker.evaluate(_TELL_OF_CHANGE)


def watch_badge(page: Page) -> None:
    """Keep the number on the app's icon in `window.badge`, from the next page on."""
    page.add_init_script(_BADGE)


def deliver(page: Page, payload: dict[str, Any]) -> None:
    """Hand what a push carries, once it is opened, to the service worker of this browser."""
    session, known = page.context.new_cdp_session(page), _registrations(page)
    registration = eventually(lambda: _latest(page, known))
    message = {"origin": registration["scopeURL"].rstrip("/"), "registrationId": registration["registrationId"]}
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.deliverPushMessage", {**message, "data": json.dumps(payload)})


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
