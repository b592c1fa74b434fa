"""The part of FHIR R4 Patient that may be sent to us, checked strictly. What is not named here is refused.

Not taken: contained resources and literal references (what they point to is not kept here; `link` may point to another
patient), photos, extensions of primitives (`_birthDate`), partial birth dates, narrative with more than text, and what
changes the meaning of what we show: modifier extensions, implicit rules, a link that says replaced-by.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from common.rest import CANONICAL_UUID, Body, IsoDate
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

from patients.narrative import check_narrative
from patients.policy import NHS_NUMBER_SYSTEM, check_nhs_number
from patients.schemas import MAX_ENTRIES, AddressUse, BirthDate, Gender, Line, TelecomSystem, TelecomUse, Uri

# FHIR R4 §2.24.0.1: a year, month or day, or a moment with its zone.
_MONTH, _DAY = r"-(0[1-9]|1[0-2])", r"-(0[1-9]|[12]\d|3[01])"
_TIME = r"T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))"
_MOMENT = StringConstraints(pattern=rf"^[12]\d{{3}}({_MONTH}({_DAY}({_TIME})?)?)?$")


def _check_real_day(value: str) -> str:
    if len(value) >= len("2000-01-01"):
        date.fromisoformat(value[: len("2000-01-01")])
    return value


DateTime = Annotated[str, _MOMENT, AfterValidator(_check_real_day)]
Lines = Annotated[str, StringConstraints(pattern=r"\S", max_length=1000)]
Code = Annotated[str, StringConstraints(pattern=r"^\S+( \S+)*$", max_length=100)]
Integer = Annotated[int, Field(ge=-(2**31), lt=2**31)]
type Some[T] = Annotated[list[T], Field(min_length=1, max_length=MAX_ENTRIES)]


class Element(Body):
    """An element says something, and each `x[y]` in one way only (FHIR R4 §2.24, §2.6.1)."""

    model_config = ConfigDict(alias_generator=to_camel)

    extension: "Some[Extension] | None" = None

    @field_validator("*", mode="before")
    @classmethod
    def _check_not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must be left out when there is none: FHIR has no null")  # FHIR R4 §2.6.2
        return value

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        said = [name for name, value in self if value is not None]
        if not said:
            raise ValueError("must not be empty")
        for choice in ("value_", "deceased_", "multiple_birth_"):
            if sum(name.startswith(choice) for name in said) > 1:
                raise ValueError(f"must have one {choice[:-1]}[x]")
        return self


class Period(Element):
    start: DateTime | None = None
    end: DateTime | None = None


class Coding(Element):
    system: Uri | None = None
    version: Line | None = None
    code: Code | None = None
    display: Line | None = None
    user_selected: bool | None = None


class CodeableConcept(Element):
    coding: Some[Coding] | None = None
    text: Line | None = None


class Extension(Element):
    url: Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]
    value_boolean: bool | None = None
    value_integer: Integer | None = None
    value_string: Line | None = None
    value_code: Code | None = None
    value_uri: Uri | None = None
    value_date: IsoDate | None = None
    value_date_time: DateTime | None = None
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if (self.extension is None) == all(value is None for name, value in self if name.startswith("value_")):
            raise ValueError("must have either a value or extensions")  # FHIR invariant ext-1
        return self


class Identifier(Element):
    use: Literal["usual", "official", "temp", "secondary", "old"] | None = None
    type: CodeableConcept | None = None
    system: Uri | None = None
    value: Line
    period: Period | None = None
    assigner: "Reference | None" = None

    @model_validator(mode="after")
    def _check_nhs_number(self) -> Self:
        if self.system == NHS_NUMBER_SYSTEM:
            check_nhs_number(self.value)
        return self


def _check_one_nhs_number(identifiers: list[Identifier] | None) -> list[Identifier] | None:
    if sum(identifier.system == NHS_NUMBER_SYSTEM for identifier in identifiers or ()) > 1:
        raise ValueError("must not have more than one NHS number")
    return identifiers


class Reference(Element):
    """A person given by name, not by reference."""

    type: Line | None = None
    identifier: Identifier | None = None
    display: Line | None = None


class PatientReference(Reference):
    """A patient of this server; the FHIR server refuses unknown ones."""

    reference: Annotated[str, StringConstraints(pattern=rf"^Patient/{CANONICAL_UUID.pattern}$")]


class Link(Element):
    other: PatientReference
    type: Literal["replaces", "refer", "seealso"]


class Narrative(Element):
    status: Literal["generated", "extensions", "additional", "empty"]
    div: Annotated[str, Field(max_length=20_000), AfterValidator(check_narrative)]


class HumanName(Element):
    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] | None = None
    text: Line | None = None
    family: Line | None = None
    given: Some[Line] | None = None
    prefix: Some[Line] | None = None
    suffix: Some[Line] | None = None
    period: Period | None = None


class ContactPoint(Element):
    system: TelecomSystem
    value: Line
    use: TelecomUse | None = None
    rank: Annotated[Integer, Field(gt=0)] | None = None
    period: Period | None = None


class Address(Element):
    use: AddressUse | None = None
    type: Literal["postal", "physical", "both"] | None = None
    text: Lines | None = None
    line: Some[Line] | None = None
    city: Line | None = None
    district: Line | None = None
    state: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None
    period: Period | None = None


class Contact(Element):
    relationship: Some[CodeableConcept] | None = None
    name: HumanName | None = None
    telecom: Some[ContactPoint] | None = None
    address: Address | None = None
    gender: Gender | None = None
    organization: Reference | None = None
    period: Period | None = None


class Communication(Element):
    language: CodeableConcept
    preferred: bool | None = None


class Meta(Element):
    version_id: str | None = Field(default=None, exclude=True)
    last_updated: str | None = Field(default=None, exclude=True)
    source: str | None = Field(default=None, exclude=True)
    profile: Some[Uri] | None = None
    security: Some[Coding] | None = None
    tag: Some[Coding] | None = None


class Patient(Element):
    """A client's id, version, time and source are ignored: the server sets them (FHIR R4 §3.1.0.8)."""

    resource_type: Literal["Patient"]
    id: str | None = Field(default=None, exclude=True)
    meta: Meta | None = None
    language: Code | None = None
    text: Narrative | None = None
    identifier: Annotated[Some[Identifier] | None, AfterValidator(_check_one_nhs_number)] = None
    active: bool | None = None
    name: Some[HumanName] | None = None
    telecom: Some[ContactPoint] | None = None
    gender: Gender | None = None
    birth_date: BirthDate | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: DateTime | None = None
    address: Some[Address] | None = None
    marital_status: CodeableConcept | None = None
    multiple_birth_boolean: bool | None = None
    multiple_birth_integer: Integer | None = None
    contact: Some[Contact] | None = None
    communication: Some[Communication] | None = None
    general_practitioner: Some[Reference] | None = None
    managing_organization: Reference | None = None
    link: Some[Link] | None = None

    def to_json(self) -> dict[str, Any]:
        """The resource as FHIR JSON, without what the server says."""
        resource = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {name: value for name, value in resource.items() if value != {}}
