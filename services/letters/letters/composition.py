"""Letters as openEHR compositions of the template `quill-clinic-letter.v2`: the way in. `record` is the way out.

`contribution.json` is the change set as it is sent, with its variable parts empty.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any
from uuid import UUID

from letters.letter import HEADINGS, Author, LetterType, Section, Status, StoredLetter

TEMPLATE_ID = "quill-clinic-letter.v2"
# The first template had neither sections nor withdrawal; its letters are read, and amended under the second.
FIRST_TEMPLATE_ID = "quill-clinic-letter.v1"
NAMESPACE = "quill"

# Codes and rubrics as the template has them: an openEHR server refuses any other pair.
TYPE_CODES: Mapping[LetterType, tuple[str, str]] = {
    "clinic": ("at0010", "Outpatient letter"),
    "discharge": ("at0011", "Discharge letter"),
    "referral": ("at0012", "Referral letter"),
    "results": ("at0013", "Results letter"),
    "other": ("at0014", "Other letter"),
}
TYPE_OF_CODE: Mapping[str, LetterType] = {code: name for name, (code, _rubric) in TYPE_CODES.items()}
STATUS_CODES: Mapping[Status, tuple[str, str]] = {
    "final": ("at0021", "Sent"),
    "amended": ("at0022", "Amended"),
    "withdrawn": ("at0023", "Withdrawn"),
}
STATUS_OF_CODE: Mapping[str, Status] = {code: name for name, (code, _rubric) in STATUS_CODES.items()}
SECTION_CODES: Mapping[Section, str] = {name: f"at{30 + place:04}" for place, name in enumerate(HEADINGS)}
# How openEHR calls what was done to a letter (openEHR terminology, group "audit change type").
CHANGE_TYPES: Mapping[Status, tuple[str, str]] = {
    "final": ("249", "creation"),
    "amended": ("250", "amendment"),
    "withdrawn": ("251", "modification"),
}

_CONTRIBUTION = resources.files("letters").joinpath("contribution.json").read_text()


def template() -> bytes:
    """The operational template (ADL 1.4) that letters are written by."""
    return resources.files("letters").joinpath("clinic_letter.opt").read_bytes()


def version_uid(uid: UUID, version: int, *, system_id: str) -> str:
    """The openEHR id of one version of a letter (OBJECT_VERSION_ID)."""
    return f"{uid}::{system_id}::{version}"


def format_time(time: datetime) -> str:
    """UTC with exactly six fraction digits: openEHR queries compare times as text."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ehr_status_of(patient_id: UUID) -> dict[str, Any]:
    """The EHR_STATUS of a patient's EHR: its subject is the patient's id, no name."""
    return {
        "_type": "EHR_STATUS",
        "archetype_node_id": "openEHR-EHR-EHR_STATUS.generic.v1",
        "name": {"_type": "DV_TEXT", "value": "EHR Status"},
        "subject": {"_type": "PARTY_SELF", "external_ref": _reference(patient_id, scheme="quill-patient")},
        "is_queryable": True,
        "is_modifiable": True,
    }


def contribution_of(letter: StoredLetter, *, committer: Author, reason: str, system_id: str) -> dict[str, Any]:
    """A change set that commits one version of a letter; its time and its id are the server's to give.

    Args:
        committer: who sends, amends or withdraws it.
        reason: in the committer's words, why this version is made.
        system_id: the openEHR server's own.
    """
    change_set: dict[str, Any] = json.loads(_CONTRIBUTION)
    version = change_set["versions"][0]
    for audit in (change_set["audit"], version["commit_audit"]):
        audit |= {"system_id": system_id, "committer": _party(committer)}
        audit["description"]["value"] = reason
        _fill_code(audit["change_type"], CHANGE_TYPES[letter.status])
    _fill(version["data"], letter)
    if letter.version == 1:
        version["data"]["uid"] = _version_id(letter.uid, 1, system_id=system_id)
    else:
        version["preceding_version_uid"] = _version_id(letter.uid, letter.version - 1, system_id=system_id)
    return change_set


def _version_id(uid: UUID, version: int, *, system_id: str) -> dict[str, str]:
    return {"_type": "OBJECT_VERSION_ID", "value": version_uid(uid, version, system_id=system_id)}


def _fill(composition: dict[str, Any], letter: StoredLetter) -> None:
    composition["composer"] = _party(letter.author)
    composition["context"]["start_time"]["value"] = format_time(letter.sent_at)
    items = composition["content"][0]["data"]["items"]
    values = {item["archetype_node_id"]: item["value"] for item in items}
    values["at0002"]["value"] = letter.title
    _fill_code(values["at0003"], TYPE_CODES[letter.letter_type])
    values["at0004"]["value"] = letter.body
    values["at0005"]["value"] = letter.author.name
    values["at0006"]["value"] = format_time(letter.amended_at or letter.sent_at)
    _fill_code(values["at0008"], STATUS_CODES[letter.status])
    items += [_section(name, text) for name, text in letter.sections.items()]


def _fill_code(coded_text: dict[str, Any], code: tuple[str, str]) -> None:
    coded_text["defining_code"]["code_string"], coded_text["value"] = code


def _section(name: Section, text: str) -> dict[str, Any]:
    return {
        "_type": "ELEMENT",
        "name": {"_type": "DV_TEXT", "value": HEADINGS[name]},
        "archetype_node_id": SECTION_CODES[name],
        "value": {"_type": "DV_TEXT", "value": text, "formatting": "markdown"},
    }


def _party(author: Author) -> dict[str, Any]:
    reference = _reference(author.id, scheme="quill-user")
    return {"_type": "PARTY_IDENTIFIED", "name": author.name, "external_ref": reference}


def _reference(id: UUID, *, scheme: str) -> dict[str, Any]:
    identity = {"_type": "GENERIC_ID", "value": str(id), "scheme": scheme}
    return {"_type": "PARTY_REF", "namespace": NAMESPACE, "type": "PERSON", "id": identity}
