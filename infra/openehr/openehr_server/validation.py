"""Whether a COMPOSITION keeps to the reference model and to its template. Pure: no storage, no HTTP."""

import re
from collections.abc import Iterable
from typing import Any

from openehr_server import reference_model
from openehr_server.errors import BadRequest, Unprocessable
from openehr_server.template import ObjectConstraint, Template

_ASKED_FIRST = ("name", "archetype_node_id", "language", "category", "composer", "archetype_details")


def template_id_of(composition: dict[str, Any]) -> str:
    """The template that the composition claims; BadRequest where something EHRbase reads before it is absent."""
    for attribute in _ASKED_FIRST:
        if attribute not in composition:
            raise BadRequest(f"Composition missing mandatory attribute: {attribute.replace('_d', ' d')}")
    template_id = composition["archetype_details"].get("template_id", {}).get("value")
    if template_id is None:
        raise BadRequest("Composition missing mandatory attribute: archetype details/template_id")
    return str(template_id)


def check_composition(composition: dict[str, Any], template: Template) -> None:
    """Raises Unprocessable naming every violation; the template is asked only once the model is kept."""
    violations = [
        f"{path}: Attribute {name} of class {rm_class} does not match existence 1..1"
        for path, name, rm_class in reference_model.missing_attributes(composition, "COMPOSITION")
    ]
    violations = violations or list(_check(composition, template.root, ""))
    if violations:
        raise Unprocessable(", ".join(violations))


def _check(instance: dict[str, Any], constraint: ObjectConstraint, path: str) -> Iterable[str]:
    yield from _check_value(instance, constraint, path)
    for attribute, children in constraint.attributes.items():
        yield from _check_occurrences(_items(instance, attribute), children, f"{path}/{attribute}")
    for attribute, children in constraint.attributes.items():
        for child in children:
            for item in _matching(_items(instance, attribute), child):
                yield from _check(item, child, f"{path}/{attribute}{_node(child)}")
    yield from _check_extras(instance, constraint, path)


def _check_occurrences(items: list[Any], children: list[ObjectConstraint], path: str) -> Iterable[str]:
    for child in children:
        count = len(_matching(items, child))
        too_many = child.upper is not None and count > child.upper
        if child.node_id and not child.is_slot and (count < child.lower or too_many):
            yield f"{path}{_node(child)}: Attribute has {count} occurrences, but must be {child.occurrences}"


def _check_extras(instance: dict[str, Any], constraint: ObjectConstraint, path: str) -> Iterable[str]:
    """Locatable children that no part of the template asks for."""
    for attribute in reference_model.CLASSES[instance.get("_type", constraint.rm_type)].attributes:
        children = constraint.attributes.get(attribute, [])
        for item in _items(instance, attribute):
            if isinstance(item, dict) and "archetype_node_id" in item and not _expected(item, children):
                kind = item["_type"].title().replace("_", "")
                named = f"nodeId:{item['archetype_node_id']},name:{item['name'].get('value')}"
                yield f"{path}: RmObject with type:{kind}, {named}; not in template"


def _expected(item: dict[str, Any], children: list[ObjectConstraint]) -> bool:
    node_id = item["archetype_node_id"]
    return any(
        node_id.startswith(f"openEHR-EHR-{child.rm_type}.") if child.is_slot else node_id == child.node_id
        for child in children
    )


def _check_value(instance: dict[str, Any], constraint: ObjectConstraint, path: str) -> Iterable[str]:
    """A value of another class than the template's is let through, as EHRbase does."""
    kind = instance.get("_type")
    if kind == "DV_CODED_TEXT" == constraint.rm_type:
        yield from _check_code(instance, constraint, path)
    elif kind == "DV_TEXT":
        yield from _check_text(instance, constraint, path)


def _check_text(instance: dict[str, Any], constraint: ObjectConstraint, path: str) -> Iterable[str]:
    if constraint.rm_type == "DV_CODED_TEXT":
        yield f"{path}: Expected a DV_CODED_TEXT but got DV_TEXT"
        return
    text = instance.get("value", "")
    for child in constraint.attributes.get("value", []):
        if child.pattern and not re.fullmatch(child.pattern.strip("/"), text):
            yield f'{path}: The value "{text}" must be "{child.pattern}"'


def _check_code(instance: dict[str, Any], constraint: ObjectConstraint, path: str) -> Iterable[str]:
    code = instance["defining_code"]
    found = code["terminology_id"]["value"]
    for child in constraint.attributes.get("defining_code", []):
        if child.terminology and child.terminology != found:
            yield f"{path}: CodePhrase terminology does not match, expected: {child.terminology}, found: {found}"
        if child.codes is None:
            continue
        if code["code_string"] not in child.codes:
            yield f"{path}: CodePhrase codeString does not match any option, found: {code['code_string']}"
            continue
        rubric = child.codes[code["code_string"]]
        if rubric is not None and rubric != instance.get("value"):
            yield f"{path}: Dv_Coded_Text value does not match. found: {instance.get('value')} expected: {rubric}"


def _matching(items: list[Any], child: ObjectConstraint) -> list[dict[str, Any]]:
    objects = [item for item in items if isinstance(item, dict)]
    if child.is_slot:
        return []
    return [item for item in objects if not child.node_id or item.get("archetype_node_id") == child.node_id]


def _items(instance: dict[str, Any], attribute: str) -> list[Any]:
    value = instance.get(attribute)
    return value if isinstance(value, list) else [] if value is None else [value]


def _node(child: ObjectConstraint) -> str:
    return f"[{child.node_id}]" if child.node_id else ""
