"""EHRs and their EHR_STATUS in the database. Knows nothing of HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from openehr_server import reference_model
from openehr_server.audits import format_time
from openehr_server.errors import BadRequest, Conflict, NotFound
from openehr_server.identifiers import VersionUid

_SELECT = "SELECT id, status, created FROM ehr"


class Ehr:
    """One EHR: its id, when it was made, and its EHR_STATUS with the uid of its only version."""

    def __init__(self, row: asyncpg.Record) -> None:
        self.ehr_id: UUID = row["id"]
        self.created: datetime = row["created"]
        self.status: dict[str, Any] = row["status"]

    def as_json(self, system_id: str) -> dict[str, Any]:
        """The EHR class of the reference model (ehr.html#_ehr_class)."""
        return {
            "_type": "EHR",
            "system_id": {"_type": "HIER_OBJECT_ID", "value": system_id},
            "ehr_id": {"_type": "HIER_OBJECT_ID", "value": str(self.ehr_id)},
            "ehr_status": {
                "_type": "OBJECT_REF",
                "namespace": "local",
                "type": "EHR_STATUS",
                "id": self.status["uid"],
            },
            "time_created": {"_type": "DV_DATE_TIME", "value": format_time(self.created)},
        }


def read_status(body: Any) -> dict[str, Any]:
    """The EHR_STATUS that the caller sent; without one, an EHR without a subject. Raises BadRequest."""
    if body is None:
        return {
            "_type": "EHR_STATUS",
            "name": {"_type": "DV_TEXT", "value": "EHR Status"},
            "archetype_node_id": "openEHR-EHR-EHR_STATUS.generic.v1",
            "subject": {"_type": "PARTY_SELF"},
            "is_queryable": True,
            "is_modifiable": True,
        }
    status = reference_model.read(body, "EHR_STATUS")
    for name in ("is_queryable", "is_modifiable", "subject", "name", "archetype_node_id"):
        if name not in status:
            raise BadRequest(f"Missing attribute EHR_STATUS/{name}")
    if missing := reference_model.missing_attributes(status, "EHR_STATUS"):
        path, name, rm_class = missing[0]
        raise BadRequest(
            f"Message at {path} ({path}):  Attribute {name} of class {rm_class} does not match existence 1..1"
        )
    return status


async def create_ehr(
    connection: asyncpg.Connection, *, ehr_id: UUID | None, status: dict[str, Any], system_id: str
) -> Ehr:
    """One EHR per subject and per id, whoever comes first; Conflict for the others."""
    ehr_id = ehr_id or uuid4()
    uid = VersionUid(uuid4(), system_id, 1)
    status = {**status, "uid": {"_type": "OBJECT_VERSION_ID", "value": str(uid)}}
    reference = status["subject"].get("external_ref", {})
    namespace, subject = reference.get("namespace"), reference.get("id", {}).get("value")
    try:
        row = await connection.fetchrow(
            "INSERT INTO ehr (id, subject_namespace, subject_id, status) VALUES ($1, $2, $3, $4)"
            " RETURNING id, status, created",
            ehr_id,
            namespace,
            subject,
            status,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "ehr_subject":
            message = f"Supplied partyId[{subject}] is used by a different EHR in the same partyNamespace[{namespace}]."
        else:
            message = f"EHR with id {ehr_id} already exists."
        raise Conflict(message) from None
    return Ehr(row)


async def find_ehr(connection: asyncpg.Connection, ehr_id: UUID) -> Ehr:
    """Raises NotFound."""
    row = await connection.fetchrow(f"{_SELECT} WHERE id = $1", ehr_id)
    if row is None:
        raise NotFound(f"EHR with id {ehr_id} not found")
    return Ehr(row)


async def find_ehr_by_subject(connection: asyncpg.Connection, *, namespace: str, subject_id: str) -> Ehr:
    """Raises NotFound."""
    row = await connection.fetchrow(
        f"{_SELECT} WHERE subject_namespace = $1 AND subject_id = $2", namespace, subject_id
    )
    if row is None:
        raise NotFound("No EHR with supplied subject parameters found")
    return Ehr(row)


async def check_modifiable(connection: asyncpg.Connection, ehr_id: UUID) -> None:
    """Raises NotFound or Conflict."""
    ehr = await find_ehr(connection, ehr_id)
    if not ehr.status["is_modifiable"]:
        raise Conflict(f"EHR with id {ehr_id} does not allow modification")
