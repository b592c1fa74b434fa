"""What `quill export` makes of an archive that is not whole, or that lacks something; tests/e2e has the rest."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from ops import export
from stand_in import Answer, Handler, Server, as_json
from typer.testing import CliRunner, Result

ID = "5f3b0c9e-8b0a-4a53-9d56-0c1c7f2f6a11"
FILES = {"fhir/patient.json": b"{}", "openehr/1-v1.json": b'{"_type": "COMPOSITION"}'}
APP = typer.Typer()
APP.add_typer(export.app, name="export")


def archive(
    files: dict[str, bytes], *, told: dict[str, bytes] | None = None, missing: tuple[str, ...] = (), end: bool = True
) -> bytes:
    """An archive as Quill makes it; `told`: what its manifest says instead of what is in it."""
    listed = [
        {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in (told or files).items()
    ]
    manifest = {"made_at": "2026-05-14T09:30:00Z", "files": listed, "missing": list(missing)}
    outlet = io.BytesIO()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
        if end:
            made.writestr("manifest.json", json.dumps(manifest))
    return outlet.getvalue()


class Quill(Server):
    """Lets everybody in, and answers an export with `content`; None cuts the connection."""

    content: bytes | None = b""

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        if not request.path.endswith("/export"):
            return as_json(200, {"access_token": "t", "csrf_token": "c"})
        return None if self.content is None else (200, {"Content-Type": "application/zip"}, self.content)


@pytest.fixture
def server() -> Iterator[Quill]:
    with Quill() as server:
        yield server


@pytest.fixture
def run(server: Quill, tmp_path: Path) -> Callable[..., Result]:
    called = ["export", "patient", ID, "--username", "ada", "--url", server.url, "--to", str(tmp_path / "record.zip")]
    return lambda *options: CliRunner().invoke(APP, [*called, *options], input="a phrase of some length\n")


def test_archive_that_lacks_a_print_is_kept_and_what_it_lacks_is_said(
    server: Quill, run: Callable[..., Result], tmp_path: Path
) -> None:
    server.content = archive(FILES, missing=("letters/2026-05-14-1.pdf",))
    done = run()
    assert (done.exit_code, (tmp_path / "record.zip").read_bytes()) == (3, server.content)
    assert done.stdout.splitlines() == [
        f"{tmp_path}/record.zip: whole, 2 files, made 2026-05-14 09:30 (UTC)",
        "missing, because it could not be printed: letters/2026-05-14-1.pdf",
    ]
    (tmp_path / "record.zip").unlink()
    assert json.loads(run("--json").stdout)["missing"] == ["letters/2026-05-14-1.pdf"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(FILES)[:-30], "is cut or damaged"),
        (archive(FILES)[:100], "is cut or damaged"),
        (archive(FILES, end=False), "is cut or damaged"),
        (archive(FILES).replace(b"patient.json\xab", b"patient.json\xac", 1), "is cut or damaged"),
        (b"", "is cut or damaged"),
        (archive(FILES, told=FILES | {"letters/1.pdf": b"%PDF"}), "is not what its manifest says"),
        (archive(FILES, told={"fhir/patient.json": b"{}"}), "is not what its manifest says"),
        (archive(FILES, told=FILES | {"fhir/patient.json": b"[]"}), "is not what its manifest says"),
        (None, "broke off (RemoteProtocolError)"),
    ],
    ids=["end", "half", "manifest", "sum", "empty", "lacks one", "has one more", "another", "connection"],
)
def test_archive_that_is_not_whole_leaves_no_file(
    server: Quill, run: Callable[..., Result], tmp_path: Path, content: bytes | None, said: str
) -> None:
    server.content = content
    refused = run()
    assert (refused.exit_code, refused.stdout, list(tmp_path.iterdir())) == (1, "", [])
    assert said in refused.stderr
