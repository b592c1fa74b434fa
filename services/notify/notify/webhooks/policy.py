"""Pure rules of webhooks: who registers them, where they may lead, what is signed, what an answer leads to."""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from common.events import WEBHOOK_FACTS, Event
from common.policy import Policy

from notify.errors import UrlRefused
from notify.policy import ORIGIN, asked_pause

MANAGE_WEBHOOKS = Policy(name="manage webhooks", roles=frozenset({"admin"}), vital=True)

MAX_WEBHOOKS = 20
MAX_URL_LENGTH = 2048
PREFIX = "whsec_"
SECRET_BYTES = 32
# The first try is made at once. Ten tries in three days, as Standard Webhooks proposes.
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
MAX_TRIES = len(PAUSES) + 1
DISABLED_AFTER = timedelta(days=3)
UNDELIVERED_KEPT = timedelta(days=30)

# Names only: an address would pass the resolver that judges addresses. Their last label is not numeric, whatever a
# parser makes of those (WHATWG URL, "ends in a number").
NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
URL = re.compile(ORIGIN + r"([/?][!\"$-\[\]-~]*)?", re.IGNORECASE | re.ASCII)

# The names of facts in the contract: letter.created for quill.letters.v1.letter.created.
NAMES: Mapping[type[Event], str] = {
    fact: ".".join(fact.subject.split(".")[-2:]) for facts in WEBHOOK_FACTS.values() for fact in facts
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a webhook leads, and the secret that it is signed with."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def check_url(url: str, *, trusted: Set[str]) -> str:
    """The origin of a receiver that we agree to connect to.

    `trusted` origins were added by configuration: they skip the scheme, port, name and address rules.

    Raises:
        UrlRefused: not a plain https URL on port 443 of a host that has a name.
    """
    match = URL.fullmatch(url)
    if match is None or len(url) > MAX_URL_LENGTH:
        raise _refused("Not a plain https URL")
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"] or ""
    if (origin := f"{scheme}://{host}{port}") in trusted:
        return origin
    if scheme != "https" or port not in {"", ":443"}:
        raise _refused("A webhook is reached by https on port 443")
    if not NAME.fullmatch(host):
        raise _refused("A webhook is reached by the name of a public server")
    return f"https://{host}"


def refuse_address() -> UrlRefused:
    """What is said of a URL whose name leads to an address that is not public."""
    return _refused("Not a public address")


def _refused(msg: str) -> UrlRefused:
    return UrlRefused.at("body", "url", type="webhook_url", msg=msg)


def new_secret() -> str:
    """A fresh signing secret (Standard Webhooks, "Signature scheme": 24 to 64 random bytes in base64)."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(name: str, *, at: datetime, data: Mapping[str, Any]) -> bytes:
    """What a receiver gets: the fact's name, when it happened, its body; the same bytes at each try."""
    timestamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": name, "timestamp": timestamp, "data": data}, separators=(",", ":")).encode()


def headers_of(event_id: UUID | str, *, sent_at: datetime, secret: str, body: bytes) -> dict[str, str]:
    """The headers of one try (Standard Webhooks, "Webhook headers").

    Args:
        event_id: the same at each try and for each webhook, so that receivers know what they have had.
        sent_at: the time of this try, so that receivers can refuse what somebody recorded.
        secret: as `new_secret` makes it.
        body: what is sent.
    """
    key, timestamp = base64.b64decode(secret.removeprefix(PREFIX)), int(sent_at.timestamp())
    signature = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, "sha256")
    return {
        "Content-Type": "application/json",
        "webhook-id": str(event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


type Verdict = Literal["accepted", "later", "given_up", "gone"]


def judge(status: int | None, *, tries: int) -> Verdict:
    """What the status of a try leads to; None stands for no answer. All but 2xx and 410 may be better next time."""
    if status is not None and 200 <= status < 300:
        return "accepted"
    if status == 410:
        return "gone"
    return "later" if tries < MAX_TRIES else "given_up"


def pause_before_next(tries: int, *, retry_after: str | None, now: datetime) -> timedelta:
    """How long to leave a receiver alone after so many tries: for longer where it asks for that, up to a day."""
    asked = asked_pause(retry_after, now=now) or timedelta()
    return max(PAUSES[tries - 1], min(asked, PAUSES[-1]))


def is_dead(*, failing_since: datetime, now: datetime) -> bool:
    """Whether a receiver to which something could not be delivered is not there any more: it took nothing for days."""
    return now - failing_since >= DISABLED_AFTER
