"""Markdown as a printed letter shows it: CommonMark and tables, as plain data in which no word of the text is lost.

A line that was typed as one stays one, as in signatures and addresses; the screen shows letters so too.
Pure: what a run or a block looks like is the template's business.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from letters.characters import settable

DEEPEST = 16  # levels of tokens; a list in a list takes two
MOST_TOKENS = 20_000
MOST_COLUMNS = 6
LONGEST_WORD = 40
LINE = 80  # characters, about
DEEPEST_HEADING = 6
LINE_ENDS = re.compile(r"\r\n?|\n")  # those that the parser counts

type Run = dict[str, Any]
type Block = dict[str, Any]

# HTML is text. References are too, because a line such as "[Allergies]: penicillin" would define one and be gone.
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}).enable("table").disable("reference")


@dataclass(frozen=True, slots=True)
class _Node:
    token: Token
    children: "Sequence[_Node]"


def blocks_of(text: str, *, below: int) -> list[Block]:
    """The blocks of a Markdown text; one that nests deeper or has more parts than letters do is shown as it was typed.

    Args:
        text: CommonMark 0.31 with tables (GitHub Flavored Markdown §4.10).
        below: level of the heading it stands under; its own follow without a gap (PDF/UA-1, ISO 14289-1 §7.4.2).
    """
    tokens = _PARSER.parse(text)
    too_deep = any(token.level >= DEEPEST - 1 for token in tokens)  # the parser leaves out what is deeper
    if too_deep or sum(1 + len(token.children or []) for token in tokens) > MOST_TOKENS:
        return [_typed(text)]
    return _Reader(text, below).read(_nodes(iter(tokens)))


def _nodes(tokens: Iterator[Token]) -> list[_Node]:
    nodes: list[_Node] = []
    for token in tokens:
        if token.nesting < 0:
            break
        nodes.append(_Node(token, _nodes(tokens) if token.nesting > 0 else []))
    return nodes


class _Reader:
    """Reads one text; knows which headings it is under."""

    def __init__(self, text: str, below: int) -> None:
        self._lines, self._below = LINE_ENDS.split(text), below
        self._headings: list[int] = []
        self._readers: Mapping[str, Callable[[_Node], Block]] = {
            "heading_open": self._heading,
            "bullet_list_open": self._list,
            "ordered_list_open": self._list,
            "blockquote_open": lambda node: {"kind": "quote", "blocks": self.read(node.children)},
            "fence": lambda node: _typed(f"{node.token.info}\n{node.token.content}"),
            "code_block": lambda node: _typed(node.token.content),
            "hr": lambda _node: {"kind": "rule"},
            "table_open": self._table,
        }

    def read(self, nodes: Sequence[_Node]) -> list[Block]:
        """The blocks of some nodes, in their order."""
        return [self._readers.get(node.token.type, _paragraph)(node) for node in nodes]

    def _heading(self, node: _Node) -> Block:
        runs = _runs(node)
        if not runs:
            return _paragraph(node)
        level = int(node.token.tag[1])
        self._headings = [*(one for one in self._headings if one < level), level]
        return {"kind": "heading", "level": min(self._below + len(self._headings), DEEPEST_HEADING), "runs": runs}

    def _list(self, node: _Node) -> Block:
        start = int(node.token.attrs.get("start", 1)) if node.token.tag == "ol" else None
        return {"kind": "list", "start": start, "items": [self.read(item.children) for item in node.children]}

    def _table(self, node: _Node) -> Block:
        rows = [row.children for part in node.children for row in part.children]
        columns = len(rows[0])
        first, end = node.token.map or (0, 0)
        lines = self._lines[first:end]
        # Below the first two lines, without the pipes around them: the parser leaves out cells that are too many.
        rows_inside = [line.lstrip(" \t>").rstrip().removeprefix("|").removesuffix("|") for line in lines[2:]]
        if columns > MOST_COLUMNS or any(row.count("|") >= columns for row in rows_inside):
            return _typed("\n".join(lines))
        sides = [str(cell.token.attrs.get("style", "")).removeprefix("text-align:") or "left" for cell in rows[0]]
        cells = [[_runs(cell, longest=min(LINE // columns - 2, LONGEST_WORD)) for cell in row] for row in rows]
        return {"kind": "table", "sides": sides, "rows": cells}


def _paragraph(node: _Node) -> Block:
    return {"kind": "paragraph", "runs": _runs(node)}


def _typed(text: str) -> Block:
    return {"kind": "typed", "text": settable(text.expandtabs(4).strip("\n"), LONGEST_WORD)}


def _runs(node: _Node, *, longest: int = LONGEST_WORD) -> list[Run]:
    """The text of a paragraph, heading or cell in pieces of one style each, which do not nest."""
    pieces = (piece for inline in node.children for piece in _pieces(inline.token.children or []))
    runs = ({**piece, "text": settable(piece["text"], longest)} for piece in pieces)
    return [run for run in runs if run["text"]]


def _pieces(tokens: Sequence[Token]) -> Iterator[Run]:
    marks = {"strong": 0, "em": 0}
    link, linked = "", ""
    for token in tokens:
        if token.tag in marks:
            marks[token.tag] += token.nesting
        elif token.type == "link_open":
            link, linked = _named(token, "href", "title"), ""
        elif token.type == "link_close":
            yield _run("" if linked == link else f" ({link})", marks)
        else:
            text = _text(token)
            linked += text
            yield _run(text, marks, code=token.type == "code_inline")


def _run(text: str, marks: Mapping[str, int], *, code: bool = False) -> Run:
    return {"text": text, "strong": marks["strong"] > 0, "emphasis": marks["em"] > 0, "code": code}


def _text(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    if token.type != "image":
        return token.content
    return " ".join(filter(None, (token.content or _named(token, "src"), _named(token, "title"))))


def _named(token: Token, *names: str) -> str:
    """What stands in these attributes of a link or picture: where it leads, its title."""
    return " ".join(str(token.attrs[name]) for name in names if token.attrs.get(name))
