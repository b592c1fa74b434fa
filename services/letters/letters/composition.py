"""Letters as openEHR compositions of the template `quill-clinic-letter.v1`: the way in. `record` is the way out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from letters.letter import Author, LetterType, StoredLetter

TEMPLATE_ID = "quill-clinic-letter.v1"
COMPOSITION_ARCHETYPE = "openEHR-EHR-COMPOSITION.report.v1"
ENTRY_ARCHETYPE = "openEHR-EHR-ADMIN_ENTRY.clinic_letter.v0"
NAMESPACE = "quill"
RM_VERSION = "1.0.4"

# Codes and rubrics as the template has them: an openEHR server refuses any other pair.
TYPE_CODES: Mapping[LetterType, tuple[str, str]] = {
    "clinic": ("at0010", "Outpatient letter"),
    "discharge": ("at0011", "Discharge letter"),
    "referral": ("at0012", "Referral letter"),
    "results": ("at0013", "Results letter"),
    "other": ("at0014", "Other letter"),
}
TYPE_OF_CODE: Mapping[str, LetterType] = {code: name for name, (code, _rubric) in TYPE_CODES.items()}
SENT = ("at0021", "Sent")


def version_uid(uid: UUID, version: int, *, system_id: str) -> str:
    """The openEHR id of one version of a letter (OBJECT_VERSION_ID)."""
    return f"{uid}::{system_id}::{version}"


def format_time(time: datetime) -> str:
    """UTC with exactly six fraction digits: openEHR queries compare times as text."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def party(author: Author) -> dict[str, Any]:
    """The clinician as composer and committer."""
    identity = {"_type": "GENERIC_ID", "value": str(author.id), "scheme": "quill-user"}
    reference = {"_type": "PARTY_REF", "namespace": NAMESPACE, "type": "PERSON", "id": identity}
    return {"_type": "PARTY_IDENTIFIED", "name": author.name, "external_ref": reference}


def ehr_status(patient_id: UUID) -> dict[str, Any]:
    """The EHR_STATUS of a patient's EHR; the subject is the patient's id, no name."""
    identity = {"_type": "GENERIC_ID", "value": str(patient_id), "scheme": "quill-patient"}
    reference = {"_type": "PARTY_REF", "namespace": NAMESPACE, "type": "PERSON", "id": identity}
    return {
        "_type": "EHR_STATUS",
        "archetype_node_id": "openEHR-EHR-EHR_STATUS.generic.v1",
        "name": _text("EHR Status"),
        "subject": {"_type": "PARTY_SELF", "external_ref": reference},
        "is_queryable": True,
        "is_modifiable": True,
    }


def composition_of(letter: StoredLetter, *, system_id: str) -> dict[str, Any]:
    """The canonical JSON of a letter's first version."""
    sent = {"_type": "DV_DATE_TIME", "value": format_time(letter.sent_at)}
    return {
        "_type": "COMPOSITION",
        "uid": {
            "_type": "OBJECT_VERSION_ID",
            "value": version_uid(letter.uid, letter.version, system_id=system_id),
        },
        "name": _text("Clinic letter report"),
        "archetype_node_id": COMPOSITION_ARCHETYPE,
        "archetype_details": _archetyped(COMPOSITION_ARCHETYPE),
        "language": _code("en", terminology="ISO_639-1"),
        "territory": _code("GB", terminology="ISO_3166-1"),
        "category": _coded("433", "event", terminology="openehr"),
        "composer": party(letter.author),
        "context": {
            "_type": "EVENT_CONTEXT",
            "start_time": sent,
            "setting": _coded("238", "other care", terminology="openehr"),
        },
        "content": [_entry(letter, sent)],
    }


def _entry(letter: StoredLetter, sent: dict[str, Any]) -> dict[str, Any]:
    items = [
        _element("at0002", "Title", _text(letter.title)),
        _element("at0003", "Letter type", _coded(*TYPE_CODES[letter.letter_type], terminology="local")),
        _element("at0004", "Body", {**_text(letter.body), "formatting": "markdown"}),
        _element("at0005", "Author name", _text(letter.author.name)),
        _element("at0006", "Sent at", sent),
        _element("at0008", "Letter status", _coded(*SENT, terminology="local")),
    ]
    return {
        "_type": "ADMIN_ENTRY",
        "name": _text("Clinic letter"),
        "archetype_node_id": ENTRY_ARCHETYPE,
        "archetype_details": _archetyped(ENTRY_ARCHETYPE),
        "language": _code("en", terminology="ISO_639-1"),
        "encoding": _code("UTF-8", terminology="IANA_character-sets"),
        "subject": {"_type": "PARTY_SELF"},
        "data": {
            "_type": "ITEM_TREE",
            "name": _text("Letter data"),
            "archetype_node_id": "at0001",
            "items": items,
        },
    }


def contribution_of(letter: StoredLetter, *, system_id: str) -> dict[str, Any]:
    """A change set that commits a new letter in its author's name; its time and its id are the server's to give."""
    audit = {
        "_type": "AUDIT_DETAILS",
        "system_id": system_id,
        "change_type": _coded("249", "creation", terminology="openehr"),
        "description": _text("Letter sent"),
        "committer": party(letter.author),
    }
    version = {
        "_type": "ORIGINAL_VERSION",
        "commit_audit": audit,
        "lifecycle_state": _coded("532", "complete", terminology="openehr"),
        "data": composition_of(letter, system_id=system_id),
    }
    return {"_type": "CONTRIBUTION", "versions": [version], "audit": audit}


def _text(value: str) -> dict[str, Any]:
    return {"_type": "DV_TEXT", "value": value}


def _code(code: str, *, terminology: str) -> dict[str, Any]:
    terminology_id = {"_type": "TERMINOLOGY_ID", "value": terminology}
    return {"_type": "CODE_PHRASE", "terminology_id": terminology_id, "code_string": code}


def _coded(code: str, rubric: str, *, terminology: str) -> dict[str, Any]:
    return {"_type": "DV_CODED_TEXT", "value": rubric, "defining_code": _code(code, terminology=terminology)}


def _element(node: str, name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"_type": "ELEMENT", "name": _text(name), "archetype_node_id": node, "value": value}


def _archetyped(archetype: str) -> dict[str, Any]:
    return {
        "_type": "ARCHETYPED",
        "archetype_id": {"_type": "ARCHETYPE_ID", "value": archetype},
        "template_id": {"_type": "TEMPLATE_ID", "value": TEMPLATE_ID},
        "rm_version": RM_VERSION,
    }
