"""The web app speaks of the API as its documents do: its types were generated from those that are here."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs/openapi").glob("*.json"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem)
def test_types_of_the_web_app_are_those_of_the_document(document: Path) -> None:
    head, _, types = (ROOT / f"web/src/api/{document.stem}.d.ts").read_text().partition("\n\n")
    assert head.splitlines()[1:] == [
        f"// document {sha256(document.read_bytes())}",
        f"// types {sha256(types.encode())}",
    ], "run `npm run types` in web/"


def test_every_service_has_its_types() -> None:
    assert [document.stem for document in DOCUMENTS] == ["auth", "letters", "notify", "patients"]
