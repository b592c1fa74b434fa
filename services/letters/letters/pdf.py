"""A letter as a tagged PDF (PDF/UA-1, ISO 14289-1): data in, bytes out. Run as a program, it prints those from stdin.

The text is people's: it reaches the template as data, and no file and no network are within its reach.
"""

import json
import re
import resource
import struct
import sys
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import typst
from fontTools.ttLib import TTFont

from letters.markdown import MARK, blocks_of, breakable

CPU_SECONDS = 10
MEMORY_BYTES = 768 * 2**20
LENGTH = struct.Struct(">Q")  # before each PDF that the program prints
FONTS = [Path(str(resources.files(package) / "files")) for package in ("fontpkg_noto_sans", "fontpkg_source_code_pro")]
TITLE, SECTION = 1, 2  # levels of headings
LONGEST_WORD = 28  # in a title, or in a name above the text
NOT_PLAIN = re.compile(r"[^\n\r\t -~]")
PILED = re.compile(f"({MARK}{{4}}){MARK}+")


def render(letter: Mapping[str, Any]) -> bytes:
    """The letter as PDF; the same letter gives the same bytes.

    Args:
        letter: what `printer` makes of it. Its texts are anything; `body` and the sections' texts are Markdown.

    Raises:
        RuntimeError: it cannot be typeset.
    """
    shown = _each_text(letter, printable)
    blocks = blocks_of(shown["body"], below=TITLE)
    for heading, text in shown["sections"]:
        runs = [{"text": heading, "strong": False, "emphasis": False, "code": False}]
        blocks += [{"kind": "heading", "level": SECTION, "runs": runs}, *blocks_of(text, below=SECTION)]
    around = _each_text(shown | {"body": "", "sections": []}, lambda text: breakable(text, LONGEST_WORD))
    folder = resources.files("letters")
    compiler = typst.Compiler(
        folder.joinpath("letter.typ").read_bytes(),
        root=str(folder),
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=FONTS),
        sys_inputs={"letter": json.dumps({**around, "blocks": blocks})},
    )
    pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=letter["timestamp"])
    return cast(bytes, pdf)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each_text(item, change) for name, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list | tuple) else value


def printable(text: str) -> str:
    """What the fonts can show of a text: Latin, Greek, Cyrillic, signs. Any other character stands as ‹U+6F22›.

    Characters that only steer how others are shown, such as those that turn the direction of writing, are left out:
    no script that is printed needs them, and they could make a number or a name look like another. So are marks that
    pile up on a letter after its fourth: no language has them, and they cost minutes.
    """
    return NOT_PLAIN.sub(lambda found: _shown(found[0]), PILED.sub(r"\1", unicodedata.normalize("NFC", text)))


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf" or "\ufe00" <= character <= "\ufe0f":  # variation selectors
        return ""
    if ord(character) in _covered():
        return character
    return " " if kind[0] == "Z" else f"‹U+{ord(character):04X}›"


@cache
def _covered() -> frozenset[int]:
    fonts = [TTFont(file, lazy=True) for folder in FONTS for file in folder.iterdir()]
    return frozenset.union(*(frozenset(font.getBestCmap()) for font in fonts))


def main() -> None:
    """Print the letters of which stdin has one on each line, as JSON; bounded in time and memory, no file is written.

    Standard output gets them in their order, each after its length (`LENGTH`).
    """
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in sys.stdin.buffer:
        pdf = render(json.loads(line))
        sys.stdout.buffer.write(LENGTH.pack(len(pdf)) + pdf)


if __name__ == "__main__":
    main()
