"""Reads what an openEHR server answers into letters, strictly: what does not fit is refused, never guessed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.logging import get_logger

from letters.composition import NAMESPACE, TEMPLATE_ID, TYPE_OF_CODE
from letters.errors import RecordUnreadable
from letters.letter import Author, LetterHead, Position, StoredLetter

log = get_logger(__name__)

# What a list query selects, in this order.
LIST_COLUMNS = {
    "version_uid": "c/uid/value",
    "sent": "c/context/start_time/value",
    "author_name": "c/composer/name",
    "author_id": "c/composer/external_ref/id/value",
    "title": "l/data[at0001]/items[at0002]/value/value",
    "letter_type": "l/data[at0001]/items[at0003]/value/defining_code/code_string",
}


def _reading[T](read: Callable[[Any], T]) -> Callable[[Any], T]:
    def refusing(answer: Any) -> T:
        try:
            return read(answer)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.exception("the openEHR server's answer is not readable")
            raise RecordUnreadable from error

    return refusing


@_reading
def read_letter(composition: Any) -> StoredLetter:
    """The letter in a COMPOSITION of our template, committed by one of our users.

    Raises:
        RecordUnreadable: anything is missing, of another type, or not ours.
    """
    author = composition["composer"]["external_ref"]
    if composition["archetype_details"]["template_id"]["value"] != TEMPLATE_ID or author["namespace"] != NAMESPACE:
        raise ValueError("not a letter of ours")
    values = {item["archetype_node_id"]: item["value"] for item in composition["content"][0]["data"]["items"]}
    texts = {
        "version_uid": composition["uid"]["value"],
        "sent": composition["context"]["start_time"]["value"],
        "author_name": composition["composer"]["name"],
        "author_id": author["id"]["value"],
        "title": values["at0002"]["value"],
        "letter_type": values["at0003"]["defining_code"]["code_string"],
        "body": values["at0004"]["value"],
    }
    return StoredLetter(**_members(texts), body=texts["body"])


@_reading
def read_list(answer: Any) -> list[tuple[LetterHead, Position]]:
    """The letters of a list query's RESULT_SET, each with its position.

    Raises:
        RecordUnreadable: one row does not fit. A list that lacks a letter in silence would be worse than none.
    """
    rows = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in answer["rows"]]
    return [(LetterHead(**_members(row)), Position(row["sent"], row["version_uid"])) for row in rows]


def _members(texts: dict[str, Any]) -> dict[str, Any]:
    _check_texts(*texts.values())
    uid, _system_id, version = texts["version_uid"].split("::")
    return {
        "uid": UUID(uid),
        "version": int(version),
        "title": texts["title"],
        "letter_type": TYPE_OF_CODE[texts["letter_type"]],
        "author": Author(id=UUID(texts["author_id"]), name=texts["author_name"]),
        "sent_at": _time(texts["sent"]),
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
def read_commit_time(version: Any) -> datetime:
    """When an ORIGINAL_VERSION was committed.

    Raises:
        RecordUnreadable: it does not say.
    """
    return _time(version["commit_audit"]["time_committed"]["value"])


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
