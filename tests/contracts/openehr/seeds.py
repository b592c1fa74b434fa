"""What was in the server when the recording was made but is not part of it: EHRs and letters, put in place here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.openehr import letters_data
from contracts.openehr.recording import RECORDED_SYSTEM, Translator, exchange
from contracts.openehr.server_under_test import OpenEhrServer

_FIRST_EHR = "69172187-3bc9-4dc7-8619-36c11499760b"
_AQL_EHR = "85910228-fcf6-4da5-83ec-9758ee201dc8"
_AQL_SUBJECT = "eb70777b-de32-43fd-b3a7-6a904700a817"


@dataclass(frozen=True)
class _Garden:
    server: OpenEhrServer
    translator: Translator

    def ehr(self, ehr_id: str, subject_id: str | None = None, **flags: bool) -> str:
        status = letters_data.ehr_status(subject_id or f"{ehr_id[:-1]}0", **flags)
        self._call("PUT", f"/ehr/{ehr_id}", status)
        return ehr_id

    def letter(self, ehr_id: str, uid: str, **parts: Any) -> None:
        self._call("POST", f"/ehr/{ehr_id}/composition", letters_data.composition(uid, **parts))

    def rows(self, ehr_id: str, rows: list[list[str]]) -> None:
        """Letters from rows of uid, title, author, kind and time of sending."""
        for uid, title, author, kind, sent in rows:
            self.letter(ehr_id, uid, title=title, author=author, kind=kind, sent=sent)

    def change(self, ehr_id: str, uid: str, **parts: Any) -> None:
        path = f"/ehr/{ehr_id}/composition/{uid.split('::')[0]}"
        self._call("PUT", path, letters_data.composition(**parts), {"If-Match": self.translator.text(uid)})

    def delete(self, ehr_id: str, uid: str) -> None:
        self._call("DELETE", f"/ehr/{ehr_id}/composition/{uid}", None)

    def _call(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> None:
        answer = self.server.call(method, self.translator.text(path), self.translator.json(body), headers=headers)
        if answer.status_code not in (201, 204):
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")


def plant(number: int, server: OpenEhrServer, translator: Translator) -> None:
    """Puts in place what the exchange of this number is the first to need."""
    if number in _PLANTS:
        _PLANTS[number](_Garden(server, translator))


def _uid(object_id: str, version: int = 1) -> str:
    return f"{object_id}::{RECORDED_SYSTEM}::{version}"


def _rows(number: int) -> list[list[str]]:
    rows: list[list[str]] = exchange(number).response["body"]["rows"]
    return rows


def _before_update(garden: _Garden) -> None:
    garden.letter(_FIRST_EHR, _uid("e4452152-44d5-42fe-a2a9-b51f13dac4ac"))


def _before_crossed_update(garden: _Garden) -> None:
    for object_id in ("faf976a4-034d-4225-9c05-c42dabb0fd92", "dbf2866e-8edc-422b-92a2-7680884b67c8"):
        garden.letter(_FIRST_EHR, _uid(object_id))


def _before_closed_ehr(garden: _Garden) -> None:
    garden.ehr("632d75b8-d231-4da7-a60e-8ca189538594", is_modifiable=False)


def _before_list(garden: _Garden) -> None:
    """25 letters, written in the order of the number in their titles."""
    garden.ehr(_AQL_EHR, _AQL_SUBJECT)
    garden.rows(_AQL_EHR, sorted(_rows(186), key=lambda row: int(row[1].removeprefix("Letter "))))


def _before_mixed_zones(garden: _Garden) -> None:
    garden.rows(garden.ehr("ef7135a1-29ed-45d7-811c-0c48c6da10e2"), _rows(238))


def _before_changed_list(garden: _Garden) -> None:
    ehr_id = garden.ehr("828cb015-464c-4a0d-a5f8-bb6df3be482f")
    changed, deleted = "1c720ee5-2f87-43d6-869a-31cc0220cbcd", "2c720ee5-2f87-43d6-869a-31cc0220cbcd"
    garden.letter(ehr_id, _uid(changed), title="one")
    garden.letter(ehr_id, _uid(deleted), title="two")
    garden.change(ehr_id, _uid(changed), title="one changed")
    garden.delete(ehr_id, _uid(deleted))


def _before_not_queryable(garden: _Garden) -> None:
    garden.rows(garden.ehr("b86e2a76-3809-4f26-92e3-c917af9e3ff3", is_queryable=False), _rows(240))


def _before_order_by_time(garden: _Garden) -> None:
    """Written in the order that their times of commit were recorded in."""
    written = [uid for _, uid in reversed(_rows(256))]
    rows = sorted(_rows(241), key=lambda row: written.index(row[0]))
    garden.rows(garden.ehr("2f815236-2f27-4513-9f2f-c228577e4d25"), rows)


def _before_formats(garden: _Garden) -> None:
    garden.letter(_FIRST_EHR, _uid("087db893-195a-48e4-9d6d-84596b8e05ab"), body="a?b")


_PLANTS: dict[int, Callable[[_Garden], None]] = {
    108: _before_update,
    181: _before_crossed_update,
    185: _before_closed_ehr,
    186: _before_list,
    238: _before_mixed_zones,
    239: _before_changed_list,
    240: _before_not_queryable,
    241: _before_order_by_time,
    338: _before_formats,
}
