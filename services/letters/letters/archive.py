"""One ZIP archive of a record, made while it is sent, so that its size does not matter. No I/O."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

PIECE_BYTES = 64 * 1024  # a standstill ends an answer, so even a slow reader must have taken a piece before that


@dataclass(frozen=True, slots=True)
class File:
    """One file of an archive; `path` tells nothing about the patient. It is empty when it could not be made."""

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

    def empty(self) -> Iterator[bytes]:
        """Take what waits, in pieces."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return (waiting[start : start + PIECE_BYTES] for start in range(0, len(waiting), PIECE_BYTES))


async def archive_of(files: AsyncIterator[File | None], *, made_at: datetime) -> AsyncIterator[bytes]:
    """The archive of these files in pieces, each file's as soon as it is there; an empty one is a sign that it goes on.

    Its last file, manifest.json, names every other with length and SHA-256: an archive without it is not whole. It
    names as missing those that could not be made.

    Args:
        files: None now and then, while the next takes longer.
        made_at: for the manifest.
    """
    outlet, told, missing = _Outlet(), list[dict[str, object]](), list[str]()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        async for file in files:
            if file is None or not file.content:
                missing += [file.path] if file else []
                yield b""
                continue
            _add(archive, file)
            digest = hashlib.sha256(file.content).hexdigest()
            told.append({"path": file.path, "bytes": len(file.content), "sha256": digest})
            for piece in outlet.empty():
                yield piece
        made = made_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        manifest = {"made_at": made, "files": told, "missing": missing}
        _add(archive, File("manifest.json", json.dumps(manifest, indent=1).encode(), made_at))
    for piece in outlet.empty():
        yield piece


def _add(archive: zipfile.ZipFile, file: File) -> None:
    at = file.made_at.astimezone(UTC)
    entry = zipfile.ZipInfo(file.path, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, file.content)
