"""Printed letters: tagged, whole, with the patient on every page, whatever people wrote."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest
from letters.characters import printable
from letters.pdf import LENGTH, render

TITLE = "Respiratory clinic: review"
LETTER: dict[str, Any] = {
    "letterhead": {"name": "Northgate Hospital", "lines": ["12 Station Road", "Northgate"], "footer": "Confidential"},
    "patient": {
        **{"name": "Mrs Rosa Ann Hartley", "short_name": "Mrs Rosa Ann Hartley"},
        **{"birth_date": "3 February 1951", "nhs_number": "943\u00a0476\u00a05919"},
    },
    **{"kind": "Outpatient letter", "title": TITLE, "date": "14 May 2026"},
    **{"author": "Dr Ines Varga", "role": "Clinician", "notice": "", "withdrawn": False, "version": "Version 1"},
    **{"body": "Dear Dr Hale", "sections": [], "timestamp": 1778751000},
}
LONG = "The patient was seen in clinic.\n\n" * 200


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def printed(**changes: Any) -> pypdf.PdfReader:
    """The letter with these changes, printed and opened."""
    return read(render(LETTER | changes))


def pages(document: pypdf.PdfReader) -> list[str]:
    """The text of each page, with one space wherever there is any."""
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in document.pages]


def root_of(document: pypdf.PdfReader) -> Any:
    """The document catalogue."""
    return document.trailer["/Root"]


def name_of(font: Any) -> str:
    """A font's name without what tells its subset and style."""
    return str(font["/BaseFont"]).rpartition("+")[2].partition("-")[0]


def structure(element: Any) -> Iterator[str]:
    """The types of the structure tree's elements, in reading order."""
    found = element.get_object()
    if isinstance(found, list):
        for child in found:
            yield from structure(child)
    elif isinstance(found, dict):
        if "/S" in found:
            yield str(found["/S"])
        if "/K" in found:
            yield from structure(found["/K"])


def test_print_says_that_it_is_pdf_ua_with_title_and_language() -> None:
    root = root_of(printed())
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en-GB", True)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712 - an object of PDF's own
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert f">{TITLE}</rdf:li>" in metadata


def test_structure_tells_headings_lists_tables_quotes_and_emphasis() -> None:
    body = "# Results\n\n- a\n- *b*\n\n|x|y|\n|-|-|\n|1|2|\n\n> q\n\n### Below\n\n**c**"
    found = list(structure(root_of(printed(body=body))["/StructTreeRoot"]))
    assert [one for one in found if one.startswith("/H")] == ["/H1", "/H2", "/H3"]
    assert [found.count(one) for one in ("/L", "/LI", "/Table", "/TH", "/TD", "/BlockQuote")] == [1, 2, 1, 2, 2, 1]
    assert {"/Em", "/Strong"} <= set(found)


def test_every_font_is_embedded() -> None:
    document = printed(body="Latin Ελληνικά Кириллица `code` *em* **strong**")
    resources: list[Any] = [page["/Resources"] for page in document.pages]
    fonts = [font.get_object() for one in resources for font in one["/Font"].values()]
    descriptors = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert {"NotoSans", "SourceCodePro"} <= {name_of(font) for font in fonts}
    assert all({"/FontFile2", "/FontFile3"} & set(one.get_object()) for one in descriptors)


def test_text_is_found_in_the_order_in_which_it_is_read() -> None:
    sections = [["Allergies", "Penicillin"], ["Plan", "Review"]]
    (text,) = pages(printed(notice="Amended on 3 June 2026.", sections=sections))
    order = ["Northgate Hospital", "12 Station Road", "Patient", "Mrs Rosa Ann Hartley", "Date of birth"]
    order += ["3 February 1951", "NHS number", "943 476 5919", "Outpatient letter", "14 May 2026", TITLE]
    order += ["Dr Ines Varga", "Amended on", "Dear Dr Hale", "Allergies", "Penicillin", "Plan", "Review"]
    order += ["Dr Ines Varga", "Clinician", "Confidential", "Version 1", "Page 1 of 1"]
    place = 0
    for words in order:
        place = text.index(words, place) + len(words)


def test_lines_that_were_typed_below_each_other_are_printed_so() -> None:
    text = printed(body="Yours sincerely,\nDr Ines Varga\n*12 High Street\nLeeds*").pages[0].extract_text()
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("Yours sincerely,")
    assert lines[start + 1 : start + 4] == ["Dr Ines Varga", "12 High Street", "Leeds"]


def test_every_page_names_the_patient_and_counts() -> None:
    found = pages(printed(body=LONG))
    assert len(found) > 3
    for number, text in enumerate(found, start=1):
        for words in ("Mrs Rosa Ann Hartley", "3 February 1951", "943 476 5919", f"Page {number} of {len(found)}"):
            assert words in text


def test_withdrawn_letter_is_marked_on_every_page_and_others_on_none() -> None:
    assert all(text.count("WITHDRAWN") == 2 for text in pages(printed(body=LONG, withdrawn=True)))
    assert not any("WITHDRAWN" in text for text in pages(printed(body=LONG)))


def test_same_letter_is_printed_byte_for_byte_alike_and_dated_as_it_was_written() -> None:
    assert render(LETTER) == render(LETTER)
    metadata = printed().metadata
    assert metadata is not None
    assert metadata.creation_date == datetime.fromtimestamp(LETTER["timestamp"], UTC)


CODE = [
    '#read("/etc/passwd")',
    '#import "@preview/example:0.1.0": *',
    '#include "letter.typ" #sys.inputs',
    "$ x^2 $ <label> @label // comment /* comment",
    "\\u{41} \\* \\ #{1+1} #[a] = no heading",
    '"}], "withdrawn": true, "x": [{"',
]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("place", ["title", "author", "body", "name", "code", "heading", "cell"])
def test_code_is_printed_as_the_text_it_is(code: str, place: str) -> None:
    cell = code.replace("|", "")
    bodies = {"body": code, "code": f"```\n{code}\n```", "heading": f"# {code}", "cell": f"|{cell}|\n|-|\n|{cell}|"}
    changes: dict[str, Any] = {"body": bodies[place]} if place in bodies else {place: code}
    if place == "name":
        changes = {"patient": LETTER["patient"] | {"name": code, "short_name": code}}
    (text,) = pages(printed(**changes))
    wanted = code if place not in {"body", "heading", "cell"} else code.replace("\\*", "*").replace("\\#", "#")
    assert "".join(wanted.split()) in "".join(text.split())
    assert "root:" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Ångström, Łódź, Χρυσή, Юлия, ≤ ≥ → µ ½ ✓", "Zoë Ångström, Łódź, Χρυσή, Юлия, ≤ ≥ → µ ½ ✓"),
        ("e\u0301 A\u030a", "é Å"),
        ("x" + "\u0301" * 99_999, "x\u0301\u0301\u0301\u0301"),
        ("我 😀", "‹U+6211› ‹U+1F600›"),
        ("a\x07b\x85c\ufffed\ue000", "a‹U+0007›b‹U+0085›c‹U+FFFE›d‹U+E000›"),
        ("12\u202e43\u202c \u2067x\u2069 \u200fy\u00ad", "1243 x y"),
        ("✓\ufe0f a\u3000b", "✓ a b"),
        ("5\t10 mg", "5 10 mg"),
    ],
)
def test_characters_that_no_font_has_are_named_and_those_that_turn_text_are_left_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_tabs_keep_words_and_numbers_apart() -> None:
    row = "Amlodipine\t5\t10 mg"
    (text,) = pages(printed(title=row, body=f"{row}\n\n- {row}\n\n|Drug|\n|-|\n|{row}|\n\n`{row}`"))
    assert text.count("Amlodipine 5 10 mg") == 5


@pytest.mark.parametrize(
    "text", ["a&#26085;", "# &#x200b;", "&#x200b;", "- &#x200b;", "|&#x200b;|\n|-|", "> &#128512;"]
)
def test_letter_with_references_is_printed(text: str) -> None:
    assert TITLE in pages(printed(body=f"Dear Dr Hale\n\n{text}", sections=[["Plan", text]]))[0]


@pytest.mark.parametrize("title", ["\u200b", " \ufeff\u3000", "\u2029"])
def test_letter_whose_title_shows_nothing_is_printed_under_its_kind(title: str) -> None:
    document = printed(title=title)
    assert pages(document)[0].count("Outpatient letter") == 2
    assert document.metadata is not None
    assert document.metadata.title == "Outpatient letter"


def test_every_character_is_printed_or_named() -> None:
    every = "".join(chr(code) for code in [*range(0x20, 0x3100), *range(0xF900, 0x10200), *range(0x1F300, 0x1F700)])
    assert "‹U+" in printable(every)
    assert len(printed(body=every).pages) > 10
    assert len(printed(body=" ".join(every[:0x2000]), title="我\u202e😀").pages) > 1


HOSTILE = {
    "words": "The patient was seen in clinic and is well. ",
    **{"one word": "W", "lines": "a\n", "paragraphs": "a\n\n", "marks": "a\u0301\u0489\u0323 "},
    **{"stars": "*a", "emphasis": "*a **b _c ", "brackets": "[", "links": "[a](<b", "pictures": "![", "ticks": "`a` "},
    **{"quotes": ">", "items": "- a\n", "nested": "> - 1. ", "headings": "# a\n", "cells": "|a|\n|-|\n|b|\n\n"},
    **{
        "emoji": "😀",
        "turned": "\u202eabc \u2067",
        "controls": "\x85\x9f",
        "spaces": "\u00a0\u3000",
        "comments": "<![CDATA[",
    },
}


def processor_time(repeated: str, length: int) -> float:
    """What printing so many characters takes, in seconds."""
    started = time.process_time()
    assert len(printed(body=(repeated * length)[:length]).pages) >= 1
    return time.process_time() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hundred_thousand_characters_of_anything_take_as_long_as_they_are(name: str) -> None:
    # Eight times as long takes eight times as long, or 64 times where the time grows with the square.
    assert processor_time(HOSTILE[name], 100_000) < 24 * processor_time(HOSTILE[name], 12_500)


UNPRINTABLE = LETTER | {"author": 7}


@pytest.mark.parametrize(("letters", "status"), [([LETTER, UNPRINTABLE, LETTER], 0), ([], 0), ([{}], 1)])
def test_program_prints_the_letters_on_its_input_that_can_be_and_fails_where_one_is_none(
    letters: list[dict[str, Any]], status: int
) -> None:
    argv, given = [sys.executable, "-I", "-m", "letters.pdf"], "".join(f"{json.dumps(one)}\n" for one in letters)
    done = subprocess.run(argv, input=given.encode(), capture_output=True, env={}, cwd="/", check=False, timeout=60)
    pdfs = [b"" if one is UNPRINTABLE else render(one) for one in letters if one]
    assert (done.returncode, done.stdout) == (status, b"".join(LENGTH.pack(len(pdf)) + pdf for pdf in pdfs))


ENDINGS = ["Yours sincerely,", "- one\n- two", "| a | b |\n|---|---|\n| one | two |", "> one", "Yours " * 20]


@pytest.mark.parametrize("ending", ENDINGS, ids=["paragraph", "list", "table", "quote", "long paragraph"])
def test_name_below_the_letter_is_on_no_page_alone(ending: str) -> None:
    for lines in range(22, 34):  # around the end of the first page
        *_, last = pages(printed(body="Filler\n\n" * lines + ending))
        assert "Dr Ines Varga" in last
        assert any(word in last for word in ("Yours", "one", TITLE)), lines


@pytest.mark.parametrize("place", ["title", "author", "name"])
def test_long_words_stay_on_the_page(place: str) -> None:
    words = "W" * 60
    named = {"patient": LETTER["patient"] | {"name": words, "short_name": words}}
    document = printed(body=LONG, **(named if place == "name" else {place: words}))
    pieces = [word for word in " ".join(pages(document)).split() if word.startswith("WW")]
    assert "".join(pieces).startswith(words)
    assert max(map(len, pieces)) < 60
