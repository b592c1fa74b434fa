"""The AQL that letters' lists, pages and counts are made of."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from contracts.openehr.letters_data import TEMPLATE_ID, composition
from contracts.openehr.server_under_test import OpenEhrServer

UID, TITLE, SENT = "c/uid/value", "l/data[at0001]/items[at0002]/value/value", "l/data[at0001]/items[at0006]/value/value"
AUTHOR = "l/data[at0001]/items[at0005]/value/value"
KIND = "l/data[at0001]/items[at0003]/value/defining_code/code_string"
FROM = (
    "FROM EHR e CONTAINS COMPOSITION c[openEHR-EHR-COMPOSITION.report.v1]"
    " CONTAINS ADMIN_ENTRY l[openEHR-EHR-ADMIN_ENTRY.clinic_letter.v0]"
    " WHERE e/ehr_id/value = $ehr_id AND c/archetype_details/template_id/value = $template_id"
)
LIST = f"SELECT {UID} AS uid, {TITLE} AS title, {SENT} AS sent {FROM}"
NEWEST = f"ORDER BY {SENT} DESC, {UID} DESC"
BEFORE = f"AND ({SENT} < $sent OR ({SENT} = $sent AND {UID} < $uid))"


@dataclass(frozen=True)
class Shelf:
    """The letters of one patient."""

    server: OpenEhrServer
    ehr_id: str

    def write(self, title: str, sent: str, **parts: Any) -> str:
        uid = self.server.version_uid(uuid4())
        letter = composition(uid, title=title, sent=sent, **parts)
        assert self.server.post_letter(self.ehr_id, letter).status_code == 204
        return uid

    def ask(self, text: str, *, fetch: int | None = None, **parameters: Any) -> list[list[Any]]:
        given = {"ehr_id": self.ehr_id, "template_id": TEMPLATE_ID, **parameters}
        paging = {} if fetch is None else {"fetch": fetch}
        answer = self.server.query(text, query_parameters=given, **paging)
        assert answer.status_code == 200, answer.text
        rows: list[list[Any]] = answer.json()["rows"]
        return rows


@pytest.fixture
def shelf(letters: OpenEhrServer, ehr_id: str) -> Shelf:
    return Shelf(letters, ehr_id)


@pytest.fixture
def seven(shelf: Shelf) -> Shelf:
    """Seven letters, two of them sent in the same microsecond."""
    times = [f"2026-05-14T09:30:00.{n:06d}Z" for n in (1, 2, 3, 3, 5, 6)] + ["2026-05-13T23:59:59.999999Z"]
    for n, time in enumerate(times):
        shelf.write(f"letter {n}", time, kind=f"at001{n % 3}", author="Dr Omar Lund" if n % 2 else "Dr Ines Varga")
    return shelf


def test_the_newest_letter_comes_first(seven: Shelf) -> None:
    sent = [row[2] for row in seven.ask(f"{LIST} {NEWEST}")]
    assert len(sent) == 7
    assert sent == sorted(sent, reverse=True)


def test_columns_are_named(seven: Shelf) -> None:
    parameters = {"ehr_id": seven.ehr_id, "template_id": TEMPLATE_ID}
    answer = seven.server.query(f"{LIST} {NEWEST}", query_parameters=parameters, fetch=1).json()
    assert answer["columns"][1] == {"path": TITLE, "name": "title"}
    assert (answer["meta"]["resultsize"], answer["meta"]["fetch"]) == (1, 1)


def test_pages_by_key_hold_every_letter_once(seven: Shelf) -> None:
    found = page = seven.ask(f"{LIST} {NEWEST}", fetch=2)
    while page:
        page = seven.ask(f"{LIST} {BEFORE} {NEWEST}", fetch=2, sent=page[-1][2], uid=page[-1][0])
        found = found + page
    assert found == seven.ask(f"{LIST} {NEWEST}")


@pytest.mark.parametrize("order", [SENT, "c/context/start_time/value"])
def test_times_are_compared_as_text_to_the_microsecond(seven: Shelf, order: str) -> None:
    """Whole pages by either time; a zone or fewer digits would sort by their characters."""
    newest = f"ORDER BY {order} DESC, {UID} DESC"
    before = f"AND ({order} < $sent OR ({order} = $sent AND {UID} < $uid))"
    rows = seven.ask(f"SELECT {UID} AS uid, {TITLE} AS title, {order} AS sent {FROM} {newest}")
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)
    for number, row in enumerate(rows):
        rest = seven.ask(f"SELECT {UID}, {TITLE}, {order} {FROM} {before} {newest}", sent=row[2], uid=row[0])
        assert rest == rows[number + 1 :]


def test_a_letter_written_between_two_pages_moves_none_of_the_others(seven: Shelf) -> None:
    first = seven.ask(f"{LIST} {NEWEST}", fetch=3)
    seven.write("newest", "2026-06-01T00:00:00.000000Z")
    rest = seven.ask(f"{LIST} {BEFORE} {NEWEST}", sent=first[-1][2], uid=first[-1][0])
    assert len({row[0] for row in first + rest}) == 7


def test_letters_are_counted(seven: Shelf) -> None:
    assert seven.ask(f"SELECT COUNT(*) AS n {FROM}") == [[7]]
    assert seven.ask(f"SELECT COUNT(*) AS n {FROM}", ehr_id=str(uuid4())) == [[0]]


def test_letters_are_filtered_by_author_kind_and_title(seven: Shelf) -> None:
    assert len(seven.ask(f"{LIST} AND {AUTHOR} = $author", author="Dr Omar Lund")) == 3
    assert len(seven.ask(f"{LIST} AND {KIND} matches {{'at0010', 'at0012'}}")) == 5
    assert [row[1] for row in seven.ask(f"{LIST} AND {TITLE} LIKE $title", title="*4")] == ["letter 4"]


def test_letters_are_filtered_by_time(seven: Shelf) -> None:
    since = "2026-05-14T09:30:00.000003Z"
    assert len(seven.ask(f"{LIST} AND {SENT} >= $since", since=since)) == 4
    assert len(seven.ask(f"{LIST} AND {SENT} < $since", since=since)) == 3


def test_a_letter_is_in_the_very_next_list(shelf: Shelf) -> None:
    for n in range(10):
        uid = shelf.write(str(n), f"2026-01-01T00:00:0{n}.000000Z")
        assert shelf.ask(f"{LIST} {NEWEST}", fetch=1)[0][0] == uid


def test_a_changed_letter_is_listed_once_in_its_new_version(shelf: Shelf) -> None:
    uid = shelf.write("old", "2026-01-01T00:00:00.000000Z")
    path = f"/ehr/{shelf.ehr_id}/composition/{uid.split('::')[0]}"
    assert shelf.server.call("PUT", path, composition(title="new"), headers={"If-Match": uid}).status_code == 204
    rows = shelf.ask(f"{LIST} {NEWEST}")
    assert [row[:2] for row in rows] == [[shelf.server.version_uid(uid.split("::")[0], 2), "new"]]


def test_a_deleted_letter_is_not_listed(shelf: Shelf) -> None:
    uid = shelf.write("gone", "2026-01-01T00:00:00.000000Z")
    shelf.server.call("DELETE", f"/ehr/{shelf.ehr_id}/composition/{uid}")
    assert shelf.ask(f"{LIST} {NEWEST}") == []


def test_letters_of_another_patient_are_not_listed(seven: Shelf) -> None:
    other = Shelf(seven.server, seven.server.create_ehr(str(uuid4())))
    assert other.ask(f"{LIST} {NEWEST}") == []


def test_a_whole_letter_can_be_selected(shelf: Shelf) -> None:
    uid = shelf.write("whole", "2026-01-01T00:00:00.000000Z")
    [[letter]] = shelf.ask("SELECT c FROM EHR e CONTAINS COMPOSITION c WHERE c/uid/value = $uid", uid=uid)
    assert letter == shelf.server.call("GET", f"/ehr/{shelf.ehr_id}/composition/{uid}").json()


def test_a_letter_is_found_by_its_object_and_by_its_version(shelf: Shelf) -> None:
    uid = shelf.write("wanted", "2026-01-01T00:00:00.000000Z")
    for wanted in (uid, uid.split("::")[0]):
        assert [row[0] for row in shelf.ask(f"{LIST} AND {UID} = $uid", uid=wanted)] == [uid]


@pytest.mark.parametrize(
    "value", ["x' OR 'a'='a", "x\\' OR c/uid/value != \\'y", "O'Hara", "'; DROP TABLE version; --", "%", "*"]
)
def test_a_parameter_is_only_ever_a_value(seven: Shelf, value: str) -> None:
    assert seven.ask(f"{LIST} AND {AUTHOR} = $author", author=value) == []
    assert seven.ask(LIST, ehr_id=value) == []


ODD: dict[str, dict[str, Any]] = {
    "missing": {},
    "null": {"ehr_id": None},
    "two values": {"ehr_id": ["a", "b"]},
    "typed object": {"ehr_id": {"type": "string", "value": "a"}},
}


@pytest.mark.parametrize("given", ODD.values(), ids=ODD)
def test_a_missing_or_odd_parameter_is_500(letters: OpenEhrServer, given: dict[str, Any]) -> None:
    answer = letters.query(LIST, query_parameters={"template_id": TEMPLATE_ID, **given})
    assert answer.status_code == 500


@pytest.mark.parametrize(
    ("text", "extra", "status"),
    [
        ("SELEKT c FROM EHR e", {}, 400),
        ("", {}, 400),
        ("SELECT c/nonsense/value FROM EHR e CONTAINS COMPOSITION c", {}, 400),
        ("SELECT x/uid/value FROM EHR e CONTAINS COMPOSITION c", {}, 400),
        ("SELECT c/uid/value FROM COMPOSITION c LIMIT 5", {"fetch": 5}, 422),
        ("SELECT c/uid/value FROM COMPOSITION c", {"offset": 5}, 422),
        ("SELECT c/uid/value FROM COMPOSITION c", {"fetch": "x"}, 400),
        ("SELECT c/uid/value FROM COMPOSITION c", {"fetch": -1}, 500),
        ("SELECT c/uid/value FROM COMPOSITION c ORDER BY c/context/start_time/value", {}, 400),
        ("SELECT c/uid/value FROM COMPOSITION c WHERE c/uid/value = 'abc'", {}, 400),
        ("SELECT c/uid/value FROM COMPOSITION c WHERE c/uid/value LIKE 'a*'", {}, 400),
        ("SELECT c/uid/value FROM COMPOSITION c WHERE EXISTS c/context", {}, 400),
        ("SELECT e FROM EHR e", {}, 400),
    ],
)
def test_a_wrong_query_is_told_apart(letters: OpenEhrServer, text: str, extra: dict[str, Any], status: int) -> None:
    assert letters.query(text, **extra).status_code == status
