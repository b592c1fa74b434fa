"""What a letter is, apart from HTTP, openEHR and the database: values and their rules. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

type LetterType = Literal["clinic", "discharge", "referral", "results", "other"]
type Status = Literal["final", "amended", "withdrawn"]


class Author(BaseModel):
    """The clinician who answers for a letter, named as at the time of writing."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterHead:
    """One version of a letter without its text; `sent_at` is when its first version was sent."""

    uid: UUID
    version: int
    title: str
    letter_type: LetterType
    author: Author
    sent_at: datetime
    amended_at: datetime | None = None

    @property
    def status(self) -> Status:
        """Where this version stands in the letter's life."""
        return "final" if self.version == 1 else "amended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter(LetterHead):
    """One version of a letter as it is in the record; `body` is Markdown, verbatim."""

    body: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a letter stands in a list: by the record's own text of its sending time, then by version uid."""

    sent: str
    version_uid: str
