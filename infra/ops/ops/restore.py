"""`quill restore`: puts back what a backup holds, each store as a whole or not at all."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from common.events import DURABLES

from ops import archive, events, house, secrets, streams
from ops.archive import Manifest, Part, Reader
from ops.backup import Archive, BackupSettings, Identity, Keys
from ops.databases import State, Store
from ops.house import SERVICES, AsJson, Broker, Refused, Settings
from ops.pipes import read_from

STREAMS = "streams"  # all of them are one store
LOOKS, LOOK_SECONDS = 6, 0.3
CLOCKS = timedelta(minutes=2)  # between the machines' clocks, and then some: handing more again does no harm

app = typer.Typer(
    context_settings={"allow_interspersed_args": True}, help="Puts back what a backup holds; see docs/backup.md."
)

Only = Annotated[list[str] | None, typer.Option("--only", help="A database's name, or `streams`; can come again")]
Replace = Annotated[bool, typer.Option("--replace", help="Also where something is: what is there is lost")]
KeysTo = Annotated[Path | None, typer.Option(help="Only put the backup's secrets into this folder", metavar="FOLDER")]


@app.callback(invoke_without_command=True)
def restore(  # noqa: PLR0913 - an option each
    file: Archive,
    identity: Identity,
    only: Only = None,
    replace: Replace = False,
    keys: Keys = None,
    keys_to: KeysTo = None,
    as_json: AsJson = False,
) -> None:
    """Put back every store of a backup, or some, after comparing every dump with its checksum.

    A store that holds something is refused, unless this backup was put there before. The services must not run.
    """
    if keys_to:
        house.run(_write_keys(file, identity, keys_to))
        return
    done = house.run(_Restoration(BackupSettings(), keys=keys, replace=replace).run(file, identity, only))
    if as_json:
        house.print_json(done)
    else:
        house.print_table(("store", "outcome"), list(done.items()), without="nothing was to do")


async def _write_keys(file: Path, identity: Path, folder: Path) -> None:
    backup = Reader(file, archive.read_identities(identity))
    backup.verify()
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    for part in _of_kind(backup.manifest, "keys"):
        archive.write_new(folder / Path(part.store).name, _content(backup, part))


class _Restoration:
    """One run of the command on one fleet."""

    def __init__(self, settings: BackupSettings, *, keys: Path | None, replace: bool) -> None:
        self._settings, self._stores = settings, settings.stores
        self._keys, self._replace = keys or settings.backup_keys, replace

    async def run(self, file: Path, identity: Path, only: Sequence[str] | None) -> Mapping[str, str]:
        """What became of each store.

        Raises:
            Refused: before anything is touched, where a check fails; otherwise naming the store, which is as it was.
        """
        backup = Reader(file, archive.read_identities(identity))
        backup.verify()
        chosen = _chosen(backup.manifest, only)
        self._check_keys(backup)
        async with self._settings.backup_broker() as broker:
            wanted = {name: await self._is_wanted(broker, backup.manifest, name) for name in chosen}
            done = {}
            for name, needed in wanted.items():
                if needed:
                    await self._put_back(broker, backup, name)
                done[name] = "restored" if needed else "was restored before"
        await self._tell_again(backup.manifest, chosen)
        return done

    def _check_keys(self, backup: Reader) -> None:
        """What this backup's stores were closed with must be known here."""
        for part in _of_kind(backup.manifest, "keys"):
            theirs = secrets.read(_content(backup, part))
            ours = set(secrets.read(secrets.load(self._keys) if self._keys else b"").values())
            absent = [name for name, value in theirs.items() if _is_key(name) and value not in ours]
            if absent:
                raise Refused(
                    f"{', '.join(absent)} of the backup is not among this fleet's secrets: put it there first, "
                    "as the previous one where there is a newer (--keys-to has them)"
                )

    async def _is_wanted(self, broker: Broker, manifest: Manifest, name: str) -> bool:
        """Whether there is something to do; False where this backup was put before.

        Raises:
            Refused: the store is in use, is not here, or holds something and --replace was not given.
        """
        if name == STREAMS:
            full, same = await _compare_streams(broker, manifest)
        elif (store := self._stores.get(name)) is None:
            raise Refused(f"this fleet has no database {name}")
        else:
            state = await look_unused(store)
            full, same = state.tables > 0, state.restored == str(manifest.id)
        if full and not same and not self._replace:
            raise Refused(f"{name} is not empty; --replace puts the backup in its place, and what is there is lost")
        return self._replace or not (full and same)

    async def _put_back(self, broker: Broker, backup: Reader, name: str) -> None:
        if name != STREAMS:
            (part,) = (one for one in _of_kind(backup.manifest, "database") if one.store == name)
            await asyncio.to_thread(_put_database, backup, part, self._stores[name])
            return
        for part in _of_kind(backup.manifest, "stream"):
            with read_from(lambda target, part=part: backup.copy(part, target)) as source:  # type: ignore[misc]
                await streams.restore(broker, part.store, part.about, source, copies=self._settings.copies)

    async def _tell_again(self, manifest: Manifest, chosen: Sequence[str]) -> None:
        """What the stores that are older now missed comes to them again; each leaves alone what it has handled."""
        since = manifest.began
        if STREAMS in chosen:
            for service in SERVICES:
                if service not in chosen:
                    await self._announce_again(service, since - CLOCKS)
        await hand_again(self._settings, chosen, since=since)

    async def _announce_again(self, service: str, since: datetime) -> None:
        if service in self._stores and (await asyncio.to_thread(self._stores[service].look)).tables:
            async with self._settings.database(service) as database:
                await events.reopen(database, since=since)


async def look_unused(store: Store) -> State:
    """What a database holds with which nobody works.

    Raises:
        Refused: somebody does; connections that were closed just now may take a moment to be gone.
    """
    for _ in range(LOOKS):
        if not (state := await asyncio.to_thread(store.look)).others:
            return state
        await asyncio.sleep(LOOK_SECONDS)
    raise Refused(f"{store.name} is in use ({state.others} connections): stop what works with it")


async def hand_again(settings: Settings, chosen: Sequence[str], *, since: datetime) -> None:
    """Have what stores missed that are of an older time come to them again."""
    async with settings.broker() as broker:
        for durable in DURABLES:
            hearer = durable.name.partition("-")[0]
            if {hearer, STREAMS} & set(chosen) and await broker.stream(durable.event.stream()) is not None:
                await events.move_back(broker, durable, since=since - CLOCKS)


def _put_database(backup: Reader, part: Part, store: Store) -> None:
    store.replace(lambda target: backup.copy(part, target), backup=backup.manifest.id)


async def _compare_streams(broker: Broker, manifest: Manifest) -> tuple[bool, bool]:
    """Whether any stream holds something, and whether all hold what the backup does."""
    parts = _of_kind(manifest, "stream")
    found = [await broker.stream(part.store) for part in parts]
    same = all(one and streams.is_same(one, part.about) for one, part in zip(found, parts, strict=True))
    return any(one and one["state"]["messages"] for one in found), same


def _chosen(manifest: Manifest, only: Sequence[str] | None) -> Sequence[str]:
    """The stores of a backup that were asked for, in the order in which they were dumped."""
    names = [STREAMS if part.kind == "stream" else part.store for part in manifest.parts if part.kind != "keys"]
    known = list(dict.fromkeys(names))
    if unknown := set(only or ()) - set(known):
        raise Refused(f"the backup has no {', '.join(sorted(unknown))}; it has: {', '.join(known)}")
    return [name for name in known if not only or name in only]


def _of_kind(manifest: Manifest, kind: str) -> Sequence[Part]:
    return [part for part in manifest.parts if part.kind == kind]


def _content(backup: Reader, part: Part) -> bytes:
    target = BytesIO()
    backup.copy(part, target)
    return target.getvalue()


def _is_key(name: str) -> bool:
    """Whether something in a store can be read with it only; passwords of servers can be others."""
    return name.removesuffix(secrets.PREVIOUS).endswith(("_key", "_pepper"))
