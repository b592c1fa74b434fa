"""A FHIR Patient as Demographics, and Demographics back into it. Pure.

What Demographics does not show, or what others wrote in a form it cannot show, stays in the resource as it was.
"""

import copy
from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from patients.fhir import StoredPatient
from patients.policy import NHS_NUMBER_SYSTEM, check_nhs_number
from patients.schemas import (
    MAX_ENTRIES,
    Address,
    BirthDate,
    Demographics,
    DemographicsUpdate,
    EmergencyContact,
    Gender,
    Identifier,
    Line,
    Name,
    Telecom,
)

type Json = dict[str, Any]
type View[T] = Callable[[Json], T | None]

_CONTACT_ROLES = "http://terminology.hl7.org/CodeSystem/v2-0131"
_EMERGENCY = {"system": _CONTACT_ROLES, "code": "C"}
_LINE: TypeAdapter[str] = TypeAdapter(Line)
_BIRTH_DATE: TypeAdapter[Any] = TypeAdapter(BirthDate)


def demographics_of(patient: StoredPatient) -> Demographics:
    """What Quill shows of a version."""
    return Demographics(patient_id=patient.patient_id, version=patient.version, **shown(patient.resource).__dict__)


def merged(resource: Json, wanted: DemographicsUpdate) -> Json:
    """The resource with what was changed, and nothing else touched."""
    before, result = shown(resource), copy.deepcopy(resource)
    changed = [part for part in _WRITERS if getattr(before, part) != getattr(wanted, part)]
    for part in changed:
        _WRITERS[part](result, getattr(wanted, part))
    if changed and result.get("text", {}).get("status") == "generated":
        del result["text"]  # it tells what the resource was
    return result


def names_of(resource: Json) -> tuple[list[str], list[str]]:
    """Every family and every given name, also former ones, for a search."""
    names = _entries(resource, "name")
    return [name["family"] for name in names if _line(name.get("family"))], [
        given for name in names for given in _lines(name, "given")
    ]


def nhs_number_of(resource: Json) -> str | None:
    """The patient's NHS number, if there is a proper one."""
    for identifier in _entries(resource, "identifier"):
        if identifier.get("system") == NHS_NUMBER_SYSTEM:
            try:
                return check_nhs_number(str(identifier.get("value")))
            except ValueError:
                continue
    return None


def shown(resource: Json) -> DemographicsUpdate:
    """The part of a Patient resource that can be shown and changed."""
    return DemographicsUpdate(
        active=resource.get("active") is not False,
        name=_name(_main_name(resource)),
        birth_date=_birth_date(resource.get("birthDate")),
        gender=_gender(resource.get("gender")),
        nhs_number=nhs_number_of(resource),
        identifiers=_views(resource, "identifier", _identifier),
        telecom=_views(resource, "telecom", _telecom),
        addresses=_views(resource, "address", _address),
        emergency_contacts=_views(resource, "contact", _contact),
    )


# --- reading: leniently, for others write to the server too ---


def _entries(element: Json, key: str) -> list[Json]:
    entries = element.get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _line(value: object) -> str | None:
    try:
        return _LINE.validate_python(value)
    except ValidationError:
        return None


def _lines(element: Json, key: str) -> list[str]:
    values = element.get(key)
    return [line for line in map(_line, values) if line][:MAX_ENTRIES] if isinstance(values, list) else []


def _birth_date(value: object) -> Any:
    try:
        return _BIRTH_DATE.validate_python(value)
    except ValidationError:
        return None


def _gender(value: object) -> Gender:
    return next((gender for gender in get_args(Gender) if gender == value), "unknown")


def _fitting[T: BaseModel](model: type[T], **values: Any) -> T | None:
    try:
        return model(**values)
    except ValidationError:
        return None


def _split[T](entries: list[Json], view: View[T]) -> tuple[list[tuple[Json, T]], list[Json]]:
    """Entries that are shown, with their views, and entries that are not."""
    shown: list[tuple[Json, T]] = []
    hidden: list[Json] = []
    for entry in entries:
        seen = view(entry)
        if seen is None or len(shown) == MAX_ENTRIES:
            hidden.append(entry)
        else:
            shown.append((entry, seen))
    return shown, hidden


def _views[T](element: Json, key: str, view: View[T]) -> list[T]:
    return [seen for _, seen in _split(_entries(element, key), view)[0]]


def _main_name(resource: Json) -> Json:
    names = _entries(resource, "name")
    for use in ("official", "usual"):
        for name in names:
            if name.get("use") == use:
                return name
    return names[0] if names else {}


def _name(name: Json) -> Name:
    return Name(prefix=_lines(name, "prefix"), given=_lines(name, "given"), family=_line(name.get("family")))


def _identifier(entry: Json) -> Identifier | None:
    if entry.get("system") == NHS_NUMBER_SYSTEM:
        return None
    return _fitting(Identifier, system=entry.get("system"), value=entry.get("value"))


def _telecom(entry: Json) -> Telecom | None:
    return _fitting(Telecom, system=entry.get("system"), value=entry.get("value"), use=entry.get("use"))


def _address(entry: Json) -> Address | None:
    parts = {part: _line(entry.get(key)) for part, key in _ADDRESS_PARTS.items()}
    return _fitting(Address, lines=_lines(entry, "line"), use=entry.get("use"), **parts)


def _contact(entry: Json) -> EmergencyContact | None:
    name = entry.get("name")
    name = name if isinstance(name, dict) else {}
    spelled = " ".join([*_lines(name, "given"), *filter(None, [_line(name.get("family"))])])
    return _fitting(
        EmergencyContact,
        name=_line(name.get("text")) or spelled,
        relationship=_relationship(entry),
        telecom=_views(entry, "telecom", _telecom),
    )


def _relationship(entry: Json) -> str | None:
    for concept in _entries(entry, "relationship"):
        if text := _line(concept.get("text")):
            return text
        for coding in _entries(concept, "coding"):
            display = _line(coding.get("display") or coding.get("code"))
            if display and not coding.items() >= _EMERGENCY.items():
                return display
    return None


# --- writing ---

_ADDRESS_PARTS = {"city": "city", "district": "district", "postal_code": "postalCode", "country": "country"}


def _put(element: Json, key: str, value: Any) -> None:
    """Set or, where there is nothing to say, leave out: FHIR has no null and no empty list. What was said about the old
    value's parts (`_key`) falls with it."""
    element.pop(f"_{key}", None)
    if value is None or value == []:
        element.pop(key, None)
    else:
        element[key] = value


def _put_entries[T](element: Json, key: str, wanted: list[T], view: View[T], write: Callable[[Json, T], None]) -> None:
    """Change a list entry by entry: an equal entry is kept whole, one changed in its place keeps what is not shown."""
    visible, hidden = _split(_entries(element, key), view)
    free = dict(enumerate(visible))
    entries = [_take_equal(free, item) for item in wanted]
    for place, item in enumerate(wanted):
        if entries[place] is None:
            entry = free.pop(place)[0] if place in free else {}
            write(entry, item)
            entries[place] = entry
    _put(element, key, [*hidden, *entries])


def _take_equal[T](free: dict[int, tuple[Json, T]], item: T) -> Json | None:
    place = next((place for place, (_, seen) in free.items() if seen == item), None)
    return None if place is None else free.pop(place)[0]


def _write_name(resource: Json, name: Name) -> None:
    entry = _main_name(resource)
    if not entry:
        entry["use"] = "official"
        resource["name"] = [*_entries(resource, "name"), entry]
    for key, value in (("prefix", name.prefix), ("given", name.given), ("family", name.family)):
        if getattr(_name(entry), key) != value:
            _put(entry, key, value)
    _put(entry, "text", None)


def _write_nhs_number(resource: Json, number: str | None) -> None:
    others = [entry for entry in _entries(resource, "identifier") if entry.get("system") != NHS_NUMBER_SYSTEM]
    own = [{"system": NHS_NUMBER_SYSTEM, "value": number}] if number else []
    _put(resource, "identifier", own + others)


def _write_identifier(entry: Json, identifier: Identifier) -> None:
    if entry.get("system") != identifier.system:
        entry.clear()
    _put(entry, "system", identifier.system)
    _put(entry, "value", identifier.value)


def _write_telecom(entry: Json, telecom: Telecom) -> None:
    if entry.get("system") != telecom.system:
        entry.clear()
    for key in ("system", "value", "use"):
        _put(entry, key, getattr(telecom, key))


def _write_address(entry: Json, address: Address) -> None:
    if entry.get("use") != address.use:
        entry.clear()
    for part, key in _ADDRESS_PARTS.items():
        _put(entry, key, getattr(address, part))
    for key, value in (("line", address.lines), ("use", address.use), ("text", None)):
        _put(entry, key, value)


def _write_contact(entry: Json, contact: EmergencyContact) -> None:
    before = _contact(entry)
    if before is None or before.name != contact.name:
        _put(entry, "name", {"text": contact.name})
    if before is None or before.relationship != contact.relationship:
        told = [{"text": contact.relationship}] if contact.relationship else []
        _put(entry, "relationship", [*told, {"coding": [_EMERGENCY]}])
    _put_entries(entry, "telecom", contact.telecom, _telecom, _write_telecom)


_WRITERS: dict[str, Callable[[Json, Any], None]] = {
    "active": lambda resource, value: _put(resource, "active", value),
    "name": _write_name,
    "birth_date": lambda resource, value: _put(resource, "birthDate", value and value.isoformat()),
    "gender": lambda resource, value: _put(resource, "gender", value),
    "nhs_number": _write_nhs_number,
    "identifiers": lambda resource, value: _put_entries(resource, "identifier", value, _identifier, _write_identifier),
    "telecom": lambda resource, value: _put_entries(resource, "telecom", value, _telecom, _write_telecom),
    "addresses": lambda resource, value: _put_entries(resource, "address", value, _address, _write_address),
    "emergency_contacts": lambda resource, value: _put_entries(resource, "contact", value, _contact, _write_contact),
}
