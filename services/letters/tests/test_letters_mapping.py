"""Letters to openEHR and back, against exchanges recorded from an EHRbase 2.31."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import composition, record
from letters.composition import SECTION_CODES, STATUS_CODES, TYPE_CODES, contribution_of, format_time
from letters.errors import RecordUnreadable
from letters.letter import HEADINGS, Author, LetterVersion, Position, Section, Status, StoredLetter
from letters.schemas import LetterCreate, letter_of
from pydantic import ValidationError

DATA = Path(__file__).parent / "data"
SYSTEM_ID = "letters.quill.test"
AUTHOR = Author(id=UUID("7d0f3c5e-8d4d-4c84-9d75-2f2f4c5e3a11"), name="Dr Ines Varga")
SENT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
TEXT = st.text(min_size=1)
OPT = {"o": "http://schemas.openehr.org/v1"}


def exchange(number: str) -> Any:
    """A recorded exchange, by its number."""
    (file,) = DATA.glob(f"{number}-*.json")
    return json.loads(file.read_text())


def answer(number: str) -> Any:
    """The body that EHRbase answered there."""
    return exchange(number)["response"]["body"]


def sent(composition: Any) -> bytes:
    """As it is in the body of an answer."""
    return json.dumps(composition).encode()


def letter(**changes: Any) -> StoredLetter:
    """The letter that was sent in the recorded exchanges."""
    (file,) = DATA.glob("154-*.json")
    items = json.loads(file.read_text())["response"]["body"]["content"][0]["data"]["items"]
    members: dict[str, Any] = {
        "uid": UUID("a065557d-9506-4619-ae96-88b174a98992"),
        "version": 1,
        "title": items[0]["value"]["value"],
        "letter_type": "clinic",
        "author": AUTHOR,
        "sent_at": SENT,
        "body": items[2]["value"]["value"],
    }
    return StoredLetter(**members | changes)


def change_set(one: StoredLetter, *, reason: str = "Letter sent from the clinic desk") -> Any:
    """What we send to commit it."""
    sent = contribution_of(one, committer=AUTHOR, reason=reason, system_id=SYSTEM_ID)
    return json.loads(json.dumps(sent, ensure_ascii=False))


def committed(one: StoredLetter) -> Any:
    """The composition as a server would give it back."""
    composition = change_set(one)["versions"][0]["data"]
    return composition | {"uid": {"value": f"{one.uid}::{SYSTEM_ID}::{one.version}"}}


def without(value: Any, *, words: set[str]) -> Any:
    """A copy of JSON without these members and without the optional recipient."""
    if isinstance(value, dict):
        return {name: without(item, words=words) for name, item in value.items() if name not in words}
    if isinstance(value, list):
        return [without(item, words=words) for item in value if item.get("archetype_node_id") != "at0007"]
    return value


def test_contribution_is_the_one_that_ehrbase_accepted() -> None:
    accepted = exchange("147")["request"]["body"]
    accepted.pop("uid")
    texts = json.dumps(change_set(letter())).replace("09:30:00.000000Z", "09:30:00Z")
    words = {"template_id", "description"}
    assert without(json.loads(texts), words=words) == without(accepted, words=words)


@pytest.mark.parametrize(("status", "code"), [("amended", "250"), ("withdrawn", "251")])
def test_next_version_names_its_predecessor_its_change_and_its_reason(status: Status, code: str) -> None:
    ours = change_set(letter(version=3, status=status, amended_at=SENT + timedelta(days=1)), reason="Wrong dose")
    (version,) = ours["versions"]
    assert version["preceding_version_uid"]["value"] == f"{letter().uid}::{SYSTEM_ID}::2"
    assert "uid" not in version["data"]
    for audit in (ours["audit"], version["commit_audit"]):
        assert audit["change_type"]["defining_code"]["code_string"] == code
        assert audit["description"]["value"] == "Wrong dose"
        assert audit["committer"]["external_ref"]["id"]["value"] == str(AUTHOR.id)


def test_history_is_what_ehrbase_recorded_newest_first() -> None:
    newest, *_, first = record.read_history(answer("162"))
    assert first == LetterVersion(
        version=1,
        committer=AUTHOR,
        committed_at=datetime(2026, 11, 23, 3, 8, 39, 193002, tzinfo=UTC),
        reason=None,
    )
    assert newest.version > 1
    assert newest.reason


def test_read_letter_understands_what_ehrbase_answers() -> None:
    assert record.read_letter(sent(answer("154"))) == letter()


@given(
    texts=st.fixed_dictionaries({"title": TEXT, "body": TEXT, "letter_type": st.sampled_from([*TYPE_CODES])}),
    sections=st.dictionaries(st.sampled_from([*HEADINGS]), TEXT),
    name=TEXT,
    status=st.sampled_from([*STATUS_CODES]),
)
def test_any_text_comes_back_as_it_was_sent(
    texts: dict[str, str], sections: dict[Section, str], name: str, status: Status
) -> None:
    later = {} if status == "final" else {"version": 2, "amended_at": SENT + timedelta(microseconds=1)}
    one = letter(**texts, sections=sections, author=Author(id=uuid4(), name=name), status=status, **later)
    assert record.read_letter(sent(committed(one))) == one


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(timezone(timedelta(hours=2)))))
def test_times_are_written_in_utc_with_six_digits_and_read_back(time: datetime) -> None:
    text = format_time(time)
    assert len(text) == len("2026-05-14T09:30:00.123456Z")
    assert record.read_letter(sent(committed(letter(sent_at=time)))).sent_at == time


def test_codes_and_rubrics_are_those_of_the_template() -> None:
    terms = {
        term.attrib["code"]: term.findtext("o:items[@id='text']", namespaces=OPT)
        for term in ElementTree.fromstring(composition.template()).iterfind(".//o:term_definitions", OPT)  # noqa: S314
    }
    assert all(terms[code] == rubric for code, rubric in (*TYPE_CODES.values(), *STATUS_CODES.values()))
    assert {terms[code] for code in SECTION_CODES.values()} == set(HEADINGS.values())


def test_the_empty_change_set_holds_no_code_that_is_never_filled() -> None:
    assert '""' not in json.dumps(change_set(letter()))


@pytest.mark.parametrize(
    "path",
    [
        ("uid",),
        ("uid", "value"),
        ("composer", "name"),
        ("composer", "external_ref"),
        ("composer", "external_ref", "id", "value"),
        ("context", "start_time", "value"),
        ("archetype_details", "template_id", "value"),
        ("content",),
        ("content", 0, "data", "items"),
        ("content", 0, "data", "items", 0, "value", "value"),
        ("content", 0, "data", "items", 1, "value", "defining_code", "code_string"),
        ("content", 0, "data", "items", 2, "value"),
    ],
)
@pytest.mark.parametrize("wrong", [None, 7, [], {}, "\ud800"])
def test_read_letter_of_another_shape_is_refused(path: tuple[str | int, ...], wrong: object) -> None:
    spoilt = answer("154")
    parent = spoilt
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = wrong
    with pytest.raises(RecordUnreadable):
        record.read_letter(sent(spoilt))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("uid", "value"), "a065557d-9506-4619-ae96-88b174a98992"),
        (("uid", "value"), "a065557d-9506-4619-ae96-88b174a98992::letters.quill.test::one"),
        (("composer", "external_ref", "namespace"), "elsewhere"),
        (("composer", "external_ref", "id", "value"), "dr-varga"),
        (("context", "start_time", "value"), "2026-05-14"),
        (("context", "start_time", "value"), "2026-05-14T09:30:00"),
        (("context", "start_time", "value"), "0001-01-01T00:00:00+14:00"),
        (("archetype_details", "template_id", "value"), "vital-signs.v1"),
    ],
)
def test_read_letter_that_is_not_ours_is_refused(path: tuple[str, ...], wrong: str) -> None:
    spoilt = answer("154")
    parent = spoilt
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = wrong
    with pytest.raises(RecordUnreadable):
        record.read_letter(sent(spoilt))


def row(**changes: Any) -> list[Any]:
    """A row of a list query, as EHRbase answers it."""
    values = {
        "version_uid": "ae259cd3-c600-4452-96ea-e049ef4a466a::letters.quill.test::2",
        "sent": "2026-01-04T11:00:00.123456+02:00",
        "author_name": "Dr Omar Lund",
        "author_id": str(AUTHOR.id),
        "title": "Letter 07",
        "letter_type": "at0012",
        "changed": "2026-02-01T10:00:00.000000Z",
        "status": "at0021",
    }
    return list((values | changes).values())


def test_read_list_keeps_the_position_as_the_record_has_it() -> None:
    ((head, position),) = record.read_list({"rows": [row()]})
    assert (head.version, head.status, head.letter_type) == (2, "amended", "referral")
    assert head.sent_at == datetime(2026, 1, 4, 9, 0, 0, 123456, tzinfo=UTC)
    assert head.amended_at == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert position == Position("2026-01-04T11:00:00.123456+02:00", row()[0])
    named = ["version_uid", "sent", "author_name", "author_id", "title", "letter_type", "changed", "status"]
    assert list(record.LIST_COLUMNS) == named


@pytest.mark.parametrize(("code", "status"), [("at0022", "amended"), ("at0023", "withdrawn"), (None, "amended")])
def test_read_list_tells_the_status(code: str | None, status: Status) -> None:
    ((head, _),) = record.read_list({"rows": [row(status=code)]})
    assert head.status == status


@pytest.mark.parametrize(
    "rows",
    [
        None,
        7,
        [None],
        [[]],
        [row(title=None)],
        [row(title="\ud800")],
        [row(sent=1)],
        [row(letter_type="x")],
        [row(status="at0020")],
        [row(changed=None)],
        [[*row(), 1]],
    ],
)
def test_read_list_with_one_unreadable_row_is_refused(rows: object) -> None:
    with pytest.raises(RecordUnreadable):
        record.read_list({"rows": rows})


def test_small_answers_are_read_from_recorded_ones() -> None:
    assert record.read_ehr_id(answer("030")) == UUID("69172187-3bc9-4dc7-8619-36c11499760b")
    assert record.read_product(answer("004")) == "EHRbase 2.31.0"


@pytest.mark.parametrize("read", [record.read_ehr_id, record.read_history, record.read_product, record.read_list])
@pytest.mark.parametrize("nonsense", [None, 7, "text", [], {}, {"ehr_id": {"value": 7}}, {"product": 7}, {"rows": 7}])
def test_small_answers_of_another_shape_are_refused(read: Callable[[Any], object], nonsense: object) -> None:
    with pytest.raises(RecordUnreadable):
        read(nonsense)


def test_letter_whose_texts_would_be_refused_today_is_shown() -> None:
    one = letter(title="\u200b", sections={"plan": "\u200b"})
    shown = letter_of(one, patient_id=uuid4(), read_at=None).model_dump()
    assert (shown["title"], shown["sections"]) == ("\u200b", {"plan": "\u200b"})


@pytest.mark.parametrize("text", ["\u200b", "\ufeff\u00ad", "\u2060 \u200e", "\ufe0f"])
@pytest.mark.parametrize("place", ["title", "body", "sections"])
def test_letter_of_invisible_characters_alone_is_refused_as_blank(place: str, text: str) -> None:
    draft = {"title": "Review", "body": "Dear Dr Hale", place: {"plan": text} if place == "sections" else text}
    with pytest.raises(ValidationError) as refused:
        LetterCreate.model_validate(draft)
    assert [one["type"] for one in refused.value.errors()] == ["blank"]
    LetterCreate(title=f"{text}x", body="Dear\u00a0Dr Hale")
