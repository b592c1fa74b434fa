"""Every screen of the app, who opens it, and what it shows there; a test holds this list to the app's own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fleet import ROOT


@dataclass(frozen=True)
class Screen:
    """An address as the app declares it, the role that opens it (None: nobody), and its heading there."""

    path: str
    role: str | None
    heading: str

    @property
    def name(self) -> str:
        """Short, for names of tests and files."""
        return f"{self.role or 'anyone'}{self.path.replace('/', '-').replace(':', '')}".rstrip("-")

    def address(self, **ids: str) -> str:
        """The path with ids in the places of its parameters."""
        return re.sub(r":(\w+)", lambda found: ids[found[1]], self.path)


SCREENS = (
    Screen("/sign-in", None, "Sign in to Quill"),
    Screen("/register", None, "Register as a patient"),
    Screen("/activate", None, "Activate your account"),
    Screen("/accessibility", None, "How accessible Quill is"),
    Screen("/", "patient", "Welcome"),
    Screen("/letters", "patient", "Your letters"),
    Screen("/letters/:uid", "patient", "Your blood test results"),
    Screen("/link", "patient", "Link your record"),
    Screen("/notifications", "patient", "Notifications"),
    Screen("/record-access", "patient", "Who has looked at your record"),
    Screen("/install", "patient", "Install Quill"),
    Screen("/account", "patient", "Account and security"),
    Screen("/patients", "clinician", "Patients"),
    Screen("/patients/new", "clinician", "Register a patient"),
    Screen("/patients/:id", "clinician", "Margaret"),
    Screen("/patients/:id/letters", "clinician", "Letters"),
    Screen("/patients/:id/letters/new", "clinician", "Write a letter"),
    Screen("/patients/:id/letters/:uid", "clinician", "Your blood test results"),
    Screen("/patients/:id/letters/:uid/amend", "clinician", "Amend"),
    Screen("/patients/:id/letters/:uid/versions", "clinician", "Versions"),
    Screen("/admin/users", "admin", "Users"),
    Screen("/admin/users/new", "admin", "New user"),
    Screen("/admin/users/:id", "admin", "Margaret Hartley"),
    Screen("/admin/webhooks", "admin", "Webhooks"),
    Screen("/admin/webhooks/new", "admin", "New webhook"),
    Screen("/admin/audit", "admin", "Audit trail"),
    Screen("/admin/health", "admin", "System health"),
    Screen("/nowhere", None, "There is no page at this address"),
)


def declared_paths() -> Iterator[str]:
    """The addresses that the app itself names."""
    source = (ROOT / "web/src/app/paths.ts").read_text()
    listed = source[source.index("[") : source.index("]")]
    yield from re.findall(r'"(/[^"]*)"', listed)
