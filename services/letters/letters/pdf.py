"""A letter as a tagged PDF (PDF/UA-1, ISO 14289-1): data in, bytes out. Run as a program, it prints those from stdin.

The text is people's: it reaches the template as data, and no file and no network are within its reach.
"""

import json
import resource
import struct
import sys
from collections.abc import Mapping
from importlib import resources
from typing import Any, cast

import typst

from letters.characters import FONTS, settable
from letters.markdown import blocks_of

CPU_SECONDS = 10
MEMORY_BYTES = 768 * 2**20
LENGTH = struct.Struct(">Q")  # before each PDF that the program prints
TITLE, SECTION = 1, 2  # levels of headings
LONGEST_WORD = 28  # in a title, or in a name above the text


def render(letter: Mapping[str, Any]) -> bytes:
    """The letter as PDF; the same letter gives the same bytes.

    Args:
        letter: what `printer` makes of it. Its texts are anything; `body` and the sections' texts are Markdown.

    Raises:
        RuntimeError: it cannot be typeset.
    """
    blocks = blocks_of(letter["body"], below=TITLE)
    for heading, text in letter["sections"]:
        runs = [{"text": heading, "strong": False, "emphasis": False, "code": False}]
        blocks += [{"kind": "heading", "level": SECTION, "runs": runs}, *blocks_of(text, below=SECTION)]
    around = {name: _settable(value) for name, value in letter.items() if name not in {"body", "sections"}}
    if not around["title"].strip():  # a heading must say something (PDF/UA-1)
        around["title"] = around["kind"]
    folder = resources.files("letters")
    compiler = typst.Compiler(
        folder.joinpath("letter.typ").read_bytes(),
        root=str(folder),
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=FONTS),
        sys_inputs={"letter": json.dumps({**around, "blocks": blocks})},
    )
    pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=letter["timestamp"])
    return cast(bytes, pdf)


def _settable(value: Any) -> Any:
    if isinstance(value, str):
        return settable(value, LONGEST_WORD)
    if isinstance(value, Mapping):
        return {name: _settable(item) for name, item in value.items()}
    return [_settable(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    """Print the letters of which stdin has one on each line, as JSON; bounded in time and memory, no file is written.

    Standard output gets them in their order, each after its length (`LENGTH`), which is 0 for one that cannot be set.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in sys.stdin.buffer:
        try:
            pdf = render(json.loads(line))
        except RuntimeError:
            pdf = b""
        sys.stdout.buffer.write(LENGTH.pack(len(pdf)) + pdf)


if __name__ == "__main__":
    main()
