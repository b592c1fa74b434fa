"""Request and answer shapes of patients outside of FHIR."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from common.rest import Body, Id, IsoDate
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from patients import names
from patients.policy import NHS_NUMBER_SYSTEM, check_birth_date, check_nhs_number

MAX_ENTRIES = 20


def _check_indexed(text: str) -> str:
    # The FHIR server cuts what it indexes after 768 units of UTF-16, and fails for ever when that parts two of one.
    if len(text) > 384 and max(text) > "\uffff":
        raise ValueError("must not have more than 384 characters when there are emoji or rare signs among them")
    return text


def _check_typed(text: str) -> str:
    names.words_typed(text)
    return text


_LINE = StringConstraints(pattern=r"^[^\t\r\n]*[^\t\r\n\s][^\t\r\n]*$", max_length=1000)
Line = Annotated[str, _LINE, AfterValidator(_check_indexed)]
Uri = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.\-]*:\S+$", max_length=200)]
Typed = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200), AfterValidator(_check_typed)]
NhsNumber = Annotated[
    str, AfterValidator(check_nhs_number), WithJsonSchema({"type": "string", "pattern": "^[0-9]{10}$"})
]
BirthDate = Annotated[IsoDate, AfterValidator(check_birth_date)]
type Entries[T] = Annotated[list[T], Field(max_length=MAX_ENTRIES)]

Gender = Literal["male", "female", "other", "unknown"]
TelecomSystem = Literal["phone", "fax", "email", "pager", "url", "sms", "other"]
TelecomUse = Literal["home", "work", "temp", "old", "mobile"]
AddressUse = Literal["home", "work", "temp", "old", "billing"]


class Name(Body):
    """The patient's official name."""

    prefix: Entries[Line] = Field(default_factory=list)
    given: Entries[Line] = Field(default_factory=list)
    family: Line | None = None


class Identifier(Body):
    """The patient's number in another register."""

    system: Uri
    value: Line

    @field_validator("system")
    @classmethod
    def _check_other(cls, system: str) -> str:
        if system == NHS_NUMBER_SYSTEM:
            raise ValueError("an NHS number belongs into nhs_number")
        return system


class Telecom(Body):
    """A way to reach somebody."""

    system: TelecomSystem
    value: Line
    use: TelecomUse | None = None


class Address(Body):
    """A postal address."""

    lines: Entries[Line] = Field(default_factory=list)
    city: Line | None = None
    district: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None
    use: AddressUse | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not (self.lines or self.city or self.district or self.postal_code or self.country):
            raise ValueError("must not be empty")
        return self


class EmergencyContact(Body):
    """A person to call in an emergency."""

    name: Line
    relationship: Line | None = None
    telecom: Entries[Telecom] = Field(default_factory=list)


class DemographicsUpdate(Body):
    """All demographics at once: a missing member is refused, so that nothing is erased by accident."""

    active: bool
    name: Name
    birth_date: BirthDate | None
    gender: Gender
    nhs_number: NhsNumber | None
    identifiers: Entries[Identifier]
    telecom: Entries[Telecom]
    addresses: Entries[Address]
    emergency_contacts: Entries[EmergencyContact]


class Demographics(DemographicsUpdate):
    """What Quill shows of a patient."""

    patient_id: UUID
    version: int


class Standing(BaseModel):
    """What another service needs of a patient to let the caller go on."""

    active: bool
    name: Name
    birth_date: date | None
    nhs_number: str | None


class PatientListed(BaseModel):
    """A patient in a list."""

    patient_id: UUID
    name: Name
    birth_date: date | None
    gender: str
    nhs_number: str | None
    active: bool


class PatientQuery(BaseModel):
    """What a list can be narrowed to; what is not named here is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    q: Typed = Field(default="", description="Beginnings of words of the name, up to ten, all of which must match")
    family: Typed = Field(default="", description="Beginnings of words of the family name")
    given: Typed = Field(default="", description="Beginnings of words of given names")
    birth_date: IsoDate | None = None
    gender: Gender | None = None
    nhs_number: NhsNumber | None = None
    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=512)


class PatientVerify(Body):
    """The patient, by exactly one of the two members."""

    patient_id: Id | None = None
    nhs_number: NhsNumber | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.patient_id is None) == (self.nhs_number is None):
            raise ValueError("exactly one of patient_id and nhs_number is needed")
        return self


class PatientVerified(BaseModel):
    """Whether there is such a patient. Whom another system gave an id of its own form has none here."""

    exists: bool
    patient_id: UUID | None
