"""The named errors of notify; what every service shares is in common.errors."""

from common.errors import Conflict, Invalid


class EndpointRefused(Invalid):
    """The push subscription is not one that a browser's own push service hands out; subscribe again in the browser."""


class TooManyDevices(Conflict):
    """Ten devices are registered for this user already. Remove one under /api/push/registrations first."""

    slug, title = "too-many-devices", "Too many devices are registered; remove one first"
