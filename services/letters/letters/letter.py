"""What a letter is, apart from HTTP, openEHR and the database: values and their rules. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

MOST_CHARACTERS = 100_000  # in the body and the sections of a letter, together

type LetterType = Literal["clinic", "discharge", "referral", "results", "other"]
type Status = Literal["final", "amended", "withdrawn"]
type Section = Literal[
    "diagnoses",
    "history",
    "concerns",
    "examination",
    "investigations",
    "procedures",
    "summary",
    "medications",
    "allergies",
    "plan",
    "advice",
]

# Headings of the PRSB outpatient letter standard that hold text, in the order in which a letter shows them.
HEADINGS: Mapping[Section, str] = {
    "diagnoses": "Diagnoses",
    "history": "History",
    "concerns": "Concerns, expectations and wishes",
    "examination": "Examination findings",
    "investigations": "Investigation results",
    "procedures": "Procedures",
    "summary": "Clinical summary",
    "medications": "Medications and medical devices",
    "allergies": "Allergies and adverse reactions",
    "plan": "Plan and requested actions",
    "advice": "Information and advice given",
}


@dataclass(frozen=True, slots=True)
class LetterAt:
    """Where a letter is asked for: it is found through this patient's record only."""

    patient_id: UUID
    uid: UUID


class Author(BaseModel):
    """The clinician who is responsible for a letter, with their name at the time of writing."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterHead:
    """One version of a letter without its text.

    author: who answers for the text of this version.
    sent_at: when the first version was sent.
    amended_at: when this version took its predecessor's place.
    """

    uid: UUID
    version: int
    title: str
    letter_type: LetterType
    author: Author
    sent_at: datetime
    status: Status = "final"
    amended_at: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        """When this version came to be."""
        return self.amended_at or self.sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter(LetterHead):
    """One version of a letter as it is in the record; `body` and sections are Markdown, verbatim."""

    body: str
    sections: Mapping[Section, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterVersion:
    """How a version came to be; `reason` is None for the first."""

    version: int
    committer: Author
    committed_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientIdentity:
    """Whom a letter is about, as far as is known: by name, birth date and NHS number."""

    name: str
    birth_date: date | None
    nhs_number: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a letter stands in a list: by the record's own text of its sending time, then by version uid."""

    sent: str
    version_uid: str


type Listed = list[tuple[LetterHead, Position]]
