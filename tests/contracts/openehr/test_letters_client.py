"""What letters asks of its openEHR server, asked by its own client: a letter's whole life, under both templates."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from common import http
from common.errors import NotFound, VersionStale
from contracts.openehr import letters_data
from contracts.openehr.letters_data import CREATION, composition, version
from contracts.openehr.server_under_test import OpenEhrServer
from letters.composition import format_time
from letters.ehrbase import EHRbase
from letters.letter import HEADINGS, Author, StoredLetter

pytestmark = pytest.mark.anyio

VARGA, LUND = (Author(id=uuid4(), name=name) for name in ("Dr Ines Varga", "Dr Omar Lund"))


@pytest.fixture
async def record(server: OpenEhrServer, anyio_backend: str) -> AsyncIterator[EHRbase]:
    """The client of letters, before the server under test."""
    async with http.create_client(server.url, timeout=15, auth=(server.user, server.password)) as client:
        yield EHRbase(client, system_id=server.system_id)


@pytest.fixture
async def ehr(record: EHRbase) -> UUID:
    """A new patient's EHR."""
    return await record.ensure_ehr(uuid4())


def new_letter() -> StoredLetter:
    return StoredLetter(
        uid=uuid4(),
        version=1,
        title="Review",
        letter_type="clinic",
        author=VARGA,
        sent_at=datetime.now(UTC),
        body="Dear Dr Hale,\n\n**Half** the dose.\n",
        sections={name: f"- {heading}\n- more" for name, heading in HEADINGS.items()},
    )


def amended(letter: StoredLetter) -> StoredLetter:
    return replace(
        letter,
        version=letter.version + 1,
        status="amended",
        author=LUND,
        amended_at=letter.sent_at + timedelta(seconds=1),
        body="Corrected",
        sections={"plan": "Rest"},
    )


def withdrawn(letter: StoredLetter) -> StoredLetter:
    later = letter.sent_at + timedelta(seconds=2)
    return replace(letter, version=letter.version + 1, status="withdrawn", amended_at=later)


async def commit(record: EHRbase, ehr: UUID, letter: StoredLetter, *, by: Author = VARGA, reason: str = "Sent") -> None:
    await record.commit_letter(ehr, letter, committer=by, reason=reason)


async def test_letter_is_written_amended_and_withdrawn_and_tells_how(record: EHRbase, ehr: UUID) -> None:
    first = new_letter()
    second = amended(first)
    third = withdrawn(second)
    for letter, by, reason in ((first, VARGA, "Sent"), (second, LUND, "Wrong dose"), (third, VARGA, "Wrong patient")):
        await commit(record, ehr, letter, by=by, reason=reason)
        assert await record.get_letter(ehr, letter.uid) == letter
        ((head, _),) = await record.list_letters(ehr, limit=2, after=None)
        assert (head.version, head.status, head.amended_at) == (letter.version, letter.status, letter.amended_at)
    assert [await record.get_letter(ehr, first.uid, version=number) for number in (1, 2, 3)] == [first, second, third]
    history = await record.list_versions(ehr, first.uid)
    assert [(one.version, one.committer, one.reason) for one in history] == [
        (3, VARGA, "Wrong patient"),
        (2, LUND, "Wrong dose"),
        (1, VARGA, None),
    ]


async def test_version_committed_again_changes_nothing(record: EHRbase, ehr: UUID) -> None:
    first = new_letter()
    second = amended(first)
    for letter in (first, first, second, second, first):
        await commit(record, ehr, letter)
    assert len(await record.list_versions(ehr, first.uid)) == 2


async def test_second_follower_of_a_version_is_refused(record: EHRbase, ehr: UUID) -> None:
    first = new_letter()
    await commit(record, ehr, first)
    await commit(record, ehr, amended(first))
    with pytest.raises(VersionStale):
        await commit(record, ehr, withdrawn(first))
    assert (await record.get_letter(ehr, first.uid)).status == "amended"


async def test_letter_of_the_first_template_is_listed_amended_and_withdrawn(
    record: EHRbase, ehr: UUID, letters: OpenEhrServer
) -> None:
    uid, sent_at = uuid4(), datetime.now(UTC)
    audit = letters_data.audit(CREATION, name="Dr Ines Varga", description="Sent", system_id=letters.system_id)
    old = composition(letters.version_uid(uid), sent=format_time(sent_at))
    old["composer"]["external_ref"]["id"]["value"] = str(VARGA.id)
    assert letters.contribute(str(ehr), version(audit, old)).status_code == 201
    first = await record.get_letter(ehr, uid)
    assert (first.status, first.sections, first.sent_at) == ("final", {}, sent_at)
    await commit(record, ehr, amended(first))
    await commit(record, ehr, withdrawn(amended(first)))
    ((head, _),) = await record.list_letters(ehr, limit=2, after=None)
    assert (head.uid, head.version, head.status) == (uid, 3, "withdrawn")
    assert await record.get_letter(ehr, uid, version=1) == first


async def test_letter_of_another_record_has_no_versions_here(record: EHRbase, ehr: UUID) -> None:
    letter, other = new_letter(), await record.ensure_ehr(uuid4())
    await commit(record, ehr, letter)
    with pytest.raises(NotFound):
        await record.get_letter(other, letter.uid)
    with pytest.raises(NotFound):
        await record.list_versions(other, letter.uid)
