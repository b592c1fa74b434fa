"""Reads what an openEHR server answers into letters, strictly: what does not fit is refused, never guessed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.logging import get_logger

from letters.composition import (
    FIRST_TEMPLATE_ID,
    NAMESPACE,
    SECTION_CODES,
    STATUS_CODES,
    STATUS_OF_CODE,
    TEMPLATE_ID,
    TYPE_OF_CODE,
)
from letters.errors import RecordUnreadable
from letters.letter import Author, LetterHead, LetterVersion, Listed, Position, StoredLetter

log = get_logger(__name__)

SENT, _RUBRIC = STATUS_CODES["final"]

# What a list query selects, in this order.
LIST_COLUMNS = {
    "version_uid": "c/uid/value",
    "sent": "c/context/start_time/value",
    "author_name": "c/composer/name",
    "author_id": "c/composer/external_ref/id/value",
    "title": "l/data[at0001]/items[at0002]/value/value",
    "letter_type": "l/data[at0001]/items[at0003]/value/defining_code/code_string",
    "changed": "l/data[at0001]/items[at0006]/value/value",
    "status": "l/data[at0001]/items[at0008]/value/defining_code/code_string",
}


def _reading[T](read: Callable[[Any], T]) -> Callable[[Any], T]:
    def refusing(answer: Any) -> T:
        try:
            return read(answer)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            log.exception("the openEHR server's answer is not readable")
            raise RecordUnreadable from error

    return refusing


@_reading
def read_letter(content: bytes) -> StoredLetter:
    """The letter in a COMPOSITION of our templates, committed by one of our users, as the server sent it.

    Raises:
        RecordUnreadable: anything is missing, of another type, or not ours.
    """
    composition = json.loads(content)
    author = composition["composer"]["external_ref"]
    template_id = composition["archetype_details"]["template_id"]["value"]
    if template_id not in {TEMPLATE_ID, FIRST_TEMPLATE_ID} or author["namespace"] != NAMESPACE:
        raise ValueError("not a letter of ours")
    values = {item["archetype_node_id"]: item["value"] for item in composition["content"][0]["data"]["items"]}
    texts = {
        "version_uid": composition["uid"]["value"],
        "sent": composition["context"]["start_time"]["value"],
        "author_name": composition["composer"]["name"],
        "author_id": author["id"]["value"],
        "title": values["at0002"]["value"],
        "letter_type": values["at0003"]["defining_code"]["code_string"],
        "changed": values["at0006"]["value"],
        "status": values["at0008"]["defining_code"]["code_string"] if "at0008" in values else None,
    }
    texts_of = {name: values[code]["value"] for name, code in SECTION_CODES.items() if code in values}
    body = values["at0004"]["value"]
    _check_texts(body, *texts_of.values())
    return StoredLetter(**_members(texts), body=body, sections=texts_of)


@_reading
def read_list(answer: Any) -> Listed:
    """The letters of a list query's RESULT_SET, each with its position.

    Raises:
        RecordUnreadable: one row does not fit. A list that lacks a letter in silence would be worse than none.
    """
    rows = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in answer["rows"]]
    return [(LetterHead(**_members(row)), Position(row["sent"], row["version_uid"])) for row in rows]


def _members(texts: dict[str, Any]) -> dict[str, Any]:
    status = texts["status"] or SENT  # the templates do not demand it
    _check_texts(*(texts | {"status": status}).values())
    uid, _system_id, version = texts["version_uid"].split("::")
    amended = int(version) > 1
    return {
        "uid": UUID(uid),
        "version": int(version),
        "title": texts["title"],
        "letter_type": TYPE_OF_CODE[texts["letter_type"]],
        "author": Author(id=UUID(texts["author_id"]), name=texts["author_name"]),
        "sent_at": _time(texts["sent"]),
        "amended_at": _time(texts["changed"]) if amended else None,
        "status": "amended" if amended and status == SENT else STATUS_OF_CODE[status],
    }


def _check_texts(*texts: str) -> None:
    """Refuse what is not text, and text that cannot be written out again (lone surrogates)."""
    "".join(texts).encode()


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)


@_reading
def read_history(history: Any) -> list[LetterVersion]:
    """The versions in a REVISION_HISTORY, newest first.

    Raises:
        RecordUnreadable: one was not committed by one of our users, or anything is missing.
    """
    return sorted(map(_version, history["items"]), key=lambda one: one.version, reverse=True)


def _version(item: dict[str, Any]) -> LetterVersion:
    audit = item["audits"][0]
    committer = audit["committer"]
    if committer["external_ref"]["namespace"] != NAMESPACE:
        raise ValueError("not committed by one of our users")
    version = int(item["version_id"]["value"].rpartition("::")[2])
    name, reason = committer["name"], audit["description"]
    _check_texts(name, reason["value"])
    return LetterVersion(
        version=version,
        committer=Author(id=UUID(committer["external_ref"]["id"]["value"]), name=name),
        committed_at=_time(audit["time_committed"]["value"]),
        reason=None if version == 1 else reason["value"],
    )


@_reading
def read_ehr_id(ehr: Any) -> UUID:
    """The id of an EHR.

    Raises:
        RecordUnreadable: it does not say.
    """
    return UUID(ehr["ehr_id"]["value"])


@_reading
def read_product(status: Any) -> str:
    """The name of the server, from its status page; EHRbase's own tells its version only.

    Raises:
        RecordUnreadable: it says neither.
    """
    product: str = status.get("product") or "EHRbase " + status["ehrbase_version"]
    _check_texts(product)
    return product
