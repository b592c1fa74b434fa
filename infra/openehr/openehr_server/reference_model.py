"""The part of the openEHR reference model (RM 1.0.4) that this server knows, and reading JSON as that model.

No templates here: what an archetype asks of an instance is `validation`'s concern.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from openehr_server.errors import BadRequest

# CLASS(PARENT): attribute[!][*]:TYPE …   `!` mandatory, `*` a list; upper-case names in PRIMITIVES are plain JSON.
_MODEL = """
DATA_VALUE:
DV_BOOLEAN(DATA_VALUE): value!:BOOLEAN
DV_IDENTIFIER(DATA_VALUE): issuer:STRING assigner:STRING id!:STRING type:STRING
DV_TEXT(DATA_VALUE): value:STRING hyperlink:DV_URI formatting:STRING mappings*:TERM_MAPPING language:CODE_PHRASE \
 encoding:CODE_PHRASE
DV_CODED_TEXT(DV_TEXT): defining_code!:CODE_PHRASE
DV_URI(DATA_VALUE): value!:STRING
DV_EHR_URI(DV_URI):
DV_PARSABLE(DATA_VALUE): value!:STRING formalism!:STRING charset:CODE_PHRASE language:CODE_PHRASE
DV_COUNT(DATA_VALUE): magnitude!:INTEGER magnitude_status:STRING accuracy:REAL accuracy_is_percent:BOOLEAN
DV_QUANTITY(DATA_VALUE): magnitude!:REAL units!:STRING precision:INTEGER magnitude_status:STRING accuracy:REAL \
 accuracy_is_percent:BOOLEAN
DV_TEMPORAL(DATA_VALUE): magnitude_status:STRING
DV_DATE_TIME(DV_TEMPORAL): value!:STRING
DV_DATE(DV_TEMPORAL): value!:STRING
DV_TIME(DV_TEMPORAL): value!:STRING
DV_DURATION(DV_TEMPORAL): value!:STRING
CODE_PHRASE: terminology_id!:TERMINOLOGY_ID code_string!:STRING preferred_term:STRING
TERM_MAPPING: match!:STRING purpose:DV_CODED_TEXT target!:CODE_PHRASE
OBJECT_ID: value!:STRING
TERMINOLOGY_ID(OBJECT_ID):
ARCHETYPE_ID(OBJECT_ID):
TEMPLATE_ID(OBJECT_ID):
GENERIC_ID(OBJECT_ID): scheme!:STRING
HIER_OBJECT_ID(OBJECT_ID):
OBJECT_VERSION_ID(OBJECT_ID):
OBJECT_REF: namespace!:STRING type!:STRING id!:OBJECT_ID
PARTY_REF(OBJECT_REF):
PARTY_PROXY: external_ref:PARTY_REF
PARTY_SELF(PARTY_PROXY):
PARTY_IDENTIFIED(PARTY_PROXY): name:STRING identifiers*:DV_IDENTIFIER
PARTY_RELATED(PARTY_IDENTIFIED): relationship!:DV_CODED_TEXT
PARTICIPATION: function!:DV_TEXT mode:DV_CODED_TEXT performer!:PARTY_PROXY
ARCHETYPED: archetype_id!:ARCHETYPE_ID template_id:TEMPLATE_ID rm_version!:STRING
LINK: meaning!:DV_TEXT type!:DV_TEXT target!:DV_EHR_URI
LOCATABLE: name!:DV_TEXT archetype_node_id!:STRING uid:OBJECT_ID archetype_details:ARCHETYPED links*:LINK
COMPOSITION(LOCATABLE): language!:CODE_PHRASE territory!:CODE_PHRASE category!:DV_CODED_TEXT composer!:PARTY_PROXY \
 context:EVENT_CONTEXT content*:CONTENT_ITEM
EVENT_CONTEXT: start_time!:DV_DATE_TIME end_time:DV_DATE_TIME location:STRING setting!:DV_CODED_TEXT \
 other_context:ITEM_STRUCTURE health_care_facility:PARTY_IDENTIFIED participations*:PARTICIPATION
CONTENT_ITEM(LOCATABLE):
SECTION(CONTENT_ITEM): items*:CONTENT_ITEM
ENTRY(CONTENT_ITEM): language!:CODE_PHRASE encoding!:CODE_PHRASE subject!:PARTY_PROXY provider:PARTY_PROXY \
 other_participations*:PARTICIPATION workflow_id:OBJECT_REF
ADMIN_ENTRY(ENTRY): data!:ITEM_STRUCTURE
EVALUATION(ENTRY): data!:ITEM_STRUCTURE protocol:ITEM_STRUCTURE guideline_id:OBJECT_REF
ITEM_STRUCTURE(LOCATABLE):
ITEM_TREE(ITEM_STRUCTURE): items*:ITEM
ITEM_LIST(ITEM_STRUCTURE): items*:ELEMENT
ITEM(LOCATABLE):
CLUSTER(ITEM): items!*:ITEM
ELEMENT(ITEM): value:DATA_VALUE null_flavour:DV_CODED_TEXT null_reason:DV_TEXT
EHR_STATUS(LOCATABLE): subject!:PARTY_SELF is_queryable!:BOOLEAN is_modifiable!:BOOLEAN other_details:ITEM_STRUCTURE
AUDIT_DETAILS: system_id!:STRING time_committed:DV_DATE_TIME change_type!:DV_CODED_TEXT description:DV_TEXT \
 committer!:PARTY_PROXY
ORIGINAL_VERSION: uid:OBJECT_VERSION_ID preceding_version_uid:OBJECT_VERSION_ID lifecycle_state!:DV_CODED_TEXT \
 commit_audit!:AUDIT_DETAILS contribution:OBJECT_REF data:LOCATABLE signature:STRING
CONTRIBUTION: uid:HIER_OBJECT_ID versions*:ORIGINAL_VERSION audit!:AUDIT_DETAILS
"""
PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "STRING": str,
    "BOOLEAN": bool,
    "INTEGER": int,
    "REAL": (int, float),
}
_ABSTRACT = {
    "DATA_VALUE",
    "DV_TEMPORAL",
    "OBJECT_ID",
    "PARTY_PROXY",
    "LOCATABLE",
    "CONTENT_ITEM",
    "ENTRY",
    "ITEM_STRUCTURE",
    "ITEM",
}
_TYPE_LEFT_OUT = {"ARCHETYPED", "ARCHETYPE_ID", "TEMPLATE_ID"}  # EHRbase gives these back without `_type`
_TEMPORAL = {
    "DV_DATE_TIME": datetime.fromisoformat,
    "DV_DATE": date.fromisoformat,
    "DV_TIME": time.fromisoformat,
}
LONGEST_STRING = 20_000_000  # characters; the limit of EHRbase's JSON reader


@dataclass(frozen=True)
class Attribute:
    """One attribute of an RM class."""

    name: str
    type: str
    mandatory: bool
    multiple: bool


@dataclass
class RmClass:
    """One RM class; `attributes` includes the inherited ones, `descendants` the class itself."""

    name: str
    attributes: dict[str, Attribute] = field(default_factory=dict)
    descendants: set[str] = field(default_factory=set)


def _read_model(text: str) -> dict[str, RmClass]:
    classes: dict[str, RmClass] = {}
    ancestors: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        head, _, declared = line.partition(":")
        name, _, parent = head.rstrip(")").partition("(")
        ancestors[name] = [name, *ancestors.get(parent, [])]
        inherited = classes[parent].attributes if parent else {}
        own = {attribute.name: attribute for attribute in map(_read_attribute, declared.split())}
        classes[name] = RmClass(name, {**inherited, **own})
        for ancestor in ancestors[name]:
            classes[ancestor].descendants.add(name)
    return classes


def _read_attribute(text: str) -> Attribute:
    name, _, type_name = text.partition(":")
    return Attribute(name.rstrip("!*"), type_name, "!" in name, "*" in name)


CLASSES = _read_model(_MODEL)


def is_a(type_name: str, ancestor: str) -> bool:
    """True where the class is the ancestor or one of its descendants."""
    return ancestor in CLASSES and type_name in CLASSES[ancestor].descendants


def read(value: Any, expected: str) -> dict[str, Any]:
    """The JSON object as an instance of the class: unknown fields dropped, as EHRbase does.

    Raises BadRequest for another class, a value of the wrong JSON kind, or a date that is none.
    """
    if not isinstance(value, dict):
        raise BadRequest(f"Cannot construct instance of `{expected}` from this JSON value")
    type_name = str(value.get("_type", expected))
    if type_name not in CLASSES or type_name in _ABSTRACT:
        raise BadRequest(f"Could not resolve type id '{type_name}' as a subtype of `com.nedap.archie.base.OpenEHRBase`")
    if not is_a(type_name, expected):
        raise BadRequest(f"Could not resolve type id '{type_name}' as a subtype of {expected}")
    attributes = CLASSES[type_name].attributes
    known = {name: _read_value(value[name], attributes[name]) for name in attributes if value.get(name) is not None}
    _check_time(type_name, known)
    return known if type_name in _TYPE_LEFT_OUT else {"_type": type_name, **known}


def _read_value(value: Any, attribute: Attribute) -> Any:
    if not attribute.multiple:
        return _read_single(value, attribute)
    if not isinstance(value, list):
        raise BadRequest(f"Cannot deserialize value of `{attribute.name}`: a list is expected")
    return [_read_single(item, attribute) for item in value]


def _read_single(value: Any, attribute: Attribute) -> Any:
    kind = PRIMITIVES.get(attribute.type)
    if kind is None:
        return read(value, attribute.type)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise BadRequest(f"Cannot deserialize value of `{attribute.name}`: {attribute.type} is expected")
    if isinstance(value, str) and len(value) > LONGEST_STRING:
        limit = "from `StreamReadConstraints.getMaxStringLength()`"
        raise BadRequest(f"String value length ({len(value)}) exceeds the maximum allowed ({LONGEST_STRING}, {limit})")
    return value


def _check_time(type_name: str, known: dict[str, Any]) -> None:
    parse = _TEMPORAL.get(type_name)
    text = known.get("value")
    if parse is None or text is None:
        return
    try:
        parse(text)
    except ValueError:
        raise BadRequest(f"Text '{text}' could not be parsed at index 0:{text}") from None


def missing_attributes(instance: dict[str, Any], type_name: str, path: str = "") -> list[tuple[str, str, str]]:
    """(path, attribute, class) of each mandatory attribute that is absent, depth first."""
    found = []
    rm_class = CLASSES[instance.get("_type", type_name)]
    for attribute in rm_class.attributes.values():
        value = instance.get(attribute.name)
        if value is None or value == []:
            if attribute.mandatory:
                found.append((f"{path}/{attribute.name}", attribute.name, rm_class.name))
        elif attribute.type not in PRIMITIVES:
            for item in value if attribute.multiple else [value]:
                found += missing_attributes(item, attribute.type, f"{path}/{attribute.name}{_predicate(item)}")
    return found


def _predicate(item: dict[str, Any]) -> str:
    node_id = item.get("archetype_node_id")
    return f"[{node_id}]" if node_id else ""
