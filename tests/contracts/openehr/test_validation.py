"""What the server refuses because of the template, and what it lets through so that letters must refuse it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from contracts.openehr import letters_data
from contracts.openehr.letters_data import composition, element, items, without
from contracts.openehr.server_under_test import OpenEhrServer

type Letter = dict[str, Any]
type Spoil = Callable[[Letter], None]


def spoiled(spoil: Spoil) -> Letter:
    letter = composition()
    spoil(letter)
    return letter


def double_title(letter: Letter) -> None:
    items(letter).append(copy.deepcopy(element(letter, "at0002")))


def unknown_node(letter: Letter) -> None:
    items(letter).append({**copy.deepcopy(element(letter, "at0002")), "archetype_node_id": "at0099"})


def unknown_code(letter: Letter) -> None:
    element(letter, "at0003")["value"]["defining_code"]["code_string"] = "at0077"


def wrong_rubric(letter: Letter) -> None:
    element(letter, "at0003")["value"]["value"] = "Postcard"


def unknown_template(letter: Letter) -> None:
    letter["archetype_details"]["template_id"]["value"] = "no-such-template.v1"


def no_territory(letter: Letter) -> None:
    del letter["territory"]


def no_content(letter: Letter) -> None:
    letter["content"] = []


REFUSED: dict[str, Letter] = {
    "no title": without(composition(), "at0002"),
    "no body": without(composition(), "at0004"),
    "no time of sending": without(composition(), "at0006"),
    "blank title": composition(title="   "),
    "blank body": composition(body=" \n "),
    "title of two lines": composition(title="a\nb"),
    "title of 301 characters": composition(title="x" * 301),
    "doubled title": spoiled(double_title),
    "unknown node": spoiled(unknown_node),
    "unknown code": spoiled(unknown_code),
    "wrong rubric": spoiled(wrong_rubric),
    "unknown template": spoiled(unknown_template),
    "no territory": spoiled(no_territory),
    "no content": spoiled(no_content),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_letter_against_the_template_is_422(letters: OpenEhrServer, ehr_id: str, case: str) -> None:
    assert letters.post_letter(ehr_id, REFUSED[case]).status_code == 422


@pytest.mark.parametrize("case", REFUSED)
def test_the_same_letter_in_a_contribution_is_400(letters: OpenEhrServer, ehr_id: str, case: str) -> None:
    audit = letters_data.audit(letters_data.CREATION, name="Dr Lund", description="x", system_id=letters.system_id)
    assert letters.contribute(ehr_id, letters_data.version(audit, REFUSED[case])).status_code == 400


def other_value(letter: Letter) -> None:
    element(letter, "at0002")["value"] = {"_type": "DV_COUNT", "magnitude": 3}


def other_formatting(letter: Letter) -> None:
    element(letter, "at0004")["value"]["formatting"] = "sparkles"


def unknown_field(letter: Letter) -> None:
    letter["bogus_field"] = 1


def no_recipient(letter: Letter) -> None:
    items(letter).remove(element(letter, "at0007"))


LET_THROUGH: dict[str, Letter] = {
    "a number as title": spoiled(other_value),
    "any formatting": spoiled(other_formatting),
    "an unknown field": spoiled(unknown_field),
    "a time that is only a date": composition(sent="2026-05-14"),
    "no recipient": spoiled(no_recipient),
}


@pytest.mark.parametrize("case", LET_THROUGH)
def test_what_the_template_does_not_forbid_is_taken(letters: OpenEhrServer, ehr_id: str, case: str) -> None:
    assert letters.post_letter(ehr_id, LET_THROUGH[case]).status_code == 204


def no_composer(letter: Letter) -> None:
    del letter["composer"]


def no_template(letter: Letter) -> None:
    del letter["archetype_details"]["template_id"]


BAD: dict[str, Letter] = {
    "a time that is none": composition(sent="yesterday"),
    "no composer": spoiled(no_composer),
    "no template": spoiled(no_template),
    "nothing": {},
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_as_a_letter_is_400(letters: OpenEhrServer, ehr_id: str, case: str) -> None:
    assert letters.post_letter(ehr_id, BAD[case]).status_code == 400


def test_a_body_of_another_type_is_415_and_malformed_json_400(letters: OpenEhrServer, ehr_id: str) -> None:
    url = f"/ehrbase/rest/openehr/v1/ehr/{ehr_id}/composition"
    assert letters.client.post(url, content=b"hello", headers={"Content-Type": "text/plain"}).status_code == 415
    assert letters.client.post(url, content=b'{"_type', headers={"Content-Type": "application/json"}).status_code == 400


def test_a_document_nested_without_end_is_refused(letters: OpenEhrServer, ehr_id: str) -> None:
    url = f"/ehrbase/rest/openehr/v1/ehr/{ehr_id}/composition"
    for text in ("[" * 100_000, nested_clusters(900)):
        answer = letters.client.post(url, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)


def nested_clusters(levels: int) -> str:
    """A letter with clusters in clusters."""
    start = '{"_type": "CLUSTER", "name": {"_type": "DV_TEXT", "value": "c"}, "archetype_node_id": "at0099", "items": ['
    letter = composition()
    items(letter).append("HERE")  # type: ignore[arg-type]
    return json.dumps(letter).replace('"HERE"', start * levels + "]}" * levels)
