"""The web app speaks of the API as its documents do: its types were generated from those that are here. Its style
sheets, which come as one file, do not name two things alike."""

import hashlib
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs/openapi").glob("*.json"))
SHEETS = sorted((ROOT / "web/src").rglob("*.css"))


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


def test_each_class_is_styled_by_one_sheet() -> None:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for sheet in SHEETS:
        rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        for selectors in re.findall(r"([^{}]+){", rules):
            for name in re.findall(r"(?:^|,)\s*\.([\w-]+)\s*(?=,|$)", selectors.strip()):
                owners[name].add(sheet.name)
    assert len(owners) > 50
    assert {name: sheets for name, sheets in owners.items() if len(sheets) > 1} == {}
