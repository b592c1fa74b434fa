"""Faults that the teeth test plants: each takes one protection away from the real service as it starts, and names the
cases of the suite that must see it. Nothing of this is in the product."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A protection that is missing.

    services: where it is planted.
    cases: the cases that must turn red, as pytest names them.
    remove: takes the protection away, in the process that starts.
    """

    services: Sequence[str]
    cases: Sequence[str]
    remove: Callable[[], None]

    def plant(self, service: str) -> None:
        """Called as a service starts."""
        if service in self.services:
            self.remove()


FAULTS: dict[str, Fault] = {}
