"""Which XHTML a narrative may hold: text and its form, nothing that runs or is fetched. Pure."""

import re
from xml.etree import ElementTree

_XHTML, _XML = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/XML/1998/namespace}"
_TAGS = (
    "a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i li "
    "ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var"
)
_ELEMENTS = frozenset(_XHTML + tag for tag in _TAGS.split())
_FORMS = "abbr align border class colspan dir headers href id lang name rowspan scope title"
_ATTRIBUTES = frozenset(_FORMS.split())
_NAMED_CHARACTER = re.compile(r"&[A-Za-z]+[0-9]*;")
_LINK = re.compile(r"(https?|mailto|tel):|#")


def check_narrative(div: str) -> str:
    """A narrative is one XHTML `div` without active content (FHIR R4, invariants txt-1 and txt-2; images and
    styles are not taken either). Raises ValueError otherwise."""
    if "<!" in div or "<?" in div:
        raise ValueError("must hold no declarations, comments or instructions")
    try:
        root = ElementTree.fromstring(_NAMED_CHARACTER.sub(" ", div))  # noqa: S314 - without declarations no entities
    except ElementTree.ParseError as error:
        raise ValueError("must be well-formed XHTML") from error
    if root.tag != f"{_XHTML}div" or not "".join(root.itertext()).strip():
        raise ValueError("must be an XHTML div that is not empty")
    if not all(map(_is_passive, root.iter())):
        raise ValueError("must hold text and its form only")
    return div


def _is_passive(element: ElementTree.Element) -> bool:
    known = all(name.removeprefix(_XML) in _ATTRIBUTES for name in element.attrib)
    return element.tag in _ELEMENTS and known and bool(_LINK.match(element.get("href", "#")))
