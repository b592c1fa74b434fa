"""What only the development server owes: it says what it is, starts and stops quickly, and outlives its database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from contracts.openehr.development_server import Running, development_server
from contracts.openehr.letters_data import TEMPLATE, composition
from native.bare import PostgresServer
from psycopg import sql


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database()


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    with development_server(database_url) as running:
        yield running


def allow_connections(postgres: PostgresServer, database_url: str, *, allowed: bool) -> None:
    """Takes the database away from everybody, or gives it back."""
    name = database_url.rpartition("/")[2]
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        word = sql.SQL("true" if allowed else "false")
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), word))
        if not allowed:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def test_it_says_that_it_is_no_ehrbase_and_not_for_clinical_use(running: Running) -> None:
    status = running.server.client.get("/ehrbase/rest/status").json()
    assert status["product"] == "Quill development openEHR server"
    assert "not for clinical use" in status["purpose"]
    assert "ehrbase_version" not in status
    health = running.server.client.get("/ehrbase/management/health").json()
    assert health["product"] == "Quill development openEHR server"


def test_without_its_database_it_answers_500_and_is_not_ready_and_comes_back(
    running: Running, postgres_server: PostgresServer, database_url: str
) -> None:
    ehr_id = running.server.create_ehr(str(uuid4()))
    allow_connections(postgres_server, database_url, allowed=False)
    answers = [running.server.call("GET", f"/ehr/{ehr_id}") for _ in range(12)]
    assert {answer.status_code for answer in answers} == {500}
    assert answers[0].json()["error"] == "Internal Server Error"
    assert running.readiness() == 503
    allow_connections(postgres_server, database_url, allowed=True)
    assert running.readiness() == 200
    assert running.server.call("GET", f"/ehr/{ehr_id}").status_code == 200


def test_what_was_written_is_there_after_a_restart(database_url: str) -> None:
    with development_server(database_url) as running:
        running.server.upload_template(TEMPLATE)
        ehr_id = running.server.create_ehr(str(uuid4()))
        uid = running.server.version_uid(uuid4())
        assert running.server.post_letter(ehr_id, composition(uid)).status_code == 204
    with development_server(database_url) as running:
        assert running.server.call("GET", f"/ehr/{ehr_id}/composition/{uid}").status_code == 200
        assert running.server.post_letter(ehr_id, composition()).status_code == 204


def test_it_stops_within_two_seconds(running: Running) -> None:
    started = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=5) in (0, -signal.SIGTERM)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("missing", ["OPENEHR_DATABASE_URL", "OPENEHR_PASSWORD", "OPENEHR_SYSTEM_ID", "OPENEHR_PORT"])
def test_it_does_not_start_without_a_setting_and_names_it(missing: str) -> None:
    given = {f"OPENEHR_{name}": "1" for name in ("DATABASE_URL", "USER", "PASSWORD", "SYSTEM_ID", "PORT")}
    del given[missing]
    ended = subprocess.run(
        [sys.executable, "-m", "openehr_server"],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert missing in ended.stderr


def test_it_ends_with_one_sentence_where_no_database_answers() -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "OPENEHR_DATABASE_URL": "postgresql://openehr:secret-word@127.0.0.1:1/openehr",
        "OPENEHR_USER": "u",
        "OPENEHR_PASSWORD": "p",
        "OPENEHR_SYSTEM_ID": "s",
        "OPENEHR_PORT": "18799",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "openehr_server"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret-word" not in ended.stderr
