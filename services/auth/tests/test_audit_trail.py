"""The audit trail: one entry for each event, chained, never changed; what is changed all the same is found."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from auth.audit import service
from auth.audit.chain import Fault, Link, genesis, next_link
from auth.audit.models import AuditEntryRow
from auth.audit.schemas import UNKNOWN, AuditQuery
from auth_stage import MakeSettings, Stage
from common import clock
from common.audit import Access
from common.errors import Conflict
from common.events import AccessRecorded
from pydantic import ValidationError
from sqlalchemy import select
from sqlmodel import col

pytestmark = pytest.mark.anyio


def an_entry(**members: object) -> AccessRecorded:
    values = {
        **{"at": clock.now(), "actor_id": uuid4(), "roles": ["clinician", "admin"], "action": "R", "outcome": "ok"},
        **{"resource": "letter", "resource_id": str(uuid4()), "patient_id": uuid4()},
        **{"address": "192.0.2.7", "request_id": str(uuid4()), **members},
    }
    return AccessRecorded.model_validate(values)


async def store(stage: Stage, *, event_id: UUID | None = None, source: str = "letters", **members: object) -> UUID:
    """An entry arrives from another service."""
    event_id = event_id or uuid4()
    await service.store(stage.work.caused_by(event_id), an_entry(**members), source=source)
    return event_id


async def chain(stage: Stage, source: str = "letters") -> list[tuple[int, UUID]]:
    """Positions and ids of a chain."""
    mine = select(AuditEntryRow).where(col(AuditEntryRow.source) == source).order_by(col(AuditEntryRow.position))
    async with stage.work.database.transaction() as session:
        return [(row.position, row.id) for row in await session.scalars(mine)]


async def fault(stage: Stage, source: str = "letters", *, noted: Link | None = None) -> Fault | None:
    return (await service.verify(stage.work.database, source, noted=noted)).fault


async def head(stage: Stage, source: str = "letters") -> Link:
    return (await service.verify(stage.work.database, source)).head


def test_hash_is_of_the_hash_before_and_the_entry_as_canonical_json() -> None:
    """Told a second time, as somebody would who checks the trail with other tools."""
    at, ids = datetime(2026, 5, 14, 9, 30, tzinfo=UTC), [UUID(int=number) for number in (1, 2, 3)]
    entry = an_entry(at=at, actor_id=ids[0], patient_id=ids[1], request_id=None, resource='"Brückner"\\\n\x7f/ 😀')
    link = next_link(genesis("letters"), {**entry.model_dump(), "id": ids[2], "source": "letters"})
    told = {**entry.model_dump(mode="json"), "id": str(ids[2]), "source": "letters", "position": 1}
    told["at"] = "2026-05-14T09:30:00.000000+00:00"
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    start = hashlib.sha256(b"quill audit v1 letters").digest()
    assert link == Link(1, hashlib.sha256(start + text.encode()).digest())


async def test_entries_of_many_at_once_make_one_chain(stage: Stage) -> None:
    names = [f"user{number}" for number in range(4)]
    await asyncio.gather(*map(stage.register, names), *(store(stage, source="auth") for _ in range(4)))
    await asyncio.gather(*map(stage.log_in, names), *(store(stage, source="auth") for _ in range(4)))
    assert len(await chain(stage, "auth")) == 16
    assert [await fault(stage, source) for source in service.SOURCES] == [None] * 4


async def test_entries_are_chained_by_source_in_the_order_in_which_they_come(stage: Stage) -> None:
    first, other, second = await store(stage), await store(stage, source="patients"), await store(stage)
    start = (await chain(stage))[0][0]
    assert await chain(stage) == [(start, first), (start + 1, second)]
    assert [entry_id for _, entry_id in await chain(stage, "patients")] == [other]
    assert [await fault(stage, source) for source in service.SOURCES] == [None] * 4


async def test_entry_delivered_again_is_stored_once_even_when_the_inbox_has_forgotten_it(stage: Stage) -> None:
    first = await store(stage)
    await stage.execute("DELETE FROM inbox")
    before = await head(stage)
    await store(stage, event_id=first)
    assert [entry_id for _, entry_id in await chain(stage)] == [first]
    assert await head(stage) == before
    await store(stage)
    assert await fault(stage) is None


async def test_own_entry_is_stored_with_its_work_or_not_at_all(stage: Stage) -> None:
    async def fail() -> None:
        async with stage.work.transaction() as session:
            stage.work.audit(session, stage.visitor.actor, Access(action="U", resource="failing"))
            raise Conflict

    with pytest.raises(Conflict):
        await fail()
    assert await stage.audited("failing") == []
    await stage.register("alice")
    assert await stage.audited("user") == [("C", "ok")]
    assert await stage.facts("access.recorded") == []
    assert await fault(stage, "auth") is None


@pytest.mark.parametrize(
    "change",
    [
        *("at = at + interval '1 microsecond'", "actor_id = NULL", "roles = '{clinician}'", "action = 'E'"),
        *("resource = 'demographics'", "resource_id = NULL", "patient_id = gen_random_uuid()", "outcome = 'denied'"),
        *(
            "address = NULL",
            "request_id = NULL",
            "hash = hash || '\\x00'",
            "id = '00000000-0000-4000-8000-000000000000'",
        ),
    ],
)
async def test_verify_names_an_entry_of_which_anything_was_changed(stage: Stage, change: str) -> None:
    ids = [await store(stage) for _ in range(5)]
    await stage.execute("UPDATE audit_entries SET CHANGE WHERE id = :id".replace("CHANGE", change), id=ids[2])
    position, entry_id = (await chain(stage))[2]
    assert await fault(stage) == Fault(position, "changed or moved", entry_id)
    assert await fault(stage, "auth") is None


@pytest.mark.parametrize(
    ("tampering", "broken", "reason"),
    [
        (["DELETE FROM audit_entries WHERE position = THIRD"], 3, "missing"),
        (["DELETE FROM audit_entries WHERE position >= THIRD"], 3, "cut off"),
        (["UPDATE audit_entries SET source = 'notify' WHERE position = THIRD"], 3, "missing"),
        (["UPDATE audit_chains SET position = THIRD WHERE source = 'letters'"], 4, "not of this chain"),
        (["UPDATE audit_chains SET hash = '\\x00' WHERE source = 'letters'"], 5, "changed or moved"),
        (
            [
                "UPDATE audit_entries SET position = 1000000 WHERE position = THIRD",
                "UPDATE audit_entries SET position = THIRD WHERE position = THIRD + 1",
                "UPDATE audit_entries SET position = THIRD + 1 WHERE position = 1000000",
            ],
            *(3, "changed or moved"),
        ),
    ],
)
async def test_verify_names_what_is_missing_cut_off_put_in_or_moved(
    stage: Stage, tampering: list[str], broken: int, reason: str
) -> None:
    before = (await head(stage)).position
    for _ in range(5):
        await store(stage)
    for statement in tampering:
        await stage.execute(statement.replace("THIRD", str(before + 3)))
    found = await fault(stage)
    assert found is not None
    assert (found.position, found.reason) == (before + broken, reason)


async def test_verify_finds_a_chain_that_does_not_lead_through_a_noted_head(stage: Stage) -> None:
    for _ in range(3):
        await store(stage)
    noted = await head(stage)
    await store(stage)
    assert await fault(stage, noted=noted) is None
    # Whoever owns the database can write everything anew, heads included.
    await stage.execute("DELETE FROM audit_entries WHERE source = 'letters'")
    await stage.execute("UPDATE audit_chains SET position = pruned_position, hash = pruned_hash")
    for _ in range(2):
        await store(stage)
    assert await fault(stage) is None
    assert await fault(stage, noted=noted) == Fault(noted.position, "cut off")
    last = await store(stage)
    assert await fault(stage, noted=noted) == Fault(noted.position, "written anew", last)


async def test_prune_removes_the_old_beginning_of_each_chain_and_the_rest_stays_sound(stage: Stage) -> None:
    ages = (3000, 2950, 10, 2990, 0)
    ids = [await store(stage, at=clock.now() - timedelta(days=days)) for days in ages]
    kept = await store(stage, source="notify", at=clock.now() - timedelta(days=2900))
    await service.prune(stage.work, days=2922)
    assert [entry_id for _, entry_id in await chain(stage)] == ids[2:]
    assert [entry_id for _, entry_id in await chain(stage, "notify")] == [kept]
    assert [await fault(stage, source) for source in service.SOURCES] == [None] * 4
    last = await store(stage)
    assert [entry_id for _, entry_id in await chain(stage)] == [*ids[2:], last]
    assert await fault(stage) is None


async def test_entry_shows_the_name_of_today_and_the_roles_of_then(stage: Stage) -> None:
    admin, clinician = await stage.staff("boss", "admin"), await stage.staff("varga", "clinician")
    patient_id, unknown = uuid4(), uuid4()
    for actor_id in (clinician.user_id, unknown, None):
        await store(stage, actor_id=actor_id, patient_id=patient_id, roles=["clinician"])
    await stage.execute("UPDATE users SET display_name = 'Dr V', roles = '{admin}' WHERE username = 'varga'")
    page = await service.list_entries(stage.work, admin, query=AuditQuery(patient_id=patient_id))
    told = [entry.actor and (entry.actor.id, entry.actor.name, entry.actor.roles) for entry in page.items]
    assert told == [None, (unknown, UNKNOWN, ["clinician"]), (clinician.user_id, "Dr V", ["clinician"])]
    assert await stage.audited("audit") == [("R", "ok")]


async def test_patient_without_a_record_sees_nothing_and_is_audited(stage: Stage) -> None:
    await store(stage, patient_id=None)
    patient = await stage.staff("alice", "patient")
    page = await service.list_my_entries(stage.work, patient, limit=20, cursor=None)
    assert (page.items, page.next_cursor) == ([], None)
    assert await stage.audited("audit") == [("R", "ok")]


@pytest.mark.parametrize("days", [0, -1, 364])
async def test_prune_leaves_what_is_younger_than_a_year_whatever_it_is_asked(stage: Stage, days: int) -> None:
    young = await store(stage, at=clock.now() - timedelta(days=364))
    await stage.execute("SELECT prune_audit(:days)", days=days)
    assert [entry_id for _, entry_id in await chain(stage)] == [young]


def test_retention_is_a_year_at_least(make_settings: MakeSettings) -> None:
    assert make_settings().audit_retention_days == 2922
    with pytest.raises(ValidationError, match="audit_retention_days"):
        make_settings(audit_retention_days=364)
