"""The web app behind Caddy: its addresses lead to its page, what is hashed stays in caches, and nothing else does."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from edge.conftest import ROOT, running_edge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.conftest import Edge

UUID = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab"
PATHS = re.findall(r'^  "(/[^"]*)",$', (ROOT / "web/src/app/paths.ts").read_text(), re.MULTILINE)
SHELL, SCRIPT = b"<!doctype html><title>The app</title>", b"console.log('the app')"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Caddy with a built app that is small enough to know by heart."""
    folder = tmp_path_factory.mktemp("web")
    pages = folder / "dist"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_bytes(SHELL)
    (pages / "404.html").write_bytes(b"lost")
    (pages / "sw.js").write_bytes(SCRIPT)
    (pages / "assets/app-8f3a.js").write_bytes(SCRIPT)
    (pages / "assets/app-8f3a.js.gz").write_bytes(gzip.compress(SCRIPT + b" // once"))
    (pages / "assets/app-8f3a.js.br").write_bytes(b"made by brotli")
    with running_edge(folder, QUILL_WEB_ROOT=str(pages)) as running:
        yield running


def test_paths_of_the_app_are_found_in_its_source() -> None:
    assert len(PATHS) > 20


@pytest.mark.parametrize("path", PATHS)
def test_address_of_the_app_is_answered_by_its_page(app: Edge, path: str) -> None:
    answer = app.ask("GET", re.sub(r":\w+", UUID, path))
    assert (answer.status, answer.body) == (200, SHELL)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/patient", "/patients/", f"/patients/{UUID}/letter", "/admin", "/sign-in/x", "/x"])
def test_other_address_is_not_the_app(app: Edge, path: str) -> None:
    answer = app.ask("GET", path)
    assert (answer.status, answer.body) == (404, b"lost")


@pytest.mark.parametrize("path", PATHS[1:])
def test_address_of_an_app_that_is_not_built_is_not_found(edge: Edge, path: str) -> None:
    assert edge.ask("GET", re.sub(r":\w+", UUID, path)).status == 404


def test_hashed_file_may_be_kept_for_ever_and_a_missing_one_may_not(app: Edge) -> None:
    assert app.ask("GET", "/assets/app-8f3a.js").headers["Cache-Control"] == "public, max-age=31536000, immutable"
    missing = app.ask("GET", "/assets/app-0000.js")
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "no-cache")


def test_service_worker_is_asked_for_anew(app: Edge) -> None:
    assert app.ask("GET", "/sw.js").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("gzip, br", "br"), ("identity", None)])
def test_file_that_was_compressed_beforehand_is_sent_as_it_is(app: Edge, accepted: str, encoding: str | None) -> None:
    answer = app.ask("GET", "/assets/app-8f3a.js", {"Accept-Encoding": accepted})
    sent = gzip.decompress(answer.body) if encoding == "gzip" else answer.body
    expected = {"gzip": SCRIPT + b" // once", "br": b"made by brotli", None: SCRIPT}
    assert answer.headers["Content-Encoding"] == encoding
    assert sent == expected[encoding]
    assert answer.media_type == "text/javascript"
