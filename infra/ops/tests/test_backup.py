"""What a backup holds comes back as it was, each store as a whole or not at all, and nothing that is there is lost."""

import asyncio
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from common import clock
from common.outbox import OutboxRow
from common.work import Work
from native.bare import NatsServer, PostgresServer
from ops_house import SERVICES, House, announce, following, until
from quill_command import Output
from sqlalchemy import func, select
from sqlmodel import col

pytestmark = pytest.mark.anyio

SECRET = '{"password_pepper": "q-pepper-of-then", "database_auth": "q-password"}'


@dataclass
class Vault:
    """Where an operator keeps a backup, its key and the fleet's secrets."""

    house: House
    folder: Path
    recipient: str = ""

    @property
    def file(self) -> Path:
        return self.folder / "quill.backup"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    async def make(self) -> None:
        made = await self.house.quill("backup", "make", self.file, "--recipient", self.recipient)
        assert (made.code, made.errors) == (0, "")

    async def restore(self, *options: object) -> Output:
        return await self.house.quill("restore", self.file, "--identity", self.folder / "key", *options)


@pytest.fixture
async def vault(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    vault = Vault(house, tmp_path)
    vault.secrets.write_text(SECRET)
    monkeypatch.setenv("QUILL_BACKUP_KEYS", str(vault.secrets))
    vault.recipient = (await house.quill("backup", "key", tmp_path / "key")).text.strip()
    return vault


def lose(house: House, server: PostgresServer, nats: NatsServer) -> None:
    """Every store is a new, empty one from now on."""
    house.databases = {service: server.create_database() for service in SERVICES}
    house.move_to(nats)


async def published(work: Work[None]) -> None:
    async with asyncio.timeout(60):
        while True:
            async with work.transaction() as session:
                waits = select(func.count()).where(col(OutboxRow.published_at).is_(None))
                if not await session.scalar(waits):
                    return
            await asyncio.sleep(0.01)


async def write(house: House, *patients: UUID) -> None:
    """Facts of patients, published and handled by letters."""
    handled: list[UUID] = []
    async with house.service("patients") as work, house.service("letters", following(handled)):
        await announce(work, *patients)
        await until(lambda: len(handled) == len(patients))
        await published(work)


def rows(url: str) -> Mapping[str, list[Any]]:
    """Everything in a database's tables."""
    with psycopg.connect(url) as connection:
        return {
            table: sorted(connection.execute(f"SELECT t::text FROM {table} t").fetchall())  # noqa: S608
            for table in ("inbox", "operations", "outbox")
        }


async def messages(house: House) -> list[Any]:
    """Everything in the stream of patients, with places, times and ids."""
    async with house.client("operator") as client:
        stream = client.jetstream()
        state = (await stream.stream_info("PATIENTS")).state
        found = [await stream.get_msg("PATIENTS", seq) for seq in range(1, state.last_seq + 1)]
    return [(one.seq, one.time, one.headers, one.data) for one in found]


async def everything(house: House) -> tuple[Mapping[str, Any], list[Any]]:
    return {name: rows(url) for name, url in house.databases.items()}, await messages(house)


async def test_everything_that_was_lost_comes_back_as_it_was(
    vault: Vault, postgres_server: PostgresServer, new_nats: NatsServer
) -> None:
    house = vault.house
    await write(house, *(uuid4() for _ in range(20)))
    before = await everything(house)
    await vault.make()
    lose(house, postgres_server, new_nats)
    told = await vault.restore("--json")
    assert told.json == dict.fromkeys(("notify", "auth", "letters", "patients", "streams"), "restored")
    assert await everything(house) == before
    await write(house, later := uuid4())
    assert str(later) in str((await messages(house))[-1])


async def test_what_was_heard_since_the_dump_comes_again_and_the_rest_is_not_done_twice(
    vault: Vault, postgres_server: PostgresServer
) -> None:
    house, handled = vault.house, list[UUID]()
    before, since, later = uuid4(), uuid4(), uuid4()
    await write(house, before)
    await vault.make()
    await write(house, since)
    house.databases["letters"] = postgres_server.create_database()
    house.move_to(house.nats)
    assert (await vault.restore("--only", "letters", "--json")).json == {"letters": "restored"}
    async with house.service("patients") as work, house.service("letters", following(handled)):
        await announce(work, later)
        await until(lambda: later in handled)
    assert handled == [since, later]


async def test_streams_that_are_older_than_the_services_are_told_what_they_lack(
    vault: Vault, new_nats: NatsServer
) -> None:
    house, handled = vault.house, list[UUID]()
    first, since, unheard = uuid4(), uuid4(), uuid4()
    await write(house, first)
    await vault.make()
    await write(house, since)
    async with house.service("patients") as work:
        await announce(work, unheard)
        await published(work)
    house.move_to(new_nats)
    assert (await vault.restore("--only", "streams")).code == 0
    async with house.service("patients") as work, house.service("letters", following(handled)):
        await until(lambda: unheard in handled)
        await published(work)
    assert handled == [unheard]
    found = str(await messages(house))
    assert all(str(one) in found for one in (first, since, unheard))


async def test_store_that_is_not_empty_is_refused_and_nothing_is_touched(
    vault: Vault, postgres_server: PostgresServer
) -> None:
    house = vault.house
    await write(house, uuid4())
    await vault.make()
    house.databases["notify"] = postgres_server.create_database()  # would be the first to be put back
    house.move_to(house.nats)
    await write(house, uuid4())
    before = rows(house.databases["letters"]), await messages(house)
    told = await vault.restore()
    assert told.code == 1
    assert told.errors.startswith("quill: auth is not empty; --replace puts the backup in its place")
    assert (rows(house.databases["letters"]), await messages(house)) == before
    with psycopg.connect(house.databases["notify"]) as connection:
        assert connection.execute("SELECT to_regclass('inbox')").fetchone() == (None,)


async def test_replace_puts_the_backup_in_the_place_of_what_is_there(vault: Vault) -> None:
    house = vault.house
    await write(house, uuid4())
    before = await everything(house)
    await vault.make()
    await write(house, uuid4())
    with psycopg.connect(house.databases["letters"]) as connection:
        connection.execute("CREATE TABLE newer AS SELECT 1 AS one")
    assert (await vault.restore("--replace")).code == 0
    assert await everything(house) == before
    with psycopg.connect(house.databases["letters"]) as connection:
        assert connection.execute("SELECT to_regclass('newer')").fetchone() == (None,)


async def test_second_run_leaves_alone_what_the_first_put_back(
    vault: Vault, postgres_server: PostgresServer, new_nats: NatsServer
) -> None:
    house = vault.house
    await write(house, uuid4())
    await vault.make()
    lose(house, postgres_server, new_nats)
    assert (await vault.restore("--only", "notify", "--only", "letters")).code == 0
    told = (await vault.restore("--json")).json
    first = {"notify": "was restored before", "auth": "restored", "letters": "was restored before"}
    assert told == first | {"patients": "restored", "streams": "restored"}
    again = await vault.restore("--json")
    assert again.errors == ""
    assert set(again.json.values()) == {"was restored before"}


async def test_store_in_use_is_refused(vault: Vault) -> None:
    await vault.make()
    with psycopg.connect(vault.house.databases["letters"]):
        told = await vault.restore("--replace")
    assert (told.code, told.errors) == (1, "quill: letters is in use (1 connections): stop what works with it\n")


async def test_damaged_dump_is_refused_before_anything_is_touched(vault: Vault) -> None:
    house = vault.house
    await write(house, uuid4())
    await vault.make()
    before = rows(house.databases["auth"])
    with tarfile.open(vault.file) as tar:
        place = tar.getmember("databases/patients.sql.gz.age").offset_data + 300
    content = bytearray(vault.file.read_bytes())
    content[place] ^= 1
    vault.file.write_bytes(content)
    told = await vault.restore("--replace")
    assert (told.code, rows(house.databases["auth"])) == (1, before)
    assert told.errors == "quill: databases/patients.sql.gz.age is not what was written: its SHA-256 is another\n"


async def test_backup_that_was_cut_short_or_has_another_key_is_refused(vault: Vault) -> None:
    await vault.make()
    other = vault.folder / "other"
    await vault.house.quill("backup", "key", other)
    told = await vault.house.quill("restore", vault.file, "--identity", other)
    assert (told.code, told.errors) == (1, "quill: manifest.json.age cannot be opened with this key\n")
    vault.file.write_bytes(vault.file.read_bytes()[:-4096])
    assert "quill.backup" in (cut := await vault.restore()).errors
    assert cut.code == 1


async def test_dump_that_postgresql_does_not_take_leaves_the_database_as_it_was(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = vault.house
    await write(house, uuid4())
    with psycopg.connect(house.databases["letters"]) as connection:
        connection.execute("CREATE TABLE names (name text CHECK (name <> 'Mrs Example'))")
        connection.execute("ALTER TABLE names DROP CONSTRAINT names_name_check")
        connection.execute("INSERT INTO names VALUES ('Mrs Example')")
        connection.execute("ALTER TABLE names ADD CHECK (name <> 'Mrs Example') NOT VALID")
        connection.execute("CREATE FUNCTION fails() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'")
        connection.execute("CREATE TABLE broken (one int CHECK (one = fails()))")
        connection.execute("INSERT INTO broken VALUES (1)")
        connection.execute("CREATE OR REPLACE FUNCTION fails() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2'")
    before = rows(house.databases["letters"])
    await vault.make()
    told = await vault.restore("--only", "letters", "--replace")
    assert told.code == 1
    assert told.errors == "quill: PostgreSQL does not take the dump of letters (ERROR: 23514); it is as it was\n"
    assert rows(house.databases["letters"]) == before


async def test_backup_is_its_owners_only_and_never_written_over_another(vault: Vault) -> None:
    await vault.make()
    again = await vault.house.quill("backup", "make", vault.file, "--recipient", vault.recipient)
    assert vault.file.stat().st_mode & 0o777 == 0o600
    assert (again.code, again.errors) == (1, f"quill: {vault.file} is there already\n")
    assert b"CREATE TABLE" not in vault.file.read_bytes()
    assert [one.name for one in vault.folder.iterdir() if one.suffix == ".part"] == []


def dated(days: float, end: str = "") -> str:
    """The name of a backup of so many days ago."""
    return (clock.now() - timedelta(days=days)).strftime(f"quill-%Y%m%dT%H%M%SZ.backup{end}")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with backups: two that are older than a week, one that is not, and what somebody else put there."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in (dated(9), dated(7.1, ".part"), dated(6.9), "monday.backup", "quill-notes.backup"):
        (folder / name).touch()
    return folder


async def test_backup_in_a_folder_has_its_time_as_its_name_and_old_ones_go(vault: Vault, shelf: Path) -> None:
    others = {one.name for one in shelf.iterdir()}
    options = (shelf, "--recipient", vault.recipient, "--keep-days", 7, "--json")
    made = await vault.house.quill("backup", "make", *options)
    file = Path(made.json["file"])
    assert [one[:6] + one[22:] for one in made.json["removed"]] == ["quill-.backup", "quill-.backup.part"]
    assert {one.name for one in shelf.iterdir()} == others - {*made.json["removed"]} | {file.name}
    assert dated(0.01) < file.name <= dated(0)
    checked = await vault.house.quill("backup", "check", file, "--identity", vault.folder / "key")
    assert checked.code == 0


async def test_old_backups_stay_where_no_new_one_was_made(vault: Vault, shelf: Path) -> None:
    others = {one.name for one in shelf.iterdir()}
    failed = await vault.house.quill("backup", "make", shelf, "--recipient", "age1wrong", "--keep-days", 7)
    assert (failed.code, {one.name for one in shelf.iterdir()}) == (1, others)
    refused = await vault.house.quill("backup", "make", vault.file, "--recipient", vault.recipient, "--keep-days", 7)
    assert (refused.code, vault.file.exists()) == (2, False)


async def test_secrets_can_come_by_standard_input(vault: Vault) -> None:
    arguments = (vault.file, "--recipient", vault.recipient, "--keys", "-", "--json")
    made = await vault.house.quill("backup", "make", *arguments, answer="QUILL_PASSWORD_PEPPER=q-by-stdin\n")
    assert made.json["parts"][-1]["file"] == "keys/.env.age"
    assert (await vault.restore("--keys-to", vault.folder / "home")).code == 0
    assert (vault.folder / "home" / ".env").read_text() == "QUILL_PASSWORD_PEPPER=q-by-stdin\n"


async def test_check_tells_what_a_backup_holds(vault: Vault) -> None:
    await vault.make()
    told = await vault.house.quill("backup", "check", vault.file, "--identity", vault.folder / "key", "--json")
    stores = [one["store"] for one in told.json["parts"]]
    assert stores == [
        *("notify", "auth", "letters", "patients"),
        *("AUTH", "PATIENTS", "LETTERS", "NOTIFY", "AUDIT", "DLQ"),
        "secrets.json",
    ]
    assert "q-pepper" not in told.text


async def test_backup_without_a_recipient_or_without_secrets_is_refused(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await vault.house.quill("backup", "make", vault.file)
    assert told.errors.startswith("quill: name whom to encrypt for: --recipient age1…")
    monkeypatch.delenv("QUILL_BACKUP_KEYS")
    told = await vault.house.quill("backup", "make", vault.file, "--recipient", vault.recipient)
    assert told.errors == "quill: name the file with the fleet's secrets: --keys FILE\n"
    assert not vault.file.exists()


@pytest.mark.parametrize(
    ("ours", "refused"),
    [
        ('{"password_pepper": "q-another"}', True),
        ('{"password_pepper": "q-another", "password_pepper_previous": "q-pepper-of-then"}', False),
        ("# of docker compose\nQUILL_PASSWORD_PEPPER=q-pepper-of-then\n", False),
        ("", True),
    ],
)
async def test_backup_is_put_where_its_keys_are_only(vault: Vault, ours: str, refused: bool) -> None:
    await vault.make()
    vault.secrets.write_text(ours)
    told = await vault.restore("--replace")
    assert (told.code == 1) is refused
    assert told.errors.startswith("quill: password_pepper of the backup is not among") is refused
    assert "q-pepper" not in told.text + told.errors


async def test_secrets_are_put_into_a_new_home_and_never_over_others(vault: Vault) -> None:
    await vault.make()
    home = vault.folder / "home"
    assert (await vault.restore("--keys-to", home)).code == 0
    assert (home / "secrets.json").read_text() == SECRET
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (await vault.restore("--keys-to", home)).code == 1
