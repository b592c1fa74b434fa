"""Reads what an openEHR server answers into letters, strictly: what does not fit is refused, never guessed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.logging import get_logger
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from letters.composition import TYPE_OF_CODE
from letters.errors import RecordUnreadable
from letters.letter import Author, LetterHead, LetterType, Position, StoredLetter

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


def _uid_and_version(value: object) -> tuple[UUID, int]:
    uid, _system, version = str(value).split("::")
    return UUID(uid), int(version)


def _type_of(code: object) -> LetterType:
    letter_type = TYPE_OF_CODE.get(str(code))
    if letter_type is None:
        raise ValueError("not a letter type")
    return letter_type


def _time(value: object) -> datetime:
    time = datetime.fromisoformat(str(value))
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)


def _by_node(items: object) -> object:
    if not isinstance(items, list):
        raise ValueError("not a list of elements")
    return {item["archetype_node_id"]: item["value"] for item in items}


def _at(first: str, *path: str | int) -> Any:
    return Field(validation_alias=AliasPath(first, *path))


type _VersionUid = Annotated[tuple[UUID, int], BeforeValidator(_uid_and_version)]
type _Type = Annotated[LetterType, BeforeValidator(_type_of)]
type _Time = Annotated[datetime, BeforeValidator(_time)]
type _UserId = Annotated[UUID, BeforeValidator(lambda value: UUID(str(value)))]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Parts(_Strict):
    title: str = _at("at0002", "value")
    letter_type: _Type = _at("at0003", "defining_code", "code_string")
    body: str = _at("at0004", "value")


class _Composition(_Strict):
    uid: _VersionUid = _at("uid", "value")
    template_id: Literal["quill-clinic-letter.v1"] = _at("archetype_details", "template_id", "value")
    namespace: Literal["quill"] = _at("composer", "external_ref", "namespace")
    author_id: _UserId = _at("composer", "external_ref", "id", "value")
    author_name: str = _at("composer", "name")
    sent: _Time = _at("context", "start_time", "value")
    parts: Annotated[_Parts, BeforeValidator(_by_node)] = _at("content", 0, "data", "items")


class _Row(_Strict):
    uid: _VersionUid = _at("version_uid")
    position_uid: str = _at("version_uid")
    sent: _Time = _at("sent")
    sent_text: str = _at("sent")
    author_id: _UserId
    author_name: str
    title: str
    letter_type: _Type


_ROWS: TypeAdapter[list[list[Any]]] = TypeAdapter(list[list[Any]])


class _Version(_Strict):
    committed: _Time = _at("commit_audit", "time_committed", "value")


class _Status(_Strict):
    product: str | None = None
    ehrbase_version: str | None = None


def _reading[**P, T](read: Callable[P, T]) -> Callable[P, T]:
    def refusing(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (ValidationError, ValueError, LookupError, TypeError) as error:
            log.exception("an answer of the openEHR server is not readable")
            raise RecordUnreadable from error

    return refusing


@_reading
def read_letter(composition: object) -> StoredLetter:
    """The letter in a composition of our template.

    Raises:
        RecordUnreadable: anything is missing, of another type, or not ours.
    """
    read = _Composition.model_validate(composition)
    uid, version = read.uid
    return StoredLetter(
        uid=uid,
        version=version,
        title=read.parts.title,
        letter_type=read.parts.letter_type,
        author=Author(id=read.author_id, name=read.author_name),
        sent_at=read.sent,
        body=read.parts.body,
    )


@_reading
def read_list(answer: object) -> list[tuple[LetterHead, Position]]:
    """The letters of a list query's result set, each with its position.

    Raises:
        RecordUnreadable: one row does not fit. A list that lacks a letter in silence would be worse than none.
    """
    rows = _ROWS.validate_python(answer["rows"])  # type: ignore[index]
    return [_read_row(row) for row in rows]


def _read_row(row: Sequence[Any]) -> tuple[LetterHead, Position]:
    read = _Row.model_validate(dict(zip(LIST_COLUMNS, row, strict=True)))
    uid, version = read.uid
    head = LetterHead(
        uid=uid,
        version=version,
        title=read.title,
        letter_type=read.letter_type,
        author=Author(id=read.author_id, name=read.author_name),
        sent_at=read.sent,
    )
    return head, Position(read.sent_text, read.position_uid)


@_reading
def read_commit_time(version: object) -> datetime:
    """When a version was committed (ORIGINAL_VERSION).

    Raises:
        RecordUnreadable: it does not say.
    """
    return _Version.model_validate(version).committed


@_reading
def read_ehr_id(ehr: object) -> UUID:
    """The id of an EHR (EHR).

    Raises:
        RecordUnreadable: it does not say.
    """
    return UUID(ehr["ehr_id"]["value"])  # type: ignore[index]


@_reading
def read_product(status: object) -> str:
    """The name of the server, from its status page: EHRbase gives a version only, ours its name.

    Raises:
        RecordUnreadable: it is neither.
    """
    told = _Status.model_validate(status)
    return told.product or f"EHRbase {told.ehrbase_version}"
