"""The named errors of notify; what every service shares is in common.errors."""

from common.errors import Conflict, Invalid


class EndpointRefused(Invalid):
    """The push subscription is not one that a browser's own push service hands out; subscribe again in the browser."""


class TooManyDevices(Conflict):
    """Ten devices are already registered for this user. First remove one under /api/push/registrations."""

    slug, title = "too-many-devices", "Too many devices are registered; remove one first"


class UrlRefused(Invalid):
    """A webhook's address must be https, on port 443, of a public server; others are added by QUILL_WEBHOOK_ORIGINS."""


class TooManyWebhooks(Conflict):
    """Twenty webhooks are already registered. First remove one under /api/webhooks."""

    slug, title = "too-many-webhooks", "Too many webhooks are registered; remove one first"
