"""Names as a search sees them: no case, no accents, no apostrophes. Pure."""

import re
import unicodedata
from collections.abc import Iterable

# Letters that Unicode does not decompose, though people leave their strokes out.
_STROKES = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# An entry of a PostgreSQL B-tree, which has a word and a sort key, holds at most 2,704 bytes (measured).
_WORD_LENGTH, _SORT_KEY_LENGTH = 100, 400
_MOST_WORDS = 10  # each is looked for; the longest names that people have are shorter
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")
_BREAKS = re.compile(r"[\s\-‐‑–—,]+")


def words_of(text: str) -> list[str]:
    """The words of a name or of what somebody typed to find one. Other signs than these stand for themselves."""
    bare = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(sign))
    return [word[:_WORD_LENGTH] for word in _BREAKS.split(bare.translate(_STROKES)) if word]


def words_typed(text: str) -> list[str]:
    """The different words to look for. Signs that make no word are looked for as they stand: what was typed must not
    find everybody by accident. Raises ValueError when there are too many."""
    words = list(dict.fromkeys(words_of(text) or text.split()))
    if len(words) > _MOST_WORDS:
        raise ValueError(f"must not have more than {_MOST_WORDS} different words")
    return words


def sort_key(family: str | None, given: Iterable[str]) -> str:
    """Lists are in order of family name, then of given names."""
    whole = "\t".join((" ".join(words_of(family or "")), " ".join(words_of(" ".join(given)))))
    return whole[:_SORT_KEY_LENGTH]
