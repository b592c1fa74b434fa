"""Reading an operational template (OPT 1.4, XML) into the constraints that instances are checked against."""

from dataclasses import dataclass, field

from lxml import etree

from openehr_server.errors import BadRequest

_NS = "{http://schemas.openehr.org/v1}"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True)
class ObjectConstraint:
    """C_OBJECT. `upper` None means unbounded; `codes` maps each allowed code to its rubric, None allows any code."""

    rm_type: str
    node_id: str
    lower: int
    upper: int | None
    is_slot: bool = False
    attributes: dict[str, list["ObjectConstraint"]] = field(default_factory=dict)
    pattern: str | None = None
    terminology: str | None = None
    codes: dict[str, str | None] | None = None

    @property
    def occurrences(self) -> str:
        """The interval as EHRbase prints it: `1..1`, `0..*`."""
        return f"{self.lower}..{'*' if self.upper is None else self.upper}"


@dataclass(frozen=True)
class Template:
    """One operational template; `root` constrains the COMPOSITION."""

    template_id: str
    concept: str
    archetype_id: str
    root: ObjectConstraint


def parse_template(document: bytes) -> Template:
    """Raises BadRequest where the document is no XML or no operational template for compositions."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        xml = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        detail = "Content is not allowed in prolog." if not document.lstrip().startswith(b"<") else error.msg
        raise BadRequest(f"error: {detail}") from None
    concept = _text(xml, "concept")
    if not concept:
        raise BadRequest("Supplied template has nil or empty concept")
    definition = xml.find(f"{_NS}definition")
    template_id = _text(xml, "template_id/value")
    if definition is None or not template_id:
        raise BadRequest(
            "Supplied template has nil or empty " + ("template_id" if definition is not None else "definition")
        )
    root = _read_object(definition, {})
    return Template(template_id, concept, root.node_id, root)


def _read_object(xml: etree._Element, rubrics: dict[str, str]) -> ObjectConstraint:
    archetype_id = _text(xml, "archetype_id/value")
    if archetype_id:
        rubrics = _read_rubrics(xml)
    children = {
        _text(attribute, "rm_attribute_name"): [
            _read_object(child, rubrics) for child in attribute.iterfind(f"{_NS}children")
        ]
        for attribute in xml.iterfind(f"{_NS}attributes")
    }
    unbounded = _text(xml, "occurrences/upper_unbounded") == "true"
    terminology = _text(xml, "terminology_id/value") or None
    return ObjectConstraint(
        rm_type=_text(xml, "rm_type_name"),
        node_id=archetype_id or _text(xml, "node_id"),
        lower=int(_text(xml, "occurrences/lower") or 0),
        upper=None if unbounded else int(_text(xml, "occurrences/upper") or 1),
        is_slot=xml.get(_XSI_TYPE) == "ARCHETYPE_SLOT",
        attributes=children,
        pattern=_read_pattern(xml),
        terminology=terminology,
        codes=_read_codes(xml, rubrics if terminology == "local" else {}),
    )


def _read_rubrics(xml: etree._Element) -> dict[str, str]:
    return {
        definition.get("code", ""): item.text or ""
        for definition in xml.iterfind(f"{_NS}term_definitions")
        for item in definition.iterfind(f"{_NS}items")
        if item.get("id") == "text"
    }


def _read_pattern(xml: etree._Element) -> str | None:
    """Only text patterns: EHRbase does not hold times to the template's date pattern."""
    item = xml.find(f"{_NS}item")
    if item is None or item.get(_XSI_TYPE) != "C_STRING":
        return None
    return _text(item, "pattern") or None


def _read_codes(xml: etree._Element, rubrics: dict[str, str]) -> dict[str, str | None] | None:
    codes = [code.text or "" for code in xml.iterfind(f"{_NS}code_list")]
    return {code: rubrics.get(code) for code in codes} or None


def _text(xml: etree._Element, path: str) -> str:
    found = xml.find("/".join(f"{_NS}{step}" for step in path.split("/")))
    return "" if found is None else (found.text or "").strip()
