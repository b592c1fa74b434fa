"""FHIR R4 Patient as it may be sent to us: checked strictly, and kept as it was sent. What is not named here is
refused, since the FHIR server would drop it without a word. `fhir_r4.txt` has the types, as FHIR R4 has them.

Not taken: literal references (what they point to is not kept here; `link` may point to another patient), contained
resources, which only such references reach, partial birth dates, identifiers without a value, narrative with more than
text, and what changes the meaning of what we show: modifier extensions, implicit rules, a link that says replaced-by.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from importlib import resources
from typing import Annotated, Any, ForwardRef, Literal, Self

from common.rest import CANONICAL_UUID, Body
from pydantic import AfterValidator, Field, GetPydanticSchema, TypeAdapter, conlist, create_model, model_validator
from pydantic_core.core_schema import no_info_wrap_validator_function

from patients import schemas
from patients.narrative import check_narrative
from patients.policy import NHS_NUMBER_SYSTEM, check_nhs_number

_SERVER_SAYS = {"versionId", "lastUpdated", "source"}
_TYPES = resources.files("patients").joinpath("fhir_r4.txt").read_text()
_CHOICES = re.compile(f"({'|'.join(re.findall(r'(\w+)\[x\]', _TYPES))})[A-Z]")
# The FHIR server keeps tags apart from the resource, and of these others no id.
_APART, _WITHOUT_ID = {"Meta", "Tag"}, {"Meta", "Patient", "Reason", "Tag"}


def _check_real_day(value: str) -> str:
    try:
        date.fromisoformat(value[:10] if len(value) >= 10 else "2000-01-01")
    except ValueError as error:
        raise ValueError("must have a day that its month has") from error  # the other text quotes it
    return value


def _text(pattern: str, most: int = 1000) -> Any:
    return Annotated[str, Field(pattern=f"^({pattern})$", min_length=1, max_length=most)]


def _number(least: float, most: float, kind: Any = int) -> Any:
    return Annotated[kind, Field(ge=least, le=most)]


# FHIR R4 §2.24.0.1, and narrower than that where it is what we show.
_YEAR, _MONTH, _DAY = "[12][0-9]{3}", "-(0[1-9]|1[0-2])", "-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
_INSTANT = f"T{_TIME}(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?"
_PLAIN: dict[str, Any] = {
    **dict.fromkeys(("canonical", "oid", "uri", "url", "uuid"), _text(r"\S+")),
    **dict.fromkeys(("markdown", "string"), Annotated[str, Field(pattern=r"\S", max_length=10_000)]),
    "absoluteUri": schemas.Uri,
    "addressUse": schemas.AddressUse,
    "base64Binary": _text(_BASE64, 200_000),
    "birthDate": schemas.BirthDate,
    "boolean": bool,
    "code": _text(r"\S+( \S+)*", 100),
    "date": Annotated[_text(f"{_YEAR}({_MONTH}({_DAY})?)?"), AfterValidator(_check_real_day)],
    "dateTime": Annotated[_text(f"{_YEAR}({_MONTH}({_DAY}({_INSTANT})?)?)?"), AfterValidator(_check_real_day)],
    "decimal": _number(-1e15, 1e15, float),
    "gender": schemas.Gender,
    "id": _text(r"[A-Za-z0-9\-.]{1,64}"),
    "instant": Annotated[_text(f"{_YEAR}{_MONTH}{_DAY}{_INSTANT}"), AfterValidator(_check_real_day)],
    "integer": _number(-(2**31), 2**31 - 1),
    "line": schemas.Line,
    "patientReference": _text(f"Patient/{CANONICAL_UUID.pattern}"),
    "positiveInt": _number(1, 2**31 - 1),
    "telecomSystem": schemas.TelecomSystem,
    "telecomUse": schemas.TelecomUse,
    "time": _text(_TIME),
    "unsignedInt": _number(0, 2**31 - 1),
}
# Of these nothing more can be said in `_x`. The FHIR server drops a tag that is longer, and refuses some for ever.
_BARE: dict[str, Any] = {
    "elementId": _text(r"\S+", 64),
    "extensionUrl": _text(r"\S+", 200),
    "patient": Literal["Patient"],
    "said": str,
    "tagDisplay": Annotated[schemas.Line, Field(max_length=200)],
    "tagVersion": Annotated[schemas.Line, Field(max_length=30)],
    "xhtml": Annotated[str, Field(max_length=20_000), AfterValidator(check_narrative)],
}


class Said(Body):
    """What is there says something, and each `x[y]` in one way only (FHIR R4 §2.24, §2.6.1)."""

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        said = self.model_fields_set
        if said <= {"id"}:
            raise ValueError("must not be empty")
        chosen = {one.removesuffix("_"): choice[1] for one in said if (choice := _CHOICES.match(one))}
        if len(chosen) > len(set(chosen.values())):
            raise ValueError("must have one of each [x] only")
        told = {one.removesuffix("_") for one in said}
        if not all(_is_told(getattr(self, one), getattr(self, f"{one}_", None)) for one in told):
            raise ValueError("must have each value, or an extension that says why there is none")
        if check := _INVARIANTS.get(type(self).__name__):
            check(self)
        return self


def _is_told(value: Any, beside: Any) -> bool:
    """A plain value can be left to an extension beside it; of a list each can, in a list just as long (§2.6.2.2)."""
    if isinstance(value, list) or isinstance(beside, list):
        values, besides = value or [], beside or [None] * len(value)
        return len(values) == len(besides) and all(map(_is_told, values, besides))
    return value is not None or (beside is not None and beside.extension is not None)


def _check_extension(one: Any) -> None:
    if ("extension" in one.model_fields_set) == any(map(_CHOICES.match, one.model_fields_set)):
        raise ValueError("must have either a value or extensions")  # ext-1


def _check_contact_point(one: Any) -> None:
    if one.value is not None and not one.model_fields_set & {"system", "system_"}:
        raise ValueError("must have a system if it has a value")  # cpt-2


def _check_identifier(one: Any) -> None:
    if one.system == NHS_NUMBER_SYSTEM:
        check_nhs_number(one.value)


def _check_one_nhs_number(identifiers: list[Any]) -> list[Any]:
    if sum(one.system == NHS_NUMBER_SYSTEM for one in identifiers) > 1:
        raise ValueError("must not have more than one NHS number")
    return identifiers


_INVARIANTS: dict[str, Callable[[Any], object]] = {
    "Extension": _check_extension,
    "ContactPoint": _check_contact_point,
    "Identifier": _check_identifier,
}


def _some(one: Any) -> Any:
    return conlist(one, min_length=1, max_length=schemas.MAX_ENTRIES)


def _fields(name: str, elements: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Of a line `element[!][*]:type …`: `!` must be there, `*` is a list, `a|b` are the codes or the choices."""
    for element in ("" if name in _WITHOUT_ID else "id:elementId extension*:Extension ").split() + elements.split():
        place, kinds = element.split(":")
        stem, choice, _ = place.partition("[x]")
        for kind in kinds.split("|") if choice else [kinds]:
            many, key = "*" in stem, stem.rstrip("!*") + (kind[0].upper() + kind[1:] if choice else "")
            one = _PLAIN.get(kind) or _BARE.get(kind) or (ForwardRef(kind) if kind[0].isupper() else _text(kind))
            beside = not (kind in _BARE or kind[0].isupper() or name in _APART)
            yield key, (_some(one | None if beside else one) if many else one, ... if "!" in stem else None)
            if beside:
                about = ForwardRef("Reason" if name == "Extension" else "Element")
                yield f"{key}_", (_some(about | None) if many else about, Field(None, alias=f"_{key}"))


def _patient() -> Any:
    models: dict[str, Any] = {}
    for names, elements in (row.split(":", 1) for row in _TYPES.splitlines()):
        for name in names.split():
            fields: dict[str, Any] = dict(_fields(name, elements))
            models[name] = create_model(name, __base__=Said, **fields)
    identifiers: Any = Annotated[_some(models["Identifier"]), AfterValidator(_check_one_nhs_number)]
    for model in models.values():
        model.model_rebuild(_types_namespace=models | {"Identifiers": identifiers})
    return models["Patient"]


def _as_sent(resource: dict[str, Any], check: Callable[[Any], object]) -> dict[str, Any]:
    """But for the id, version, time and source, which are the server's to say (FHIR R4 §3.1.0.8)."""
    check(resource)
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _SERVER_SAYS}
    kept = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    return kept | ({"meta": meta} if meta else {})


_MODEL = _patient()
_AS_SENT = GetPydanticSchema(lambda _, handler: no_info_wrap_validator_function(_as_sent, handler(_MODEL)))
Patient = Annotated[dict[str, Any], _AS_SENT]
PATIENT: TypeAdapter[dict[str, Any]] = TypeAdapter(Patient)
