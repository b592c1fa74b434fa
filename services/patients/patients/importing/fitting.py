"""What other systems say of patients, fitted to the strict subset that Quill takes. Pure.

`docs/import.md` has the rules. What tells nothing about who somebody is, and changes nothing of what is said, is left
out and counted; all else that does not fit is refused.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from common.fhir import fhir_path
from pydantic import ValidationError

from patients.fhir_schemas import PATIENT
from patients.importing.sources import Json, Refused, Row

type Step = str | int
type Place = tuple[Step, ...]

_NAMESPACE = UUID("3d4f0f0e-5a51-4c55-9a0c-7f9f5d7f9b0e")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # FHIR R4 §2.24.0.1
_UNKNOWN_HERE = {"contained", "extension", "reference"}
_CHANGES_THE_MEANING = {"implicitRules", "modifierExtension"}
_KEPT_APART = {"replaces", "refer", "seealso"}


def patient_id_of(row: Row, resource: Json, *, source: str) -> UUID:
    """The id in Quill of a patient of another system: always the same. Raises Refused when they have none there.

    Args:
        row: where the patient stands; a Bundle can have given them a `urn:uuid` instead of an id.
        resource: the Patient.
        source: a URI that names the other system, since ids are unique within one only.
    """
    theirs = resource.get("id", row.known_as)
    if not isinstance(theirs, str) or not _ID.fullmatch(theirs):
        raise Refused(("Patient.id", "must be there: the patient's id in Quill follows from it"))
    return uuid5(_NAMESPACE, f"{source} Patient/{theirs}")


def fit(resource: Json) -> tuple[Json, Counter[str]]:
    """A Patient as Quill takes it, and what was left out of it, by kind. It is changed on the way.

    Raises:
        Refused: something else does not fit.
    """
    dropped = _leave_out_links(resource)
    while True:
        try:
            return PATIENT.validate_python(resource), dropped
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False, include_input=False)
        places = {_superfluous(row["loc"], row["type"]) for row in errors}
        if None in places:
            raise Refused(*(_problem(row) for row in errors if _superfluous(row["loc"], row["type"]) is None))
        whole = {place for place in places if place and not any(place[:end] in places for end in range(len(place)))}
        for place in sorted(whole, reverse=True):  # from the end, so that numbers still hold
            dropped[_kind(place)] += 1
            _remove(resource, place)


def _leave_out_links(resource: Json) -> Counter[str]:
    """They point into the other system. One that says replaced-by is for the schema to refuse."""
    links = resource.get("link")
    told = links if isinstance(links, list) else [links]
    if not told or not all(isinstance(link, dict) and link.get("type") in _KEPT_APART for link in told):
        return Counter()
    del resource["link"]
    return Counter({"Patient.link": len(told)})


def _superfluous(place: Place, error: str) -> Place | None:
    """What can be left out so that this error goes; None when it must be refused."""
    if "extension" in place[:-1]:
        return place[: place.index("extension") + 2]
    if place[:1] in {("photo",), ("text",)}:
        return place[:1]
    for end, step in enumerate(place, 1):
        if str(step).startswith("_") or (step == "id" and end > 1):
            return place[:end]
    if error == "extra_forbidden" and place[-1] in _UNKNOWN_HERE:
        return place
    if error == "missing" and place[-1] == "value" and place[-3] == "identifier":
        return place[:-1]
    return None


def _kind(place: Place) -> str:
    """The FHIRPath of all such places; what `_` begins could be any word of the sender's."""
    names = [step for step in place if isinstance(step, str)]
    return fhir_path(["_*" if name.startswith("_") else name for name in names])


def _remove(element: Any, place: Sequence[Step]) -> None:
    """Take out what stands at a place, and whatever is empty then."""
    first, *rest = place
    if rest:
        _remove(element[first], rest)
    if not rest or not element[first]:
        del element[first]


def _problem(row: Mapping[str, Any]) -> tuple[str, str]:
    place, reason = row["loc"], str(row["msg"]).removeprefix("Value error, ")
    if row["type"] != "extra_forbidden":
        return fhir_path(place), reason
    if place[-1] in _CHANGES_THE_MEANING:
        return fhir_path(place), "changes the meaning of what Quill shows"
    return fhir_path(place[:-1]), "has an element that Quill does not know"  # its name is the sender's word
