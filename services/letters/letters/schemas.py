"""What clients send and get."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.rest import Body
from pydantic import AfterValidator, BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from letters.characters import steers
from letters.letter import HEADINGS, MOST_CHARACTERS, Author, LetterHead, LetterType, Section, Status, StoredLetter

# A character outside the Basic Multilingual Plane takes twelve bytes when JSON escapes it.
BODY_LIMIT_BYTES = 1_572_864


def _not_blank(value: str) -> str:
    # openEHR servers refuse text of white space only; what shows nothing can name nothing. All else is kept as it is.
    if all(character.isspace() or steers(character) for character in value):
        raise PydanticCustomError("blank", "Input should have at least one visible character")
    return value


def _one_line(value: str) -> str:
    if value.splitlines() != [value]:
        raise PydanticCustomError("one_line", "Input should be a single line")
    return value


def _is_absent(value: object) -> bool:
    return value is None


type _Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_not_blank), AfterValidator(_one_line)]
type _Text = Annotated[
    str, Field(min_length=1, max_length=MOST_CHARACTERS, description="Markdown"), AfterValidator(_not_blank)
]

# Not a `type`: what stands in one would say nothing about the member.
_Section = Annotated[_Text | None, Field(exclude_if=_is_absent)]


class Sections(Body):
    """Parts of a letter under headings of the PRSB outpatient letter standard; they follow the body, in this order."""

    diagnoses: _Section = None
    history: _Section = None
    concerns: _Section = None
    examination: _Section = None
    investigations: _Section = None
    procedures: _Section = None
    summary: _Section = None
    medications: _Section = None
    allergies: _Section = None
    plan: _Section = None
    advice: _Section = None


class _LetterText(Body):
    title: _Line
    body: _Text
    sections: Sections | None = None

    @property
    def texts(self) -> dict[Section, str]:
        """The sections that have a text."""
        return {name: text for name in HEADINGS if (text := getattr(self.sections, name, None)) is not None}


class LetterCreate(_LetterText):
    """A new letter. Text is stored byte for byte, including tab, line feed and carriage return."""

    letter_type: LetterType = "clinic"


class LetterAmend(_LetterText):
    """The new text of a letter, and the reason for the change. Type and sections stay unchanged if absent; `"sections":
    {}` removes the sections."""

    letter_type: LetterType | None = None
    reason: _Line


class LetterWithdraw(Body):
    """Why a letter is no longer valid."""

    reason: _Line


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
    """A letter; `body` and sections are Markdown, exactly as they were sent. A letter without sections has no such
    member. `status` is that of the version shown: an older one of a letter that was withdrawn since says what it was
    then, so take whether the letter is valid from its newest version."""

    body: str
    sections: Annotated[Sections | SkipJsonSchema[None], Field(exclude_if=_is_absent)] = None


class LetterVersion(BaseModel):
    """A version of a letter: `author` made it and gave the reason (the first version has none)."""

    version: int
    author: Author
    committed_at: datetime
    reason: str | None


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
    # Not judged: what is in the record is shown, whatever is refused today.
    texts = {str(name): text for name, text in letter.sections.items()}
    sections = Sections.model_construct(None, **texts) if texts else None
    return Letter(**dict(summary), body=letter.body, sections=sections)
