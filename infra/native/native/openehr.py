"""The openEHR server of this copy: the development server on the fleet's PostgreSQL."""

import sys
from collections.abc import Mapping

from native import postgres
from native.home import Home
from native.http import answers
from native.leftovers import mark
from native.process import Command, Program

SYSTEM_ID = "letters.quill.local"
USER = "letters"
TIER = 1


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/ehrbase/rest/openehr/v1"


def program(home: Home, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Program:
    """The development server; it makes its own tables."""
    port = ports["openehr"]
    database = postgres.url("openehr", secrets["database_openehr"], port=ports["postgres"], database="openehr")
    env = {
        "OPENEHR_PORT": str(port),
        "OPENEHR_DATABASE_URL": database,
        "OPENEHR_USER": USER,
        "OPENEHR_PASSWORD": secrets["openehr_password"],
        "OPENEHR_SYSTEM_ID": SYSTEM_ID,
        **mark(home, "openehr"),
    }
    return Program(
        name="openehr",
        command=Command(argv=(sys.executable, "-m", "openehr_server"), env=env, cwd=home.root),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{port}/ehrbase/management/health/readiness"),
        tier=TIER,
        url=url(port),
    )
