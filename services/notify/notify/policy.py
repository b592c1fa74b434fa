"""Pure rules of notify: who may push, which endpoints are push services, what their answers mean, who owns an inbox."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Literal
from uuid import UUID

from common.policy import Policy
from cryptography.hazmat.primitives.asymmetric import ec

from notify.errors import EndpointRefused

SEND_PUSH = Policy(name="send a push", roles=frozenset({"clinician", "admin"}), vital=True)

MAX_DEVICES = 10
MAX_ENDPOINT_LENGTH = 2048
MAX_TRIES = 5
MAX_TAKES = 50  # a push that ends whoever sends it would be taken again for ever; outages are fewer
MAX_PAUSE = timedelta(hours=1)
DELIVERED_ON_LINKING = timedelta(days=30)

# The browsers' push services: at these names, or anywhere below those.
PUSH_SERVICES = ("fcm.googleapis.com", "updates.push.services.mozilla.com")
BELOW_PUSH_SERVICES = (*(f".{name}" for name in PUSH_SERVICES), ".push.apple.com", ".notify.windows.com")
ORIGIN = r"(?P<scheme>https?)://(?P<host>[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*)(?P<port>:[0-9]{1,5})?"
# One strict form for all parsers on the way: no userinfo, brackets, backslash, fragment or anything but visible ASCII.
ENDPOINT = re.compile(ORIGIN + r"/[!\"$-\[\]-~]*", re.IGNORECASE | re.ASCII)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A checked push subscription (RFC 8030, RFC 8291): where to post, and the keys only that browser can open."""

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


def check_endpoint(endpoint: str, *, trusted: Set[str]) -> str:
    """The origin of a push service that we agree to connect to.

    `trusted` origins were added by configuration: they skip the scheme, port and address rules and nothing else.

    Raises:
        EndpointRefused: not a plain https URL on port 443 of a known push service.
    """
    match = ENDPOINT.fullmatch(endpoint)
    if match is None or len(endpoint) > MAX_ENDPOINT_LENGTH:
        raise _refused("endpoint", msg="Not the endpoint of a push service")
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"] or ""
    if (origin := f"{scheme}://{host}{port}") in trusted:
        return origin
    if scheme != "https" or port not in {"", ":443"}:
        raise _refused("endpoint", msg="A push service is reached by https on port 443")
    if host not in PUSH_SERVICES and not host.endswith(BELOW_PUSH_SERVICES):
        raise _refused("endpoint", msg="Not the endpoint of a push service that is allowed here")
    return f"https://{host}"


def is_public(address: str) -> bool:
    """Whether an IP address is on the open internet (IANA special-purpose registries), whatever wraps it."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def check_subscription(*, endpoint: str, p256dh: str, auth: str, trusted: Set[str]) -> Subscription:
    """The subscription whose keys can be used (RFC 8291 §3.1, §3.2).

    Raises:
        EndpointRefused: the endpoint is not a push service, `p256dh` no point on P-256 or `auth` not 16 bytes.
    """
    check_endpoint(endpoint, trusted=trusted)
    point, secret = from_base64url(p256dh), from_base64url(auth)
    if point is None or not _is_on_curve(point):
        raise _refused("keys", "p256dh", msg="Not an uncompressed point on P-256 in base64url")
    if secret is None or len(secret) != 16:
        raise _refused("keys", "auth", msg="Not 16 bytes in base64url")
    return Subscription(endpoint, point, secret)


def _is_on_curve(point: bytes) -> bool:
    if len(point) != 65 or point[0] != 4:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return True


def from_base64url(text: str) -> bytes | None:
    """The bytes of base64url text (RFC 4648 §5), padded or not; None when it is something else."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text):
        return None
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return None


def refuse_address() -> EndpointRefused:
    """What is said of an endpoint whose name leads to an address that is not public."""
    return _refused("endpoint", msg="Not a public address")


def _refused(*loc: str, msg: str) -> EndpointRefused:
    return EndpointRefused.at("body", *loc, type="push_subscription", msg=msg)


type Verdict = Literal["accepted", "gone", "later", "dropped", "refused"]


def judge(status: int | None) -> Verdict:
    """The meaning of a status (RFC 8030 §5, §7, §8.4); None stands for no answer."""
    if status is None or status in {408, 425, 429} or status >= 500:
        return "later"
    if 200 <= status < 300:
        return "accepted"
    if status in {404, 410}:
        return "gone"
    return "dropped" if status == 413 else "refused"


def pause_before_next(tries: int, *, retry_after: str | None, now: datetime) -> timedelta:
    """How long to leave a push service alone: what it asks for (RFC 9110 §10.2.3), else 1 s, 4 s, 16 s, 64 s."""
    asked = asked_pause(retry_after, now=now)
    return min(asked if asked is not None else timedelta(seconds=4.0 ** (tries - 1)), MAX_PAUSE)


def asked_pause(retry_after: str | None, *, now: datetime) -> timedelta | None:
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return timedelta(seconds=int(retry_after))
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())


def owner_after(owner: UUID | None, *, user_id: UUID, linked: bool) -> UUID | None:
    """Whose inbox a patient's notifications go to now; unlinking one user takes nothing from another."""
    if linked:
        return user_id
    return None if owner == user_id else owner


@dataclass(frozen=True, slots=True)
class Timing:
    """When pushes go out.

    quiet: local times between which none does, the second one excluded; they may span midnight.
    zone: whose local time.
    remind_after: how long after its push a letter that is still unread is pushed once more.
    """

    quiet: tuple[time, time] | None = None
    zone: tzinfo = UTC
    remind_after: timedelta | None = None

    def is_quiet(self, now: datetime) -> bool:
        """Whether pushes wait: the clock on the wall decides, whatever it did since (summer time, corrections)."""
        if self.quiet is None:
            return False
        (start, end), wall = self.quiet, now.astimezone(self.zone).time()
        return start <= wall < end if start < end else not end <= wall < start

    def remind_at(self, told_at: datetime) -> datetime | None:
        """When to remind of what was told then; None where nobody is reminded."""
        return None if self.remind_after is None else told_at + self.remind_after
