"""Which characters a printed letter shows, and where its words may be broken; Markdown and PDF are not known here."""

import re
import unicodedata
from functools import cache
from importlib import resources
from pathlib import Path

FONTS = [Path(str(resources.files(package) / "files")) for package in ("fontpkg_noto_sans", "fontpkg_source_code_pro")]
PART_ENDS = re.compile(r"(?<=[/?&=.,;:_-])(?=\w)")  # in a word
# Belongs to the character before it.
MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
NOT_PLAIN = re.compile(r"[^\n\r -~]")
PILED = re.compile(f"({MARK}{{4}}){MARK}+")


def settable(text: str, longest: int) -> str:
    """What is `printable` of a text; words of more characters can be broken."""
    return breakable(printable(text), longest)


def printable(text: str) -> str:
    """What the fonts can show of a text: Latin, Greek, Cyrillic, signs. Any other character stands as ‹U+6F22›.

    Characters that only steer how others are shown are left out: no script that is printed needs them, and they could
    make a number or a name look like another. So are marks that pile up on a letter after its fourth: no language has
    them, and they cost minutes. A tab is a space: it has no width in print, so two numbers would become one.
    """
    return NOT_PLAIN.sub(lambda found: _shown(found[0]), PILED.sub(r"\1", unicodedata.normalize("NFC", text)))


def steers(character: str) -> bool:
    """Whether it shows nothing itself, such as one that turns the direction of writing, or a variation selector."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _shown(character: str) -> str:
    if steers(character):
        return ""
    if ord(character) in _covered():
        return character
    return " " if character == "\t" or unicodedata.category(character)[0] == "Z" else f"‹U+{ord(character):04X}›"


@cache
def _covered() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # only who prints needs it, which is no service

    fonts = [TTFont(file, lazy=True) for folder in FONTS for file in folder.iterdir()]
    return frozenset.union(*(frozenset(font.getBestCmap()) for font in fonts))


def breakable(text: str, longest: int) -> str:
    """Let words of more characters be broken (U+200B), as they could leave their place on the page: addresses and the
    like where a part of them ends, other words, and parts that are as long, anywhere."""

    def broken(word: re.Match[str]) -> str:
        return "\u200b".join(_breakable(part, longest) for part in PART_ENDS.split(word[0]))

    return re.sub(rf"\S{{{longest + 1},}}", broken, text)


def _breakable(part: str, longest: int) -> str:
    return part if len(part) <= longest else re.sub(rf"(?<!^)(?!{MARK}|$)", "\u200b", part)
