"""One ZIP archive of a record, made while it is sent, so that its size does not matter. No I/O."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class File:
    """One file of an archive; `path` tells nothing about the patient."""

    path: str
    content: bytes
    made_at: datetime


class _Outlet(io.RawIOBase):
    """What was written since it was last emptied; ZIP needs no way back (APPNOTE 4.4.4, bit 3)."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        return len(data)

    def empty(self) -> bytes:
        """Take what waits."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting


async def archive_of(files: AsyncIterator[File], *, made_at: datetime) -> AsyncIterator[bytes]:
    """The archive of these files in pieces, one for each file and one for the end.

    Its last file, manifest.json, names every other with length and SHA-256: an archive without it is not whole.
    """
    outlet, told = _Outlet(), list[dict[str, object]]()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        async for file in files:
            _add(archive, file)
            digest = hashlib.sha256(file.content).hexdigest()
            told.append({"path": file.path, "bytes": len(file.content), "sha256": digest})
            yield outlet.empty()
        manifest = {"made_at": made_at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "files": told}
        _add(archive, File("manifest.json", json.dumps(manifest, indent=1).encode(), made_at))
    yield outlet.empty()


def _add(archive: zipfile.ZipFile, file: File) -> None:
    at = file.made_at.astimezone(UTC)
    entry = zipfile.ZipInfo(file.path, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, file.content)
