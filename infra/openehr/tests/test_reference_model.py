"""Reading JSON as the reference model, and identifiers."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openehr_server.errors import BadRequest, OpenEhrError
from openehr_server.identifiers import VersionUid, object_id_of, parse_version_uid
from openehr_server.reference_model import CLASSES, PRIMITIVES, missing_attributes, read

UUID = "3303fcb4-fd5b-46cc-b821-965ae8bfd151"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["_type", "name", "value", "content", "uid"]), inner)
    ),
    max_leaves=20,
)


def test_every_type_that_the_model_names_is_known() -> None:
    named = {attribute.type for rm_class in CLASSES.values() for attribute in rm_class.attributes.values()}
    assert named <= CLASSES.keys() | PRIMITIVES.keys()


def test_unknown_fields_are_dropped_and_types_added() -> None:
    assert read({"value": "a", "colour": "red"}, "DV_TEXT") == {"_type": "DV_TEXT", "value": "a"}


def test_a_subclass_may_stand_for_its_class() -> None:
    given = {"_type": "DV_COUNT", "magnitude": 3}
    assert read({"_type": "ELEMENT", "value": given}, "ITEM")["value"] == given


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "DV_TEXT"),
        ([], "DV_TEXT"),
        ({"_type": "NO_SUCH_CLASS"}, "DV_TEXT"),
        ({"_type": "ELEMENT"}, "DV_TEXT"),
        ({"_type": []}, "DV_TEXT"),
        ({"value": "a"}, "DATA_VALUE"),
        ({"value": 5}, "DV_TEXT"),
        ({"magnitude": True}, "DV_COUNT"),
        ({"items": {}}, "ITEM_TREE"),
        ({"value": "yesterday"}, "DV_DATE_TIME"),
        ({"value": "2026-13-01"}, "DV_DATE"),
    ],
)
def test_what_is_not_of_the_model_is_a_bad_request(value: Any, expected: str) -> None:
    with pytest.raises(BadRequest):
        read(value, expected)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(BadRequest):
        assert missing_attributes(read(value, "COMPOSITION"), "COMPOSITION")


def test_a_missing_attribute_is_named_with_its_path() -> None:
    composition = read(
        {"_type": "COMPOSITION", "composer": {"_type": "PARTY_SELF"}, "name": {"value": "a"}}, "COMPOSITION"
    )
    missing = missing_attributes(composition, "COMPOSITION")
    assert ("/language", "language", "COMPOSITION") in missing
    assert not [path for path, _, _ in missing if path == "/composer"]


def test_a_version_uid_is_read_and_written() -> None:
    assert str(parse_version_uid(f"{UUID}::a.b::12")) == f"{UUID}::a.b::12"
    assert parse_version_uid(f"{UUID}::a::1") == VersionUid(object_id_of(UUID), "a", 1)


@pytest.mark.parametrize(
    "text", ["", "abc", f'"{UUID}::a::1"', f"{UUID}::a", f"{UUID}::a::x", f"{UUID}::a::1::2", "::::"]
)
def test_what_is_no_version_uid_is_a_bad_request(text: str) -> None:
    with pytest.raises(OpenEhrError):
        parse_version_uid(text)
