"""What clients send and get."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.rest import Body
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from letters.letter import Author, LetterHead, LetterType, Status, StoredLetter

MAX_TITLE_CHARACTERS = 300
MAX_BODY_CHARACTERS = 100_000
# A character outside the Basic Multilingual Plane takes twelve bytes when JSON escapes it.
BODY_LIMIT_BYTES = 1_572_864


def _not_blank(value: str) -> str:
    # openEHR servers refuse text of white space only; everything else is kept as it is.
    if not value.strip():
        raise PydanticCustomError("blank", "Input should have at least one visible character")
    return value


def _one_line(value: str) -> str:
    if value.splitlines() != [value]:
        raise PydanticCustomError("one_line", "Input should be a single line")
    return value


class LetterCreate(Body):
    """A letter to be written. Text is kept byte for byte: tab, line feed and carriage return are text."""

    title: Annotated[
        str,
        Field(min_length=1, max_length=MAX_TITLE_CHARACTERS),
        AfterValidator(_not_blank),
        AfterValidator(_one_line),
    ]
    body: Annotated[
        str, Field(min_length=1, max_length=MAX_BODY_CHARACTERS, description="Markdown"), AfterValidator(_not_blank)
    ]
    letter_type: LetterType = "clinic"


class LetterSummary(BaseModel):
    """A letter without its text; `read_at` is when the patient first read it."""

    uid: UUID
    patient_id: UUID
    version: int
    status: Status
    title: str
    letter_type: LetterType
    author: Author
    created_at: datetime
    amended_at: datetime | None
    read_at: datetime | None


class Letter(LetterSummary):
    """A letter; `body` is Markdown, exactly as it was sent."""

    body: str


def summary_of(letter: LetterHead, *, patient_id: UUID, read_at: datetime | None) -> LetterSummary:
    """The public form of a letter without its text."""
    return LetterSummary(
        uid=letter.uid,
        patient_id=patient_id,
        version=letter.version,
        status=letter.status,
        title=letter.title,
        letter_type=letter.letter_type,
        author=letter.author,
        created_at=letter.sent_at,
        amended_at=letter.amended_at,
        read_at=read_at,
    )


def letter_of(letter: StoredLetter, *, patient_id: UUID, read_at: datetime | None) -> Letter:
    """The public form of a letter."""
    summary = summary_of(letter, patient_id=patient_id, read_at=read_at)
    return Letter(**dict(summary), body=letter.body)
