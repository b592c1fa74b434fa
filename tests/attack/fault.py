"""What a fault is that the teeth test plants: it takes one protection away from the running services, and names the
cases of the suite that must see it. Nothing of this is in the product.

A fault patches modules and classes where their users look names up, so that it can be planted and taken back while a
service runs; what is decided as a service starts says `at_start`, and its services are started anew. What a fault needs
is imported inside of it, since it lives in one service and not in the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

type Patch = pytest.MonkeyPatch
type Remove = Callable[[Patch], None]


@dataclass(frozen=True)
class Fault:
    """A protection that can be taken away.

    services: where.
    cases: what must turn red, as pytest names it below tests/.
    at_start: the services must be started anew to lose it.
    """

    remove: Remove
    services: Sequence[str]
    cases: Sequence[str]
    at_start: bool


FAULTS: dict[str, Fault] = {}


def fault(*services: str, cases: Sequence[str], at_start: bool = False) -> Callable[[Remove], Remove]:
    """Make a function a fault of these services."""

    def register(remove: Remove) -> Remove:
        FAULTS[remove.__name__] = Fault(remove, services, cases, at_start)
        return remove

    return register


def always(answer: Any) -> Callable[..., Any]:
    """A function that answers this, whatever it is asked."""
    return lambda *_, **__: answer
