"""Builds that copies share."""

import asyncio
from pathlib import Path

import pytest
from native.build import build_once, fingerprint


def test_two_copies_that_ask_together_build_once(tmp_path: Path) -> None:
    made: list[Path] = []

    async def make(folder: Path) -> None:
        made.append(folder)
        await asyncio.sleep(0.1)
        (folder / "result").write_text("done")

    async def ask_twice() -> list[Path]:
        return await asyncio.gather(*(build_once(tmp_path / "cache" / "key", make) for _ in range(2)))

    first, second = asyncio.run(ask_twice())
    assert first == second == tmp_path / "cache" / "key"
    assert len(made) == 1
    assert (first / "result").read_text() == "done"


def test_a_failed_build_is_made_anew(tmp_path: Path) -> None:
    async def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    async def succeed(folder: Path) -> None:
        (folder / "result").touch()

    with pytest.raises(OSError, match="disk full"):
        asyncio.run(build_once(tmp_path / "key", fail))
    built = asyncio.run(build_once(tmp_path / "key", succeed))
    assert [path.name for path in built.iterdir()] == ["result"]


def test_fingerprint_follows_names_contents_and_compiler(tmp_path: Path) -> None:
    source = tmp_path / "a.java"
    source.write_text("one")
    prints = {fingerprint([source], root=tmp_path), fingerprint([source], root=tmp_path, also="21")}
    source.write_text("two")
    prints.add(fingerprint([source], root=tmp_path))
    moved = source.rename(tmp_path / "b.java")
    prints.add(fingerprint([moved], root=tmp_path))
    assert len(prints) == 4
