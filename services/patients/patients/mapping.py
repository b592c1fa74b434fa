"""A FHIR Patient as Demographics, and Demographics back into it. Pure.

What Demographics does not show, or what others wrote in a form it cannot show, stays in the resource as it was.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from patients import schemas
from patients.fhir import StoredPatient
from patients.policy import NHS_NUMBER_SYSTEM

type Json = dict[str, Any]

_BIRTH_DATE: TypeAdapter[Any] = TypeAdapter(schemas.BirthDate | None)
_NHS_NUMBER: TypeAdapter[Any] = TypeAdapter(schemas.NhsNumber | None)
_EMERGENCY = {"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}


@dataclass(frozen=True)
class Shape[T: BaseModel]:
    """How one of our shapes stands in FHIR: our member → FHIR's. An entry is another one when no member of `same` is
    what it was."""

    model: type[T]
    members: Mapping[str, str]
    same: Sequence[str] = ()

    def view(self, entry: Json) -> T | None:
        """The entry as we show it; None when we cannot."""
        told = {ours: _said(entry, its) for ours, its in self.members.items() if its in entry}
        try:
            return self.model.model_validate(told)
        except ValidationError:
            return None

    def write(self, entry: Json, item: T) -> None:
        """Change an entry; what is not shown of it stays."""
        _put(entry, "text", None)  # the same in one line
        for name, value in item.model_dump().items():
            _change(entry, self.members[name], value)


class NameShape(Shape[schemas.Name]):
    """A name told in one line only stands as the family name: which of its words are, nobody can say."""

    def view(self, entry: Json) -> schemas.Name | None:
        if "text" in entry and not (entry.get("family") or entry.get("given")):
            entry = {**entry, "family": entry["text"]}
        return super().view(entry)


class ContactShape(Shape[schemas.EmergencyContact]):
    """Contacts nest deeper in FHIR than here."""

    def view(self, entry: Json) -> schemas.EmergencyContact | None:
        name = entry["name"] if isinstance(entry.get("name"), dict) else {}
        spelled = [*(name.get("given") or ()), name.get("family")]
        told = {
            "name": name.get("text") or " ".join(word for word in spelled if isinstance(word, str)),
            "relationship": next(filter(None, map(_told, _entries(entry, "relationship"))), None),
            "telecom": _views(entry, "telecom", _TELECOM),
        }
        return super().view(told)

    def write(self, entry: Json, item: schemas.EmergencyContact) -> None:
        before = self.view(entry)
        if before is None or before.name != item.name:
            _put(entry, "name", {"text": item.name})
        if before is None or before.relationship != item.relationship:
            _write_relationship(entry, item.relationship)
        _put_entries(entry, "telecom", _TELECOM, item.telecom)


_NAME = NameShape(schemas.Name, {"family": "family", "given": "given", "prefix": "prefix"})
_IDENTIFIER = Shape(schemas.Identifier, {"system": "system", "value": "value"}, same=["system"])
_TELECOM = Shape(schemas.Telecom, {"system": "system", "value": "value", "use": "use"}, same=["system"])
_SAME_NAMES = {name: name for name in ("use", "city", "district", "country")}
_ADDRESS = Shape(schemas.Address, {**_SAME_NAMES, "lines": "line", "postal_code": "postalCode"}, same=["use", "lines"])
_SAME_PARTS = {name: name for name in ("name", "relationship", "telecom")}
_CONTACT = ContactShape(schemas.EmergencyContact, _SAME_PARTS, same=[*_SAME_PARTS])
_LISTS: Mapping[str, tuple[str, Shape[Any]]] = {
    "identifiers": ("identifier", _IDENTIFIER),
    "telecom": ("telecom", _TELECOM),
    "addresses": ("address", _ADDRESS),
    "emergency_contacts": ("contact", _CONTACT),
}


def demographics_of(patient: StoredPatient) -> schemas.Demographics:
    """What Quill shows of a version."""
    told = _parts(patient.resource)
    return schemas.Demographics.model_construct(patient_id=patient.patient_id, version=patient.version, **told)


def shown(resource: Json) -> schemas.DemographicsUpdate:
    """The part of a Patient resource that can be shown and changed."""
    return schemas.DemographicsUpdate.model_construct(**_parts(resource))


def _parts(resource: Json) -> Json:
    """The members of Demographics by their names, each as its own shape has checked it."""
    genders = [gender for gender in get_args(schemas.Gender) if gender == resource.get("gender")]
    return {
        "active": resource.get("active") is not False,
        "name": _NAME.view(_main_name(resource)) or schemas.Name(),
        "birth_date": _valid(_BIRTH_DATE, resource.get("birthDate")),
        "gender": genders[0] if genders else "unknown",
        "nhs_number": _valid(_NHS_NUMBER, _nhs_identifier(resource).get("value")),
        **{part: _views(resource, key, shape) for part, (key, shape) in _LISTS.items()},
    }


def merged(resource: Json, wanted: schemas.DemographicsUpdate) -> Json:
    """The resource with what was changed, and nothing else touched."""
    before, result = shown(resource), copy.deepcopy(resource)
    changed = [part for part in type(before).model_fields if getattr(before, part) != getattr(wanted, part)]
    for part in changed:
        if part in _LISTS:
            _put_entries(result, *_LISTS[part], getattr(wanted, part))
        else:
            _WRITERS[part](result, getattr(wanted, part))
    if changed and isinstance(result.get("text"), dict) and result["text"].get("status") == "generated":
        del result["text"]  # it tells what the resource was
    return result


def names_of(resource: Json) -> list[schemas.Name]:
    """All names, former ones too, for a search."""
    return [name for name in map(_NAME.view, _entries(resource, "name")) if name is not None]


def _entries(element: Json, key: str) -> list[Json]:
    entries = element.get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _valid(kind: TypeAdapter[Any], value: object) -> Any:
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


def _views[T: BaseModel](element: Json, key: str, shape: Shape[T]) -> list[T]:
    views = map(shape.view, _entries(element, key))
    return [view for view in views if view is not None][: schemas.MAX_ENTRIES]


def _main_name(resource: Json) -> Json:
    names = _entries(resource, "name")
    ranks = {"official": 0, "usual": 1}
    return min(names, key=lambda name: ranks.get(str(name.get("use")), 2), default={})


def _nhs_identifier(resource: Json) -> Json:
    known = (entry for entry in _entries(resource, "identifier") if entry.get("system") == NHS_NUMBER_SYSTEM)
    return next(known, {})


def _told(relationship: Json) -> str | None:
    codings = [coding for coding in _entries(relationship, "coding") if not coding.items() >= _EMERGENCY.items()]
    told = [relationship.get("text"), *(coding.get("display") or coding.get("code") for coding in codings)]
    return next((text for text in told if isinstance(text, str)), None)


def _said(element: Json, key: str) -> Any:
    """A value; of a list what is not null, as FHIR has it where there is an extension only."""
    value = element.get(key)
    return [one for one in value if one is not None] if isinstance(value, list) else value


def _differs(element: Json, key: str, value: Any) -> bool:
    return (_said(element, key) or None) != (value or None)


def _change(element: Json, key: str, value: Any) -> None:
    if _differs(element, key, value):
        _put(element, key, value)


def _put(element: Json, key: str, value: Any) -> None:
    """Set, or leave out what says nothing: FHIR has neither null nor an empty list. `_key` was about the old value."""
    element.pop(f"_{key}", None)
    element.pop(key, None)
    if value not in (None, []):
        element[key] = value


def _put_entries[T: BaseModel](element: Json, key: str, shape: Shape[T], wanted: list[T]) -> None:
    """Change a list entry by entry: an equal entry is kept whole, one changed in its place keeps what is not shown
    unless it is another one now."""
    entries = _entries(element, key)
    visible = [entry for entry in entries if shape.view(entry) is not None][: schemas.MAX_ENTRIES]
    free = dict(enumerate(visible))
    kept = [_take_equal(free, item, shape) for item in wanted]
    for place, item in enumerate(wanted):
        entry = kept[place]
        if entry is None:
            entry = kept[place] = free.pop(place, {})
            if all(getattr(shape.view(entry), name, None) != getattr(item, name) for name in shape.same):
                entry.clear()
            shape.write(entry, item)
    hidden = [entry for entry in entries if not any(entry is other for other in visible)]
    _put(element, key, [*hidden, *kept])


def _take_equal[T: BaseModel](free: dict[int, Json], item: T, shape: Shape[T]) -> Json | None:
    place = next((place for place, entry in free.items() if shape.view(entry) == item), None)
    return None if place is None else free.pop(place)


def _write_name(resource: Json, name: schemas.Name) -> None:
    entry = _main_name(resource)
    if not entry:
        entry["use"] = "official"
        resource["name"] = [*_entries(resource, "name"), entry]
    for part, value in name.model_dump().items():
        _change(entry, part, value)
    _put(entry, "text", None)


def _write_relationship(contact: Json, relationship: str | None) -> None:
    """In the place of the one that is shown, and beside it that this is whom to call."""
    known = _entries(contact, "relationship")
    shown = next(filter(_told, known), None)
    others = [one for one in known if one is not shown]
    told = [{"text": relationship}] if relationship else []
    marked = any(coding.items() >= _EMERGENCY.items() for one in others for coding in _entries(one, "coding"))
    _put(contact, "relationship", [*told, *others, *([] if marked else [{"coding": [_EMERGENCY]}])])


def _write_nhs_number(resource: Json, number: str | None) -> None:
    others = [entry for entry in _entries(resource, "identifier") if entry.get("system") != NHS_NUMBER_SYSTEM]
    own = [{"system": NHS_NUMBER_SYSTEM, "value": number}] if number else []
    _put(resource, "identifier", own + others)


_WRITERS: dict[str, Callable[[Json, Any], None]] = {
    "active": lambda resource, value: _put(resource, "active", value),
    "name": _write_name,
    "birth_date": lambda resource, value: _put(resource, "birthDate", value and value.isoformat()),
    "gender": lambda resource, value: _put(resource, "gender", value),
    "nhs_number": _write_nhs_number,
}
