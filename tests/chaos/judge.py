"""Whether the fleet answered as the contract says, while things were broken and when they were not; whether services
grew; whether what a push service gave up is forgotten."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from chaos.history import Call, Harm, History
from chaos.stage import SecondDevice
from chaos.watch import Memory

LONGEST_ANSWER_SECONDS = 10.5  # ten, and what a busy machine takes to notice
# What a harm may be felt for after its end: servers start, connections are made anew, breakers close.
FELT_SECONDS = 20.0
REFUSED = 0.05
DONE = {200, 201}
# What a rule of the contract answers, by method: somebody was faster, or the first try with this key is still at work.
ANSWERED = {("POST", 409), ("PUT", 412)}
# No answer at all, by a broken connection, comes from nobody but Caddy.
SILENT, UNAVAILABLE = 0, 503
EVERYTHING = {"caddy", "postgres"}
# What an answer takes beside these, by the path's beginning; the first that fits.
NEEDS: tuple[tuple[str, str, set[str]], ...] = (
    ("GET", "/api/auth/", {"auth"}),
    ("GET", "/api/notifications", {"notify"}),
    ("GET", "/api/patients/[^/]+/letters", {"letters", "openehr"}),
    ("(POST|PUT)", "/api/patients/[^/]+/letters", {"letters", "openehr", "patients", "fhir", "auth"}),
    ("GET", "/api/(patients|fhir/patients)", {"patients", "fhir"}),
    ("(POST|PUT)", "/api/(patients|fhir/patients)", {"patients", "fhir", "auth"}),
)
# A process is warm after a quarter of its time; what it takes then is compared with what it takes at its end.
WARM, WINDOW, LEAST_LOOKS = 0.25, 0.1, 600
GROWTH_MIB = 20


@dataclass(frozen=True)
class Seen:
    """What was seen of a run from outside.

    spared: the processes that lived through it.
    alone: whether the run had the machine for itself: on an overloaded one services are unavailable without a fault.
    """

    history: History
    memory: Memory = field(default_factory=dict)
    spared: Sequence[str] = ()
    second_devices: Sequence[SecondDevice] = ()
    alone: bool = True


def check_answers(seen: Seen) -> Iterator[str]:
    """Nobody waited for longer than the contract says; whoever was refused was told 503; connections broke with nobody
    but Caddy."""
    for call in seen.history.calls:
        said = f"{call.method} {call.path}: {call.status or 'no answer'}"
        if call.seconds > LONGEST_ANSWER_SECONDS:
            yield f"{said}, after {call.seconds:.1f} s"
        if call.status not in {*DONE, SILENT, UNAVAILABLE} and (call.method, call.status) not in ANSWERED:
            yield said
        if call.status == SILENT and not is_explained(call, seen.history.harms):
            yield f"{said}, and nobody had killed Caddy"


def check_availability(seen: Seen) -> Iterator[str]:
    """Where nothing was broken of what they need, people were not told 503 (but for moments of a busy machine)."""
    well = [call for call in seen.history.calls if not is_explained(call, seen.history.harms)]
    refused = [call for call in well if call.status == UNAVAILABLE]
    if seen.alone and len(refused) > REFUSED * len(well):
        some = ", ".join(f"{call.method} {call.path}" for call in refused[:3])
        yield f"{len(refused)} of {len(well)} requests for what was not broken were answered 503: {some}"


def is_explained(call: Call, harms: Sequence[Harm]) -> bool:
    """Whether something that the call needs was broken while it ran, or shortly before."""
    needs = {"caddy"} if call.status == SILENT else EVERYTHING | needs_of(call)
    return any(
        needs.intersection(harm.breaks)
        and harm.began <= call.at + call.seconds
        and call.at <= harm.ended + FELT_SECONDS
        for harm in harms
    )


def needs_of(call: Call) -> set[str]:
    """The parts that an answer takes beside those that all take."""
    return next(
        parts for method, path, parts in NEEDS if re.fullmatch(method, call.method) and re.match(path, call.path)
    )


def check_memory(seen: Seen) -> Iterator[str]:
    """No service grows while it works, once it is warm; nothing is said of those that did not live long enough."""
    for name in seen.spared:
        lives = [sizes for (process, _), sizes in seen.memory.items() if process == name]
        if len(lives) != 1 or len(lives[0]) < LEAST_LOOKS:
            yield f"{name} did not live through the run, so that nobody saw whether it grows"
            continue
        (sizes,) = lives
        begin, length = int(len(sizes) * WARM), int(len(sizes) * WINDOW)
        warm, last = median(sizes[begin : begin + length]), median(sizes[-length:])
        if last - warm > GROWTH_MIB:
            yield f"{name} grew from {warm} to {last} MiB"


def check_devices(seen: Seen) -> Iterator[str]:
    """A device that its push service gave up is gone, whoever was told so died or not."""
    for one in seen.second_devices:
        known = [device["id"] for device in one.person.get("/api/push/registrations").json()["items"]]
        if (one.id in known) == one.gone:
            yield f"device {one.id}: {'given up and kept' if one.gone else 'lost'}"


CHECKS = (check_answers, check_availability, check_memory, check_devices)
