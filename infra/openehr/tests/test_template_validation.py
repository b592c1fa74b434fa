"""Templates are read from their XML and compositions are held to them, whatever the template is about."""

from typing import Any

import pytest
from openehr_server.errors import BadRequest, Unprocessable
from openehr_server.template import Template, parse_template
from openehr_server.validation import check_composition, template_id_of

ARCHETYPE = "openEHR-EHR-EVALUATION.mood.v1"


def occurrences(lower: int, upper: int | None) -> str:
    bound = "<upper_unbounded>true</upper_unbounded>" if upper is None else f"<upper>{upper}</upper>"
    return f"<occurrences><lower>{lower}</lower>{bound}</occurrences>"


def element(node_id: str, value: str, lower: int, upper: int | None) -> str:
    return f"""
    <children xsi:type="C_COMPLEX_OBJECT"><rm_type_name>ELEMENT</rm_type_name>{occurrences(lower, upper)}
      <node_id>{node_id}</node_id>
      <attributes><rm_attribute_name>value</rm_attribute_name>{value}</attributes></children>"""


WORD = """
<children xsi:type="C_COMPLEX_OBJECT"><rm_type_name>DV_TEXT</rm_type_name><node_id/>
  <attributes><rm_attribute_name>value</rm_attribute_name>
    <children xsi:type="C_PRIMITIVE_OBJECT"><rm_type_name>STRING</rm_type_name><node_id/>
      <item xsi:type="C_STRING"><pattern>/[a-z]+/</pattern></item></children></attributes></children>"""
MOOD = """
<children xsi:type="C_COMPLEX_OBJECT"><rm_type_name>DV_CODED_TEXT</rm_type_name><node_id/>
  <attributes><rm_attribute_name>defining_code</rm_attribute_name>
    <children xsi:type="C_CODE_PHRASE"><rm_type_name>CODE_PHRASE</rm_type_name><node_id/>
      <terminology_id><value>local</value></terminology_id>
      <code_list>at0010</code_list><code_list>at0011</code_list></children></attributes></children>"""
OPT = f"""<template xmlns="http://schemas.openehr.org/v1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<template_id><value>mood.v1</value></template_id><concept>mood</concept>
<definition><rm_type_name>COMPOSITION</rm_type_name>{occurrences(1, 1)}<node_id>at0000</node_id>
 <attributes><rm_attribute_name>content</rm_attribute_name>
  <children xsi:type="C_ARCHETYPE_ROOT"><rm_type_name>EVALUATION</rm_type_name>{occurrences(1, 2)}
   <node_id>at0000</node_id>
   <attributes><rm_attribute_name>data</rm_attribute_name>
    <children xsi:type="C_COMPLEX_OBJECT"><rm_type_name>ITEM_TREE</rm_type_name>{occurrences(1, 1)}
     <node_id>at0001</node_id>
     <attributes><rm_attribute_name>items</rm_attribute_name>
      {element("at0002", MOOD, 1, 1)}{element("at0003", WORD, 0, None)}
      <children xsi:type="ARCHETYPE_SLOT"><rm_type_name>CLUSTER</rm_type_name>{occurrences(0, None)}
       <node_id>at0004</node_id></children>
     </attributes></children></attributes>
   <archetype_id><value>{ARCHETYPE}</value></archetype_id>
   <term_definitions code="at0010"><items id="text">Merry</items></term_definitions>
   <term_definitions code="at0011"><items id="text">Glum</items></term_definitions></children></attributes>
 <archetype_id><value>openEHR-EHR-COMPOSITION.diary.v1</value></archetype_id></definition></template>"""


@pytest.fixture(scope="module")
def template() -> Template:
    return parse_template(OPT.encode())


def text(value: str) -> dict[str, Any]:
    return {"_type": "DV_TEXT", "value": value}


def phrase(terminology: str, code: str) -> dict[str, Any]:
    terminology_id = {"_type": "TERMINOLOGY_ID", "value": terminology}
    return {"_type": "CODE_PHRASE", "terminology_id": terminology_id, "code_string": code}


def item(node_id: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"_type": "ELEMENT", "name": text("n"), "archetype_node_id": node_id, "value": value}


def mood(code: str = "at0010", rubric: str = "Merry", terminology: str = "local") -> dict[str, Any]:
    return item("at0002", {"_type": "DV_CODED_TEXT", "value": rubric, "defining_code": phrase(terminology, code)})


def diary(*items: dict[str, Any]) -> dict[str, Any]:
    tree = {"_type": "ITEM_TREE", "name": text("n"), "archetype_node_id": "at0001", "items": list(items)}
    entry = {
        "_type": "EVALUATION",
        "name": text("Mood"),
        "archetype_node_id": ARCHETYPE,
        "language": phrase("ISO_639-1", "en"),
        "encoding": phrase("IANA_character-sets", "UTF-8"),
        "subject": {"_type": "PARTY_SELF"},
        "data": tree,
    }
    return {
        "_type": "COMPOSITION",
        "name": text("Diary"),
        "archetype_node_id": "openEHR-EHR-COMPOSITION.diary.v1",
        "archetype_details": {
            "archetype_id": {"value": "openEHR-EHR-COMPOSITION.diary.v1"},
            "template_id": {"value": "mood.v1"},
            "rm_version": "1.0.4",
        },
        "language": phrase("ISO_639-1", "en"),
        "territory": phrase("ISO_3166-1", "GB"),
        "category": {"_type": "DV_CODED_TEXT", "value": "event", "defining_code": phrase("openehr", "433")},
        "composer": {"_type": "PARTY_SELF"},
        "content": [entry],
    }


PATH = f"/content[{ARCHETYPE}]/data[at0001]"


def test_a_template_is_read(template: Template) -> None:
    assert (template.template_id, template.concept) == ("mood.v1", "mood")
    assert template.archetype_id == "openEHR-EHR-COMPOSITION.diary.v1"
    [evaluation] = template.root.attributes["content"]
    assert (evaluation.node_id, evaluation.occurrences) == (ARCHETYPE, "1..2")


def test_a_composition_that_keeps_to_the_template_passes(template: Template) -> None:
    check_composition(diary(mood(), item("at0003", text("calm")), item("at0003", text("slow"))), template)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], f"{PATH}/items[at0002]: Attribute has 0 occurrences, but must be 1..1"),
        ([mood(), mood()], f"{PATH}/items[at0002]: Attribute has 2 occurrences, but must be 1..1"),
        (
            [mood(), item("at0009", text("a"))],
            f"{PATH}: RmObject with type:Element, nodeId:at0009,name:n; not in template",
        ),
        (
            [mood("at0012")],
            f"{PATH}/items[at0002]/value: CodePhrase codeString does not match any option, found: at0012",
        ),
        (
            [mood(rubric="Glum")],
            f"{PATH}/items[at0002]/value: Dv_Coded_Text value does not match. found: Glum expected: Merry",
        ),
        (
            [mood(terminology="other")],
            f"{PATH}/items[at0002]/value: CodePhrase terminology does not match, expected: local, found: other",
        ),
        ([item("at0002", text("Merry"))], f"{PATH}/items[at0002]/value: Expected a DV_CODED_TEXT but got DV_TEXT"),
        ([mood(), item("at0003", text("No!"))], f'{PATH}/items[at0003]/value: The value "No!" must be "/[a-z]+/"'),
    ],
)
def test_a_violation_is_named_with_its_path(template: Template, items: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        check_composition(diary(*items), template)
    assert refused.value.message == message


def test_every_violation_is_named(template: Template) -> None:
    with pytest.raises(Unprocessable) as refused:
        check_composition(diary(item("at0003", text("No!")), item("at0003", text("NO"))), template)
    assert refused.value.message.count(", /content") == 2


def test_the_reference_model_is_asked_first(template: Template) -> None:
    broken = diary()
    del broken["content"][0]["encoding"]
    with pytest.raises(Unprocessable, match="Attribute encoding of class EVALUATION does not match"):
        check_composition(broken, template)


def test_what_fills_a_slot_is_not_held_to_be_extra(template: Template) -> None:
    cluster = {
        "_type": "CLUSTER",
        "name": text("c"),
        "archetype_node_id": "openEHR-EHR-CLUSTER.weather.v1",
        "items": [item("at0001", text("x"))],
    }
    check_composition(diary(mood(), cluster), template)


@pytest.mark.parametrize("missing", ["name", "language", "category", "composer"])
def test_what_is_asked_before_the_template_is_a_bad_request(missing: str) -> None:
    composition = diary()
    del composition[missing]
    with pytest.raises(BadRequest, match=f"Composition missing mandatory attribute: {missing}"):
        template_id_of(composition)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("hello", "Content is not allowed in prolog."),
        ("<template", "error: "),
        (OPT.replace("concept>", "koncept>"), "nil or empty concept"),
        (OPT.replace("definition>", "redefinition>"), "nil or empty definition"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>", "concept"),
    ],
)
def test_what_is_no_template_is_a_bad_request(document: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        parse_template(document.encode())
