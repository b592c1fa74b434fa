"""AUDIT_DETAILS and the other small RM objects that the server itself writes."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from openehr_server import PRODUCT

CHANGE_TYPES = {"249": "creation", "250": "amendment", "251": "modification", "523": "deleted"}
CREATION, AMENDMENT, MODIFICATION, DELETED = CHANGE_TYPES


def format_time(time: datetime) -> str:
    """UTC with `Z` and as many fraction digits as needed, as EHRbase writes times."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


def coded_text(code: str, rubric: str, terminology: str = "openehr") -> dict[str, Any]:
    """A DV_CODED_TEXT of the openEHR terminology."""
    phrase = {
        "_type": "CODE_PHRASE",
        "terminology_id": {"_type": "TERMINOLOGY_ID", "value": terminology},
        "code_string": code,
    }
    return {"_type": "DV_CODED_TEXT", "value": rubric, "defining_code": phrase}


def object_ref(kind: str, uid: str, *, namespace: str, id_type: str = "HIER_OBJECT_ID") -> dict[str, Any]:
    """An OBJECT_REF."""
    return {"_type": "OBJECT_REF", "namespace": namespace, "type": kind, "id": {"_type": id_type, "value": uid}}


def service_audit(change_type: str, user: str) -> dict[str, Any]:
    """Who changes a composition outside of a contribution: the service user, and no description."""
    party = {"_type": "GENERIC_ID", "value": str(_party_id(user)), "scheme": "DEMOGRAPHIC"}
    identifier = {
        "_type": "DV_IDENTIFIER",
        "issuer": PRODUCT,
        "assigner": PRODUCT,
        "id": user,
        "type": "Basic authentication user",
    }
    return {
        "_type": "AUDIT_DETAILS",
        "change_type": coded_text(change_type, CHANGE_TYPES[change_type]),
        "description": {"_type": "DV_TEXT"},
        "committer": {
            "_type": "PARTY_IDENTIFIED",
            "external_ref": {"_type": "PARTY_REF", "namespace": "User", "type": "PARTY", "id": party},
            "name": f"Internal {user}",
            "identifiers": [identifier],
        },
    }


def stamp(audit: dict[str, Any], *, system_id: str, committed: datetime) -> dict[str, Any]:
    """The audit as stored: the server, not the caller, says where and when."""
    time = {"_type": "DV_DATE_TIME", "value": format_time(committed)}
    return {**audit, "system_id": system_id, "time_committed": time}


def _party_id(user: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:openehr-server:user:{user}")
