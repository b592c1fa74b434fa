"""Patients in files: FHIR Bundles, single resources, and NDJSON. What stands where, and nothing about what it means."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from common import strictjson
from common.errors import Invalid

STANDARD_INPUT = Path("-")
LONGEST_LINE = 1 << 20
_LINES, _DOCUMENT = {".ndjson", ".jsonl"}, {".json"}
# A history or a message says what was done to resources, not which there are.
_BUNDLES = {"batch", "collection", "searchset", "transaction"}

type Json = dict[str, Any]


class Refused(Exception):
    """A row that cannot be taken. Each problem is a FHIRPath and a reason; what stands there is never told."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Row:
    """A Patient, or why there is none. `known_as` is the `urn:uuid` that its Bundle gives it."""

    place: str
    resource: Json | Refused
    known_as: str = ""


class Sources:
    """All patients of some files, one after the other, and how far the reader is."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """
        Args:
            paths: files, folders of files, or `-` for standard input.

        Raises:
            OSError: one of them cannot be looked at.
        """
        self.files = [file for path in paths for file in _files(path)]
        self.size = sum(path.stat().st_size for _, path in self.files if path != STANDARD_INPUT)
        self.read = 0.0
        self.found = self.others = 0

    @property
    def expected(self) -> float | None:
        """How many patients there are in all, if it goes on as so far; None when nobody can know."""
        if self.read == 0 or any(path == STANDARD_INPUT for _, path in self.files):
            return None
        return self.found * max(1.0, self.size / self.read)

    def rows(self) -> Iterator[Row]:
        """Every patient. Resources of other types are counted in `others`."""
        for name, path in self.files:
            lines = path == STANDARD_INPUT or path.suffix in _LINES
            try:
                yield from self._of_lines(name, path) if lines else self._of_document(name, path.read_bytes())
            except OSError:
                yield Row(name, Refused(("", "cannot be read")))

    def _of_lines(self, name: str, path: Path) -> Iterator[Row]:
        with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb") as stream:
            for number, line in enumerate(_lines(stream), 1):
                self.read += len(line)
                if line.strip():
                    yield from self._of_resource(f"{name}:{number}", _parsed(line))

    def _of_document(self, name: str, content: bytes) -> Iterator[Row]:
        document = _document(content)
        if isinstance(document, Refused) or document.get("resourceType") != "Bundle":
            self.read += len(content)
            yield from self._of_resource(name, document)
            return
        entries = document.get("entry", [])
        if document.get("type") not in _BUNDLES or not isinstance(entries, list):
            yield Row(
                name, Refused(("Bundle", f"must be one of {', '.join(sorted(_BUNDLES))}, with a list of entries"))
            )
            entries = []
        for number, entry in enumerate(entries, 1):
            self.read += len(content) / len(entries)
            yield from self._of_entry(f"{name}:{number}", entry)
        self.read += 0 if entries else len(content)

    def _of_entry(self, place: str, entry: object) -> Iterator[Row]:
        if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
            self.others += 1  # a deletion or an answer
            return
        resource = entry["resource"]
        if resource.get("resourceType") == "Patient":
            resource = _parsed(json.dumps(resource).encode())
        yield from self._of_resource(place, resource, str(entry.get("fullUrl")).partition("urn:uuid:")[2])

    def _of_resource(self, place: str, resource: Json | Refused, known_as: str = "") -> Iterator[Row]:
        if isinstance(resource, Refused) or resource.get("resourceType") == "Patient":
            self.found += 1
            yield Row(place, resource, known_as)
        else:
            self.others += 1


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Files with their names for the report: as they were given, in a folder by number (Synthea's tell who it is)."""
    if not path.is_dir():
        yield str(path), path
        return
    found = sorted(file for file in path.iterdir() if file.suffix in _LINES | _DOCUMENT)
    yield from ((f"{path}#{number}", file) for number, file in enumerate(found, 1))


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, of one that is far too long the beginning: what is cut is not JSON."""
    while line := stream.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE)
        yield line


def _parsed(content: bytes) -> Json | Refused:
    try:
        resource = strictjson.parse(content)
    except Invalid as error:
        return Refused(("", error.members["errors"][0]["msg"].replace("The body", "It")))
    return resource if isinstance(resource, dict) else Refused(("", "must be a FHIR resource"))


def _document(content: bytes) -> Json | Refused:
    """A whole file. It may have more values than one resource, whose own content is looked at later."""
    try:
        document = json.loads(content, object_pairs_hook=strictjson.unique)
    except (ValueError, RecursionError):
        return Refused(("", "must be one JSON document; a file with one on each line is named .ndjson"))
    if isinstance(document, dict) and document.get("resourceType") == "Bundle":
        return document
    return _parsed(content)
