"""Compositions as versions in the database: committing changes and reading what was committed. No HTTP."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from openehr_server.audits import DELETED, coded_text, object_ref, stamp
from openehr_server.errors import BadRequest, Conflict, InternalError, NotFound, PreconditionFailed
from openehr_server.identifiers import VersionUid, parse_version_uid

_COMPLETE = coded_text("532", "complete", terminology="UNKNOWN")  # EHRbase answers this whatever was sent
_STALE = "If-Match version_uid does not match latest version"
_NOTHING_TO_DELETE = "No EHR with the supplied ehr_id or no COMPOSITION with the supplied preceding_version_uid."


@dataclass(frozen=True)
class Change:
    """One version to commit. `composition` is None for a deletion, `preceding` None for a creation."""

    audit: dict[str, Any]
    composition: dict[str, Any] | None
    template_id: str | None = None
    preceding: VersionUid | None = None

    @property
    def change_type(self) -> str:
        """The code of the change in the openEHR terminology."""
        return str(self.audit["change_type"]["defining_code"]["code_string"])


@dataclass(frozen=True)
class Contribution:
    """Changes that are committed together; `contribution_id` only where the caller chose one."""

    audit: dict[str, Any]
    changes: Sequence[Change]
    contribution_id: UUID | None = None


@dataclass(frozen=True)
class Commit:
    """Where and when a contribution is being committed."""

    ehr_id: UUID
    system_id: str
    contribution_id: UUID
    committed: datetime


@dataclass(frozen=True)
class Version:
    """One stored version; `data` is None where it is a deletion."""

    object_id: UUID
    number: int
    uid: str
    ehr_id: UUID
    contribution_id: UUID
    template_id: str | None
    committed: datetime
    audit: dict[str, Any]
    data: dict[str, Any] | None

    def as_json(self, system_id: str) -> dict[str, Any]:
        """ORIGINAL_VERSION (common.html#_original_version_class)."""
        body: dict[str, Any] = {
            "_type": "ORIGINAL_VERSION",
            "contribution": object_ref("CONTRIBUTION", str(self.contribution_id), namespace="openehr"),
            "commit_audit": self.audit,
            "uid": {"_type": "OBJECT_VERSION_ID", "value": self.uid},
            "lifecycle_state": _COMPLETE,
            "branch": False,
        }
        if self.number > 1:
            preceding = VersionUid(self.object_id, system_id, self.number - 1)
            body["preceding_version_uid"] = {"_type": "OBJECT_VERSION_ID", "value": str(preceding)}
        return body if self.data is None else {**body, "data": self.data}


_SELECT = (
    "SELECT object_id, number, uid, ehr_id, contribution_id, template_id, committed, audit, data"
    " FROM version WHERE object_id = $1 AND ehr_id = $2"
)


async def commit(
    connection: asyncpg.Connection, ehr_id: UUID, contribution: Contribution, *, system_id: str
) -> tuple[UUID, list[Version]]:
    """All of the changes or none, in the caller's transaction; answers the contribution's id and the new versions.

    Raises PreconditionFailed, Conflict or NotFound for the change that cannot be made, and InternalError for a
    contribution id that exists (EHRbase's 500).
    """
    place = Commit(ehr_id, system_id, contribution.contribution_id or uuid4(), datetime.now(UTC))
    audit = stamp(contribution.audit, system_id=system_id, committed=place.committed)
    try:
        await connection.execute(
            "INSERT INTO contribution (id, ehr_id, audit) VALUES ($1, $2, $3)", place.contribution_id, ehr_id, audit
        )
    except asyncpg.UniqueViolationError:
        raise InternalError from None
    return place.contribution_id, [await _commit_change(connection, place, change) for change in contribution.changes]


async def _commit_change(connection: asyncpg.Connection, place: Commit, change: Change) -> Version:
    if change.preceding is None:
        uid = _first_uid(change, place)
    else:
        uid = await _supersede(connection, place, change, change.preceding)
    version = Version(
        object_id=uid.object_id,
        number=uid.version,
        uid=str(uid),
        ehr_id=place.ehr_id,
        contribution_id=place.contribution_id,
        template_id=change.template_id,
        committed=place.committed,
        audit=stamp(change.audit, system_id=place.system_id, committed=place.committed),
        data=change.composition and {**change.composition, "uid": {"_type": "OBJECT_VERSION_ID", "value": str(uid)}},
    )
    try:
        await connection.execute(
            "INSERT INTO version (object_id, number, uid, ehr_id, contribution_id, template_id, committed, audit, data)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            *(getattr(version, field.name) for field in fields(version)),
        )
    except asyncpg.UniqueViolationError:
        raise PreconditionFailed(f"Provided Id {uid} already exists" if uid.version == 1 else _STALE) from None
    return version


def _first_uid(change: Change, place: Commit) -> VersionUid:
    """The uid that the composition brings, which must be a first version of this server's, or a new one."""
    provided = (change.composition or {}).get("uid")
    if provided is None:
        return VersionUid(uuid4(), place.system_id, 1)
    if provided["_type"] != "OBJECT_VERSION_ID":
        raise PreconditionFailed(f"Provided Id {provided['value']} is not a ObjectVersionId")
    uid = parse_version_uid(provided["value"])
    if uid.version != 1:
        raise PreconditionFailed(f"Provided Id {uid} has a invalid Version. Expect Version 1")
    if uid.system_id != place.system_id:
        raise PreconditionFailed(f"Mismatch of creating_system_id: {uid.system_id} !=: {place.system_id}")
    return uid


async def _supersede(
    connection: asyncpg.Connection, place: Commit, change: Change, preceding: VersionUid
) -> VersionUid:
    """Takes the latest version's place; of two who do so at once, the primary key refuses the slower one."""
    deleting = change.change_type == DELETED
    latest = await connection.fetchrow(
        "SELECT number, template_id, data IS NULL AS deleted FROM version"
        " WHERE object_id = $1 AND ehr_id = $2 AND is_latest",
        preceding.object_id,
        place.ehr_id,
    )
    if latest is None or (deleting and latest["deleted"]):
        raise NotFound(_NOTHING_TO_DELETE if deleting else "")
    if latest["number"] != preceding.version:
        raise Conflict(_STALE) if deleting else PreconditionFailed(_STALE)
    if not deleting and latest["template_id"] and _family(latest["template_id"]) != _family(change.template_id or ""):
        raise BadRequest("Can't update composition to have different template.")
    await connection.execute(
        "UPDATE version SET is_latest = false WHERE object_id = $1 AND is_latest", preceding.object_id
    )
    return VersionUid(preceding.object_id, place.system_id, preceding.version + 1)


def _family(template_id: str) -> str:
    """The template's name without its version: `.v2` of a template may follow its `.v1`."""
    return re.sub(r"\.v\d+$", "", template_id)


async def find_version(connection: asyncpg.Connection, ehr_id: UUID, uid: VersionUid) -> Version | None:
    """One version of this EHR; like EHRbase it does not look at the uid's system id."""
    row = await connection.fetchrow(f"{_SELECT} AND number = $3", uid.object_id, ehr_id, uid.version)
    return row and Version(**row)


async def find_latest(
    connection: asyncpg.Connection, ehr_id: UUID, object_id: UUID, *, at: datetime | None = None
) -> Version | None:
    """The latest version, or the one that was latest at a time."""
    row = await connection.fetchrow(
        f"{_SELECT} AND ($3::timestamptz IS NULL OR committed <= $3) ORDER BY number DESC LIMIT 1",
        object_id,
        ehr_id,
        at,
    )
    return row and Version(**row)


async def list_versions(connection: asyncpg.Connection, ehr_id: UUID, object_id: UUID) -> list[Version]:
    """Every version of a composition, oldest first, deletions included."""
    rows = await connection.fetch(f"{_SELECT} ORDER BY number", object_id, ehr_id)
    return [Version(**row) for row in rows]


async def find_contribution(connection: asyncpg.Connection, ehr_id: UUID, contribution_id: UUID) -> dict[str, Any]:
    """CONTRIBUTION with references to its versions; NotFound where this EHR has none such."""
    audit = await connection.fetchval(
        "SELECT audit FROM contribution WHERE id = $1 AND ehr_id = $2", contribution_id, ehr_id
    )
    if audit is None:
        raise NotFound("Contribution with given ID does not exist")
    rows = await connection.fetch(
        "SELECT uid FROM version WHERE contribution_id = $1 ORDER BY position", contribution_id
    )
    references = [object_ref("COMPOSITION", row["uid"], namespace="local", id_type="OBJECT_VERSION_ID") for row in rows]
    uid = {"_type": "HIER_OBJECT_ID", "value": str(contribution_id)}
    return {"_type": "CONTRIBUTION", "uid": uid, "versions": references, "audit": audit}
