"""A backup's file: a tar of dumps, each encrypted with age, and a manifest that says what belongs to it (ADR 18)."""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal, Protocol
from uuid import UUID, uuid4

from common import clock
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pyrage import DecryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519

from ops.house import Refused

BLOCK = tarfile.BLOCKSIZE
MANIFEST = "manifest.json.age"
CLOSED = 0o600

type Kind = Literal["database", "stream", "keys"]


class Readable(Protocol):
    """Something that gives bytes until it has no more."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes, none at the end."""


class Part(BaseModel):
    """One dump of the archive."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    store: str  # a database's name, a stream's, a file's
    file: str  # in the tar
    began: datetime = Field(default_factory=clock.now)
    size: int = 0
    sha256: str = ""  # of the encrypted bytes, as they lie in the tar
    about: dict[str, Any] = Field(default_factory=dict)


class Manifest(BaseModel):
    """What belongs to a backup; whatever happened before `began` is in it."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    id: UUID
    began: datetime
    parts: list[Part]


class _Counted:
    """Passes bytes on, and knows how many there were and their hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size, self.sha256 = 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.sha256.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


class Writer:
    """Adds dumps to a new archive; nothing of them touches the disk in clear."""

    def __init__(self, file: IO[bytes], recipients: Sequence[x25519.Recipient]) -> None:
        self._file, self._recipients = file, recipients
        self.manifest = Manifest(id=uuid4(), began=clock.now(), parts=[])

    def add(self, part: Part, source: Readable) -> None:
        """Encrypt a dump into the archive; its size and sum are told from here."""
        written = self._write(part.file, source)
        sums = {"size": written.size, "sha256": written.sha256.hexdigest()}
        self.manifest.parts.append(part.model_copy(update=sums))

    def end(self) -> str:
        """Add the manifest, and return the archive's sum: the SHA-256 of the encrypted manifest."""
        written = self._write(MANIFEST, BytesIO(self.manifest.model_dump_json(indent=1).encode()))
        self._file.write(bytes(2 * BLOCK))
        return written.sha256.hexdigest()

    def _write(self, name: str, source: Readable) -> _Counted:
        """A file of the tar whose size is known at its end only: its header is written last."""
        header = self._file.tell()
        self._file.write(bytes(BLOCK))
        written = _Counted(self._file)
        encrypt_io(source, written, list(self._recipients))
        self._file.write(bytes(-written.size % BLOCK))
        end = self._file.tell()
        told = tarfile.TarInfo(name)
        told.size, told.mode, told.mtime = written.size, CLOSED, int(clock.now().timestamp())
        self._file.seek(header)
        self._file.write(told.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(end)
        return written


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file, for its owner only; it gets its name when it is complete and on the disk.

    Raises:
        Refused: there is a file of this name, or none can be written.
    """
    fresh = path.with_name(path.name + ".part")
    if path.exists():
        raise Refused(f"{path} is there already")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, CLOSED), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def writing(path: Path, recipients: Sequence[x25519.Recipient]) -> Iterator[Writer]:
    """A new archive, as a new file.

    Raises:
        Refused: there is a file of this name, or none can be written.
    """
    with new_file(path) as file:
        yield Writer(file, recipients)


class Reader:
    """An archive and the identity that opens it."""

    def __init__(self, path: Path, identities: Sequence[x25519.Identity]) -> None:
        self._identities = identities
        try:
            self._tar = tarfile.open(path)  # noqa: SIM115 - for as long as the command runs
            self._files = {one.name: one for one in self._tar.getmembers()}
        except (OSError, tarfile.TarError) as error:
            raise Refused(f"{path} cannot be read as a backup ({type(error).__name__})") from error
        if MANIFEST not in self._files:
            raise Refused(f"{path} is no complete backup: it has no manifest")
        text = BytesIO()
        self._decrypt(MANIFEST, text)
        try:
            self.manifest = Manifest.model_validate_json(text.getvalue())
        except ValidationError as error:
            raise Refused(f"{path} has a manifest of another version") from error

    def verify(self) -> None:
        """Compare every dump with its sum in the manifest.

        Raises:
            Refused: one is missing, or is not what was written.
        """
        for part in self.manifest.parts:
            if part.file not in self._files:
                raise Refused(f"the backup lacks {part.file}")
            if self._sum(part.file) != part.sha256:
                raise Refused(f"{part.file} is not what was written: its SHA-256 is another")

    def copy(self, part: Part, target: Any) -> None:
        """Write what was dumped into a file that is open for writing."""
        self._decrypt(part.file, target)

    def _sum(self, name: str) -> str:
        with self._open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    def _decrypt(self, name: str, target: Any) -> None:
        try:
            with self._open(name) as file:
                decrypt_io(file, target, list(self._identities))
        except DecryptError as error:
            raise Refused(f"{name} cannot be opened with this key") from error

    def _open(self, name: str) -> IO[bytes]:
        file = self._tar.extractfile(self._files[name])
        if file is None:
            raise Refused(f"{name} is no file")
        return file


def read_recipients(text: str) -> Sequence[x25519.Recipient]:
    """Public keys, separated by spaces.

    Raises:
        Refused: there is none, or one is no public key of age.
    """
    try:
        found = [x25519.Recipient.from_str(one) for one in text.split()]
    except RecipientError as error:
        raise Refused("a recipient is a public key that begins with age1") from error
    if not found:
        raise Refused("name whom to encrypt for: --recipient age1…; `quill backup key FILE` makes a pair of keys")
    return found


def read_identities(path: Path) -> Sequence[x25519.Identity]:
    """The private keys in a file, one a line as age-keygen writes them.

    Raises:
        Refused: it cannot be read, or has none.
    """
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
        return [x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")] or _no_key(path)
    except (OSError, IdentityError) as error:
        raise Refused(f"{path} has no private key of age ({type(error).__name__})") from error


def _no_key(path: Path) -> Sequence[x25519.Identity]:
    raise Refused(f"{path} has no private key of age")


def write_identity(path: Path) -> str:
    """Make a pair of keys, put the private one into a new file (0600), and return the public one.

    Raises:
        Refused: there is a file of this name, or none can be written.
    """
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    write_new(path, f"# public key: {public}\n{identity}\n".encode())
    return public


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is its owner's only, and never over another.

    Raises:
        Refused: there is a file of this name, or none can be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, CLOSED), "wb") as file:
            file.write(content)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error
