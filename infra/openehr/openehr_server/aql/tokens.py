"""Cutting a query into tokens, and a cursor over them that fails with EHRbase's prefix."""

import re
from dataclasses import dataclass

from openehr_server.aql.failures import parse_error
from openehr_server.errors import BadRequest

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<parameter>\$[A-Za-z_]\w*)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z][\w-]*(?:\.[\w-]+)*)
    |(?P<symbol><=|>=|!=|<>|[=<>(){}\[\],/*])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`kind` is a group of the pattern above, or `end`."""

    kind: str
    text: str
    position: int


class Tokens:
    """A cursor. Keywords are matched whatever their case."""

    def __init__(self, text: str) -> None:
        self._tokens = _cut(text)
        self._next = 0

    @property
    def current(self) -> Token:
        """The token that is not yet taken."""
        return self._tokens[self._next]

    def take(self) -> Token:
        """The current token; the cursor moves on."""
        token = self.current
        self._next += 1
        return token

    def at(self, *words: str) -> bool:
        """True where the current token is one of these keywords or symbols."""
        return self.current.kind in ("name", "symbol") and self.current.text.upper() in words

    def accept(self, *words: str) -> str | None:
        """Takes the current token and answers it in upper case, if it is one of these."""
        return self.take().text.upper() if self.at(*words) else None

    def expect(self, *words: str) -> None:
        """Raises BadRequest unless the current token is one of these."""
        if self.accept(*words) is None:
            raise self.mismatch(words[0])

    def expect_kind(self, kind: str, wanted: str) -> str:
        """The text of the current token, which must be of this kind. Raises BadRequest."""
        if self.current.kind != kind:
            raise self.mismatch(wanted)
        return self.take().text

    def mismatch(self, wanted: str) -> BadRequest:
        """The error for a token that should have been something else."""
        found = self.current.text or "<EOF>"
        return parse_error(f"line 1: char {self.current.position} mismatched input '{found}' expecting {wanted}")


def _cut(text: str) -> list[Token]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise parse_error(f"line 1: char {position} token recognition error at: '{text[position]}'")
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]
