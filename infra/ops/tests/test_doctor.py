"""The doctor names what is wrong, and does not when nothing is."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from common import clock
from common.consumer import consumes
from common.db import Database
from common.events import DURABLES, STREAMS, PatientCreated
from common.operations import OperationRow
from common.outbox import OutboxRow
from common.work import Work
from fleet import migrated_database
from native.bare import NatsServer, PostgresServer
from nats.js.api import StreamConfig
from ops import doors, stores
from ops.findings import Check, Finding, State, clock_problems, ok, settled
from ops.house import Settings
from ops_house import House
from provision.streams import consumer_config, stream_config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]


async def found(name: str, check: Check) -> dict[str, Finding]:
    return {one.check: one for one in await settled(name, check)}


@pytest.fixture
def migrate(
    house: House, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Database]:
    """Makes a service's database as its migrations make it."""

    def make(service: str) -> Database:
        url = migrated_database(postgres_server, service)
        monkeypatch.setenv(f"QUILL_{service.upper()}_DATABASE_URL", url)
        monkeypatch.setenv("QUILL_SERVICES_FOLDER", str(ROOT / "services"))
        return Database(url, pool_size=1)

    return make


@pytest.fixture
def migrated(migrate: Callable[[str], Database]) -> Database:
    return migrate("letters")


async def letters() -> dict[str, Finding]:
    return await database_of("letters")


async def database_of(service: str) -> dict[str, Finding]:
    return await found(f"{service} database", partial(stores.check_database, Settings(), service))


async def test_server_that_does_not_wait_for_its_disk_is_named(migrated: Database) -> None:
    server = await settled("letters database", partial(stores.check_database, Settings(), "letters"))
    named = {one.found for one in server if one.state is State.FAIL}
    assert named == {"fsync is off", "full_page_writes is off", "synchronous_commit is off"}
    await migrated.close()


async def test_database_in_which_nothing_waits_is_well(migrated: Database) -> None:
    told = await letters()
    assert {told[f"letters {name}"].state for name in ("schema", "outbox", "operations")} == {State.OK}
    await migrated.close()


async def test_schema_that_is_not_the_newest_is_named(migrated: Database) -> None:
    async with migrated.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    await migrated.close()
    told = await letters()
    assert told["letters schema"].state is State.FAIL
    assert "at 0000 instead of 0" in told["letters schema"].found
    assert "letters outbox" not in told


async def test_index_that_was_given_up_is_named_until_it_is_made_again(migrated: Database) -> None:
    assert "letters indexes" not in await letters()
    at_once = migrated.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with migrated.engine.connect() as dump, at_once.connect() as owner:
        await owner.execute(text("SET lock_timeout = '100ms'"))
        await dump.execute(text("SELECT count(*) FROM outbox"))
        with pytest.raises(DBAPIError):
            await owner.execute(text("CREATE INDEX CONCURRENTLY given_up ON outbox (created_at)"))
        told = (await letters())["letters indexes"]
        assert (told.state, told.found) == (State.WARN, "given_up: not valid, so not used")
        await dump.rollback()
        await owner.execute(text("REINDEX INDEX CONCURRENTLY given_up"))
    await migrated.close()
    assert "letters indexes" not in await letters()


async def test_database_that_was_never_migrated_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_SERVICES_FOLDER", str(ROOT / "services"))
    assert (await letters())["letters schema"].found.startswith("at nothing instead of")


async def test_what_waits_for_over_a_minute_is_worth_a_look(migrated: Database) -> None:
    old = clock.now() - timedelta(minutes=3)
    async with migrated.transaction() as session:
        session.add(OutboxRow(id=uuid4(), subject="s", headers={}, body={}, created_at=old))
        waiting = {"caller_id": uuid4(), "lease_until": old, "next_try_at": old, "created_at": old}
        session.add(OperationRow.model_validate({"kind": "k", "payload": {}, "actor": {}, **waiting}))
    await migrated.close()
    told = await letters()
    assert told["letters outbox"].found == "not published: 1, the oldest for 3 min"
    assert told["letters operations"].found == "waiting: 1, the oldest for 3 min"
    assert {told[f"letters {name}"].state for name in ("outbox", "operations")} == {State.WARN}


async def test_webhooks_that_get_nothing_are_counted(migrate: Callable[[str], Database]) -> None:
    notify = migrate("notify")
    assert (await database_of("notify"))["webhooks"].state is State.OK
    made = "INSERT INTO webhooks (id, sealed, events, created_at, failing_since, disabled_at) VALUES "
    made += "(gen_random_uuid(), '', '{}', now(), now(), NULL), (gen_random_uuid(), '', '{}', now(), now(), now())"
    async with notify.transaction() as session:
        await session.execute(text(made))
    await notify.close()
    told = (await database_of("notify"))["webhooks"]
    assert (told.state, told.found) == (State.WARN, "failing: 1, disabled: 1")


async def broker() -> dict[str, Finding]:
    return await found("nats", partial(stores.check_broker, Settings()))


async def test_streams_of_the_catalogue_are_well_and_durables_that_nobody_reads_are_named(house: House) -> None:
    told = await broker()
    assert {told[name].state for name in ("nats", "streams", "dead letters")} == {State.OK}
    assert {name for name, one in told.items() if one.found == "nobody reads it"} == {one.name for one in DURABLES}


async def test_durable_with_a_reader_is_not_named(house: House) -> None:
    @consumes(PatientCreated, durable="letters-patient-created")
    async def idle(work: Work[None], event: PatientCreated) -> None:
        return None

    async with house.service("letters", idle):
        assert "letters-patient-created" not in await broker()


async def test_streams_and_durables_that_drifted_are_named(house: House) -> None:
    async with house.client("provision") as client:
        short: StreamConfig = stream_config(STREAMS[2]).evolve(max_age=3600.0)
        await client.jetstream().update_stream(short)
        eager = consumer_config(DURABLES[0]).evolve(ack_wait=5.0)
        await client.jetstream().add_consumer(DURABLES[0].event.stream(), eager)
    told = await broker()
    assert told["stream LETTERS"].found == "max_age is 60 min instead of 30 d"
    assert told[DURABLES[0].name].state is State.FAIL
    assert "streams" not in told


async def test_empty_broker_misses_every_stream_and_durable(house: House, new_nats: NatsServer) -> None:
    house.move_to(new_nats)
    told = await broker()
    missing = {name for name, one in told.items() if one.found == "is missing"}
    assert missing == {f"stream {one.name}" for one in STREAMS} | {one.name for one in DURABLES}


async def test_durable_that_is_behind_and_dead_letters_are_worth_a_look(house: House) -> None:
    async with house.client("patients") as patients, house.client("letters") as buried:
        await patients.jetstream().publish(PatientCreated.subject, b"{}")
        await buried.jetstream().publish("quill.dlq.letters.letters-patient-created", b"{}")
    clock.move_to(180)
    try:
        told = await settled("nats", partial(stores.check_broker, Settings()))
    finally:
        clock.move_to(0)
    warnings = {one.check: one.found for one in told if one.state is State.WARN}
    assert warnings == {
        "letters-patient-created": "waiting: 1, the oldest for 3 min",
        "notify-webhooks-patients": "waiting: 1, the oldest for 3 min",
        "dead letters": "buried: 1",
    }


def monitor() -> tuple[str, str]:
    """The one NATS server's name and the URL of its monitor."""
    ((name, url),) = Settings().monitors().items()
    return name, url


async def test_broker_says_whether_it_waits_for_its_disk(
    house: House, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await found("m", partial(stores.check_monitor, *monitor())))["nats disk"].state is State.OK
    monkeypatch.setenv("QUILL_NATS_MONITOR_URL", f"http://127.0.0.1:{nats_server.monitor_port}")
    assert (await found("m", partial(stores.check_monitor, *monitor())))["nats disk"].state is State.FAIL


@pytest.mark.usefixtures("house")
async def test_each_broker_of_a_cluster_is_looked_at_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_NATS_MONITOR_URL", "http://a:1,http://b:2")
    assert Settings().monitors() == {"nats-0": "http://a:1", "nats-1": "http://b:2"}


@pytest.mark.parametrize(
    ("silent", "told"), [(1, ["well", "well too"]), (2, ["well", "does not answer (TimeoutError)"])]
)
async def test_server_is_asked_again_before_it_counts_as_silent(silent: int, told: list[str]) -> None:
    asked = 0

    async def check() -> AsyncIterator[Finding]:
        nonlocal asked
        asked += 1
        yield ok("server", "well")
        if asked <= silent:
            raise TimeoutError
        yield ok("server", "well too")

    assert [one.found for one in await settled("server", check)] == told
    assert asked == 2


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1.5, []),
        (-1.5, []),
        (3, ["its clock is 3.0 s ahead of this machine's"]),
        (-60, ["its clock is 60.0 s behind this machine's"]),
    ],
)
async def test_clock_is_compared_with_this_machines(seconds: float, told: list[str]) -> None:
    now = datetime.now(UTC)
    assert [one.found for one in clock_problems("x", now + timedelta(seconds=seconds), asked=now)] == told


async def test_file_of_secrets_that_others_can_read_is_named(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    monkeypatch.setenv("QUILL_REFRESH_KEY_FILE", str(secret))
    assert (await found("m", partial(doors.check_machine, Settings())))["secrets"].state is State.OK
    secret.chmod(0o640)
    told = (await found("m", partial(doors.check_machine, Settings())))["secrets"]
    assert (told.state, told.advice) == (State.FAIL, f"chmod 600 {secret}")


async def test_every_server_that_does_not_answer_is_named_within_seconds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        if name.endswith("_database_url"):
            monkeypatch.setenv(f"QUILL_{name.upper()}", "postgresql://nobody:x@127.0.0.1:9/nothing")
    monkeypatch.setenv("QUILL_NATS_URL", "nats://127.0.0.1:9")
    monkeypatch.setenv("QUILL_NATS_MONITOR_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("QUILL_LETTERS_URL", "http://127.0.0.1:9,http://127.0.0.1:10")
    began = time.monotonic()
    told = await house.quill("doctor", "--json")
    assert time.monotonic() - began < 25
    failed = {one["check"] for one in told.json if one["state"] == "fail"}
    services = {"auth", "patients", "letters", "letters-2", "notify"}
    databases = {f"{service} database" for service in services if "-" not in service}
    assert failed == services | databases | {"nats", "nats monitor", "fhir", "openehr", "health", "keys", "caddy"}
    assert told.code == 1


async def test_report_for_people_holds_in_eighty_columns(house: House) -> None:
    told = await house.quill("doctor")
    assert max(map(len, told.lines)) <= 80
    assert told.lines[0].startswith("ok")
    assert " to mend, " in told.lines[-1]
    assert "\x1b" not in told.text
