"""Markdown becomes blocks and runs in which every word of it is found again."""

import json
from pathlib import Path
from typing import Any

import pytest
from letters.markdown import DEEPEST, LONGEST_WORD, MOST_COLUMNS, MOST_TOKENS, blocks_of

# Read by web/src/letters/markdown.test.ts too, so that the screen shows the words that stand on paper.
CASES = json.loads((Path(__file__).parents[3] / "web/src/letters/markdown.cases.json").read_text())
MARKS = {"strong": "**", "emphasis": "_", "code": "`"}


def outline(text: str, *, below: int = 1) -> list[Any]:
    """The blocks in short: a paragraph is its text, with its marks; others are lists that begin with their kind."""
    return [short(block) for block in blocks_of(text, below=below)]


def short(block: dict[str, Any]) -> Any:
    match block["kind"]:
        case "paragraph":
            return shown(block["runs"])
        case "heading":
            return [f"h{block['level']}", shown(block["runs"])]
        case "list":
            return ["list", block["start"], *([short(inner) for inner in item] for item in block["items"])]
        case "quote":
            return ["quote", *(short(inner) for inner in block["blocks"])]
        case "table":
            return ["table", block["sides"], *([shown(cell) for cell in row] for row in block["rows"])]
        case kind:
            return [kind, *([block["text"]] if "text" in block else [])]


def shown(runs: list[dict[str, Any]]) -> str:
    marked = []
    for run in runs:
        mark = "".join(sign for name, sign in MARKS.items() if run[name])
        marked.append(f"{mark}{run['text']}{mark[::-1]}")
    return "".join(marked)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("One\ntwo  \nthree\n\nFour", ["One\ntwo\nthree", "Four"]),
        ("- 12 High Street\n  Leeds", [["list", None, ["12 High Street\nLeeds"]]]),
        ("> a\n> *b\n> c*", [["quote", "a\n_b__\n__c_"]]),
        ("a *b* **c** ***d*** `e`", ["a _b_ **c** **_d_** `e`"]),
        ("*a *b* c*", ["_a __b__ c_"]),
        ("- a\n  - b\n- c", [["list", None, ["a", ["list", None, ["b"]]], ["c"]]]),
        ("3. a\n4. b", [["list", 3, ["a"], ["b"]]]),
        ("> a\n>\n> b", [["quote", "a", "b"]]),
        ("```\na  b\n\tc\n```", [["typed", "a  b\n    c"]]),
        ("    a  b", [["typed", "a  b"]]),
        ("a\n\n---\n\nb", ["a", ["rule"], "b"]),
        ("|a|b|\n|-:|:-:|\n|1|2|\n|3|", [["table", ["right", "center"], ["a", "b"], ["1", "2"], ["3", ""]]]),
        ("a|b\n-|-\n1|2 \n|3", [["table", ["left", "left"], ["a", "b"], ["1", "2"], ["3", ""]]]),
        ("> - |a|\n>   |-|\n>   |1|", [["quote", ["list", None, [["table", ["left"], ["a"], ["1"]]]]]]),
    ],
)
def test_markdown_is_read_as_commonmark_and_tables(text: str, blocks: list[Any]) -> None:
    assert outline(text) == blocks


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("[leaflet](https://x.example/a)", "leaflet (https://x.example/a)"),
        ("[leaflet](https://x.example/a 'Plan B')", "leaflet (https://x.example/a Plan B)"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("[a](javascript:alert)", "[a](javascript:alert)"),
        ("![a scan](scan.png)", "a scan"),
        ("![](scan.png)", "scan.png"),
        ("<b>bold</b> <script>x()</script>", "<b>bold</b> <script>x()</script>"),
        ("<!-- note -->", "<!-- note -->"),
        ("[Allergies]: penicillin", "[Allergies]: penicillin"),
        ('#read("/etc/passwd") $x$ \\# @a', '#read("/etc/passwd") $x$ # @a'),
    ],
)
def test_links_pictures_and_html_are_printed_as_text(text: str, printed: str) -> None:
    assert outline(text) == [printed]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a &#26085; &#128512; &amp; &copy;", "a ‹U+65E5› ‹U+1F600› & ©"),
        ("12&#x202e;34&#x200b;", "1234"),
        ("x" + "&#x301;" * 100, "x" + "\u0301" * 4),
        ("*&#26085;* `&#26085;` `日`", "_‹U+65E5›_ `&#26085;` `‹U+65E5›`"),
        ("[a](https://x.example/ '&#26085;')", "a (https://x.example/ ‹U+65E5›)"),
        ("![a 日](scan.png)", "a ‹U+65E5›"),
        ("&#x200b;", ""),
    ],
)
def test_character_that_a_reference_stands_for_is_printed_as_one_that_was_typed(text: str, printed: str) -> None:
    assert outline(text) == [printed]


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_words_on_paper_are_those_on_screen(case: dict[str, str]) -> None:
    (block,) = blocks_of(case["text"], below=1)
    text = block["text"] if block["kind"] == "typed" else "".join(run["text"] for run in block["runs"])
    assert text.replace("\u200b", "") == case["shown"]


def test_lines_and_headings_are_those_of_markdown_whatever_is_left_out_of_them() -> None:
    assert outline("```日\n日\n```") == [["typed", "‹U+65E5›\n‹U+65E5›"]]
    assert [block["kind"] for block in blocks_of("# &#x200b;", below=1)] == ["paragraph"]
    lines = "a\u2028b\x0cc\x85d"  # one line to Markdown
    assert outline(f"{lines}\n\n|x|y|\n|-|-|\n|1|2|3|")[1] == ["typed", "|x|y|\n|-|-|\n|1|2|3|"]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n# c", ["h2", "h3", "h2"]),
        ("## a\n## b", ["h2", "h2"]),
        ("# a\n#### b\n## c\n### d", ["h2", "h3", "h3", "h4"]),
        ("- # a\n\n  ### b\n\n## c", ["h2", "h3", "h3"]),
        ("# a\n## b\n### c\n#### d\n##### e\n###### f", ["h2", "h3", "h4", "h5", "h6", "h6"]),
        ("#\n\n## a", ["h2"]),
    ],
)
def test_headings_follow_the_one_above_without_a_gap(text: str, levels: list[str]) -> None:
    assert [kind for kind in flat(outline(text)) if len(kind) == 2 and kind[0] == "h"] == levels


def flat(item: Any) -> list[str]:
    return [item] if isinstance(item, str) else [text for part in item or [] if part for text in flat(part)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("> " * depth + f"level{depth}" for depth in range(1, 100)),
        "\n".join("  " * depth + f"- level{depth}" for depth in range(100)),
        "- " * (DEEPEST // 2) + "deep",
        ">" * 100_000,
        "- a\n" * MOST_TOKENS,
        "|a|b|\n|-|-|\n|1|2|3|",
        "|" + "a|" * (MOST_COLUMNS + 1) + "\n|" + "-|" * (MOST_COLUMNS + 1),
    ],
    ids=["quotes", "lists", "list in list", "signs", "items", "cells too many", "columns"],
)
def test_what_letters_have_not_is_printed_as_it_was_typed(text: str) -> None:
    assert [block["kind"] for block in blocks_of(text, below=1)] == ["typed"]
    assert blocks_of(text, below=1)[0]["text"].replace("\u200b", "") == text.strip("\n")


def test_emphasis_in_emphasis_does_not_nest() -> None:
    (block,) = blocks_of("*a **b " * 500 + "c** d*" * 500, below=1)
    assert block["runs"][0] == {"text": "a ", "strong": False, "emphasis": True, "code": False}
    assert "".join(run["text"] for run in block["runs"]).count("c") == 500


def test_long_words_can_be_broken_and_marks_stay_on_their_letters() -> None:
    word = "x\u0301" * LONGEST_WORD
    ((printed, *_),) = ([run["text"] for run in block["runs"]] for block in blocks_of(f"short {word}", below=1))
    assert printed == "short " + "\u200b".join(["x\u0301"] * LONGEST_WORD)


def test_addresses_are_broken_where_their_parts_end() -> None:
    address = f"https://example.org/heart-failure?topic={'x' * (LONGEST_WORD + 1)}"
    ((printed, *_),) = ([run["text"] for run in block["runs"]] for block in blocks_of(address, below=1))
    parts = ["https://", "example.", "org/", "heart-", "failure?", "topic=", *"x" * (LONGEST_WORD + 1)]
    assert printed.split("\u200b") == parts
