"""Letters as openEHR compositions of the template `quill-clinic-letter.v1`: the way in. `record` is the way out.

`contribution.json` is the change set as it is sent, with its variable parts empty.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any
from uuid import UUID

from letters.letter import Author, LetterType, StoredLetter

TEMPLATE_ID = "quill-clinic-letter.v1"
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


def contribution_of(letter: StoredLetter, *, system_id: str) -> dict[str, Any]:
    """A change set that commits a new letter in its author's name; its time and its id are the server's to give."""
    change_set: dict[str, Any] = json.loads(_CONTRIBUTION)
    version = change_set["versions"][0]
    for audit in (change_set["audit"], version["commit_audit"]):
        audit |= {"system_id": system_id, "committer": _party(letter.author)}
    _fill(version["data"], letter, system_id=system_id)
    return change_set


def _fill(composition: dict[str, Any], letter: StoredLetter, *, system_id: str) -> None:
    code, rubric = TYPE_CODES[letter.letter_type]
    sent = format_time(letter.sent_at)
    composition["uid"]["value"] = version_uid(letter.uid, letter.version, system_id=system_id)
    composition["composer"] = _party(letter.author)
    composition["context"]["start_time"]["value"] = sent
    values = {item["archetype_node_id"]: item["value"] for item in composition["content"][0]["data"]["items"]}
    values["at0002"]["value"] = letter.title
    values["at0003"]["value"], values["at0003"]["defining_code"]["code_string"] = rubric, code
    values["at0004"]["value"] = letter.body
    values["at0005"]["value"] = letter.author.name
    values["at0006"]["value"] = sent


def _party(author: Author) -> dict[str, Any]:
    reference = _reference(author.id, scheme="quill-user")
    return {"_type": "PARTY_IDENTIFIED", "name": author.name, "external_ref": reference}


def _reference(id: UUID, *, scheme: str) -> dict[str, Any]:
    identity = {"_type": "GENERIC_ID", "value": str(id), "scheme": scheme}
    return {"_type": "PARTY_REF", "namespace": NAMESPACE, "type": "PERSON", "id": identity}
