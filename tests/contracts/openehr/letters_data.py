"""Letters as openEHR documents, made from the one valid composition beside this file."""

import copy
import json
import uuid
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
TEMPLATE = (FOLDER / "clinic_letter.opt").read_text(encoding="utf-8")
TEMPLATE_ID = "quill-clinic-letter.v1"
RUBRICS = {
    "at0010": "Outpatient letter",
    "at0011": "Discharge letter",
    "at0012": "Referral letter",
    "at0013": "Results letter",
    "at0014": "Other letter",
}
_COMPOSITION = (FOLDER / "clinic_letter.composition.json").read_text(encoding="utf-8")


def composition(uid: str | None = None, **parts: Any) -> dict[str, Any]:
    """A valid letter. `parts` may be title, body, author, sent or kind (a code of RUBRICS)."""
    letter: dict[str, Any] = json.loads(_COMPOSITION)
    if uid is not None:
        letter["uid"] = {"_type": "OBJECT_VERSION_ID", "value": uid}
    for node_id, name in (("at0002", "title"), ("at0004", "body"), ("at0005", "author"), ("at0006", "sent")):
        if name in parts:
            element(letter, node_id)["value"]["value"] = parts[name]
    if "kind" in parts:
        value = element(letter, "at0003")["value"]
        value["value"], value["defining_code"]["code_string"] = RUBRICS[parts["kind"]], parts["kind"]
    if "author" in parts:
        letter["composer"]["name"] = parts["author"]
    if "sent" in parts:
        letter["context"]["start_time"]["value"] = parts["sent"]
    return letter


def items(letter: dict[str, Any]) -> list[dict[str, Any]]:
    """The letter's ELEMENTs."""
    found: list[dict[str, Any]] = letter["content"][0]["data"]["items"]
    return found


def element(letter: dict[str, Any], node_id: str) -> dict[str, Any]:
    """The ELEMENT of a node id."""
    return next(item for item in items(letter) if item["archetype_node_id"] == node_id)


def without(letter: dict[str, Any], node_id: str) -> dict[str, Any]:
    """The letter without one of its ELEMENTs."""
    shorter = copy.deepcopy(letter)
    shorter["content"][0]["data"]["items"] = [item for item in items(letter) if item["archetype_node_id"] != node_id]
    return shorter


def ehr_status(subject_id: str, **flags: bool) -> dict[str, Any]:
    """An EHR_STATUS for a subject."""
    party = {"_type": "GENERIC_ID", "value": subject_id, "scheme": "quill-patient"}
    reference = {"_type": "PARTY_REF", "namespace": "quill", "type": "PERSON", "id": party}
    return {
        "_type": "EHR_STATUS",
        "archetype_node_id": "openEHR-EHR-EHR_STATUS.generic.v1",
        "name": {"_type": "DV_TEXT", "value": "EHR Status"},
        "subject": {"_type": "PARTY_SELF", "external_ref": reference},
        "is_queryable": True,
        "is_modifiable": True,
        **flags,
    }


def coded(code: str, rubric: str) -> dict[str, Any]:
    """A DV_CODED_TEXT of the openEHR terminology."""
    terminology = {"_type": "TERMINOLOGY_ID", "value": "openehr"}
    phrase = {"_type": "CODE_PHRASE", "terminology_id": terminology, "code_string": code}
    return {"_type": "DV_CODED_TEXT", "value": rubric, "defining_code": phrase}


CREATION = coded("249", "creation")
AMENDMENT = coded("250", "amendment")
MODIFICATION = coded("251", "modification")
DELETED = coded("523", "deleted")


def audit(change: dict[str, Any], *, name: str, description: str, system_id: str) -> dict[str, Any]:
    """AUDIT_DETAILS of a clinician's change."""
    party = {"_type": "GENERIC_ID", "value": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), "scheme": "quill-user"}
    reference = {"_type": "PARTY_REF", "namespace": "quill", "type": "PERSON", "id": party}
    return {
        "_type": "AUDIT_DETAILS",
        "system_id": system_id,
        "change_type": change,
        "description": {"_type": "DV_TEXT", "value": description},
        "committer": {"_type": "PARTY_IDENTIFIED", "name": name, "external_ref": reference},
    }


def version(
    commit_audit: dict[str, Any], letter: dict[str, Any] | None, preceding: str | None = None
) -> dict[str, Any]:
    """An ORIGINAL_VERSION for a contribution."""
    made: dict[str, Any] = {
        "_type": "ORIGINAL_VERSION",
        "commit_audit": commit_audit,
        "lifecycle_state": coded("532", "complete"),
    }
    if letter is not None:
        made["data"] = letter
    if preceding is not None:
        made["preceding_version_uid"] = {"_type": "OBJECT_VERSION_ID", "value": preceding}
    return made


def contribution(*versions: dict[str, Any]) -> dict[str, Any]:
    """A CONTRIBUTION of versions, committed by whoever committed the first of them."""
    commit_audit = versions[0]["commit_audit"]
    return {"_type": "CONTRIBUTION", "versions": list(versions), "audit": {**commit_audit, "change_type": CREATION}}
