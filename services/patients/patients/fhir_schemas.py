"""The part of FHIR R4 Patient that may be sent to us, checked strictly. What is not named here is refused.

Not taken: contained resources, literal references and links (nothing they could point to is kept here), photos,
narrative (it would tell yesterday's name) and modifier extensions (they change the meaning of what we show).
"""

import re
from typing import Annotated, Any, Literal, Self

from common.rest import Body, IsoDate
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from patients.policy import NHS_NUMBER_SYSTEM, check_nhs_number
from patients.schemas import MAX_ENTRIES, AddressUse, BirthDate, Gender, Line, TelecomSystem, TelecomUse, Uri

_DATE_TIME = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d))?)?)?"
)


def _check_date_time(value: str) -> str:
    if not _DATE_TIME.fullmatch(value):
        raise ValueError("must be a FHIR dateTime")
    return value


DateTime = Annotated[str, AfterValidator(_check_date_time)]
Code = Annotated[str, StringConstraints(pattern=r"^\S+( \S+)*$", max_length=100)]
Text = Annotated[str, StringConstraints(pattern=r"\S", max_length=2000)]
type Some[T] = Annotated[list[T], Field(min_length=1, max_length=MAX_ENTRIES)]


class Element(Body):
    """An element, which must say something (FHIR invariant ele-1)."""

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not any(value is not None for value in self.__dict__.values()):
            raise ValueError("must not be empty")
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


class Reference(Element):
    """Somebody or something named without a literal reference."""

    type: Line | None = None
    identifier: "Identifier | None" = None
    display: Line | None = None


class Extension(Element):
    """Extra information under a URL of somebody's; simple values and the common complex ones."""

    url: Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]
    extension: "Some[Extension] | None" = None
    value_boolean: bool | None = None
    value_integer: int | None = Field(default=None, ge=-(2**31), lt=2**31)
    value_string: Text | None = None
    value_code: Code | None = None
    value_uri: Uri | None = None
    value_date: IsoDate | None = None
    value_date_time: DateTime | None = None
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_identifier: "Identifier | None" = None
    value_period: Period | None = None
    value_address: "Address | None" = None

    @model_validator(mode="after")
    def _check_one_content(self) -> Self:
        contents = [name for name, value in self.__dict__.items() if name != "url" and value is not None]
        if len(contents) != 1:
            raise ValueError("must have either one value or extensions")
        return self


class Extensible(Element):
    extension: Some[Extension] | None = None


class Identifier(Extensible):
    use: Literal["usual", "official", "temp", "secondary", "old"] | None = None
    type: CodeableConcept | None = None
    system: Uri
    value: Line
    period: Period | None = None
    assigner: Reference | None = None

    @model_validator(mode="after")
    def _check_nhs_number(self) -> Self:
        if self.system == NHS_NUMBER_SYSTEM:
            check_nhs_number(self.value)
        return self


class HumanName(Extensible):
    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] | None = None
    text: Line | None = None
    family: Line | None = None
    given: Some[Line] | None = None
    prefix: Some[Line] | None = None
    suffix: Some[Line] | None = None
    period: Period | None = None


class ContactPoint(Extensible):
    system: TelecomSystem
    value: Line
    use: TelecomUse | None = None
    rank: int | None = Field(default=None, ge=1, lt=2**31)
    period: Period | None = None


class Address(Extensible):
    use: AddressUse | None = None
    type: Literal["postal", "physical", "both"] | None = None
    text: Text | None = None
    line: Some[Line] | None = None
    city: Line | None = None
    district: Line | None = None
    state: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None
    period: Period | None = None


class Contact(Extensible):
    relationship: Some[CodeableConcept] | None = None
    name: HumanName | None = None
    telecom: Some[ContactPoint] | None = None
    address: Address | None = None
    gender: Gender | None = None
    organization: Reference | None = None
    period: Period | None = None


class Communication(Extensible):
    language: CodeableConcept
    preferred: bool | None = None


class Meta(Element):
    """`version_id` and `last_updated` are the server's to say, and ignored (FHIR R4 §3.1.0.8)."""

    version_id: str | None = Field(default=None, exclude=True)
    last_updated: str | None = Field(default=None, exclude=True)
    profile: Some[Uri] | None = None


class Patient(Extensible):
    """FHIR R4 Patient. A client's `id` is ignored: the server chooses it (FHIR R4 §3.1.0.8)."""

    resource_type: Literal["Patient"]
    id: str | None = Field(default=None, exclude=True)
    meta: Meta | None = None
    language: Code | None = None
    identifier: Some[Identifier] | None = None
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
    multiple_birth_integer: int | None = Field(default=None, ge=1, le=20)
    contact: Some[Contact] | None = None
    communication: Some[Communication] | None = None
    general_practitioner: Some[Reference] | None = None
    managing_organization: Reference | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        numbers = [one for one in self.identifier or () if one.system == NHS_NUMBER_SYSTEM]
        if len(numbers) > 1:
            raise ValueError("must not have more than one NHS number")
        if self.deceased_boolean is not None and self.deceased_date_time is not None:
            raise ValueError("must have one deceased[x]")
        if self.multiple_birth_boolean is not None and self.multiple_birth_integer is not None:
            raise ValueError("must have one multipleBirth[x]")
        return self

    def to_json(self) -> dict[str, Any]:
        """The resource as FHIR JSON, without what the server chooses."""
        resource = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        if not resource.get("meta"):
            resource.pop("meta", None)
        return resource
