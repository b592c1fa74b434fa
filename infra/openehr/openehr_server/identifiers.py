"""openEHR identifiers (base_types.identification): version uids and UUIDs. No storage, no HTTP."""

from dataclasses import dataclass
from uuid import UUID

from openehr_server.errors import BadRequest


@dataclass(frozen=True)
class VersionUid:
    """OBJECT_VERSION_ID: `object_id::creating_system_id::version_tree_id`."""

    object_id: UUID
    system_id: str
    version: int

    def __str__(self) -> str:
        return f"{self.object_id}::{self.system_id}::{self.version}"


def parse_uuid(text: str) -> UUID:
    """Raises BadRequest with the words of Java's UUID.fromString, which callers of EHRbase see."""
    if len(text) > 36:
        raise BadRequest("UUID string too large")
    uuid = uuid_or_none(text)
    if uuid is None:
        raise BadRequest(f"Invalid UUID string: {text}")
    return uuid


def uuid_or_none(text: str) -> UUID | None:
    """Only the canonical form with hyphens counts as a UUID."""
    try:
        uuid = UUID(text)
    except ValueError:
        return None
    return uuid if str(uuid) == text.lower() else None


def is_version_uid(text: str) -> bool:
    """True where the text names a version rather than a versioned object."""
    return "::" in text


def parse_version_uid(text: str) -> VersionUid:
    """Raises BadRequest where the text is no `uuid::system::number`."""
    object_id, *rest = text.split("::")
    uuid = parse_uuid(object_id)
    if len(rest) != 2 or not rest[1].isdecimal() or len(rest[1]) > 9:
        raise BadRequest(f"Invalid version uid: {text}")
    return VersionUid(uuid, rest[0], int(rest[1]))


def object_id_of(text: str) -> UUID:
    """The versioned object's id, from its own id or from one of its version uids."""
    return parse_uuid(text.split("::")[0])
