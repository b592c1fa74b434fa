"""What a path means in the database: an SQL expression of type jsonb, and the RM types it may have."""

import json
from dataclasses import dataclass

from openehr_server.aql.arguments import Arguments
from openehr_server.aql.failures import outside
from openehr_server.aql.syntax import Containment, Path, Step
from openehr_server.errors import BadRequest
from openehr_server.reference_model import CLASSES, PRIMITIVES

_EHR = {
    "ehr_id": ("HIER_OBJECT_ID", "jsonb_build_object('_type', 'HIER_OBJECT_ID', 'value', e.id)"),
    "ehr_status": ("EHR_STATUS", "e.status"),
}
_VERSION = {
    "uid": "jsonb_build_object('value', v.uid)",
    "contribution": "jsonb_build_object('id', jsonb_build_object('value', v.contribution_id))",
    "commit_audit": "v.audit",
}
# path below VERSION: (its type, the clauses that EHRbase allows it in)
_VERSION_PATHS = {
    "uid/value": ("STRING", "SELECT WHERE ORDER_BY"),
    "commit_audit/time_committed": ("DV_DATE_TIME", "SELECT WHERE ORDER_BY"),
    "commit_audit/time_committed/value": ("STRING", "SELECT"),
    "commit_audit/system_id": ("STRING", "SELECT WHERE"),
    "commit_audit/description": ("DV_TEXT", "SELECT"),
    "commit_audit/description/value": ("STRING", "SELECT WHERE ORDER_BY"),
    "commit_audit/change_type": ("DV_CODED_TEXT", "SELECT"),
    "commit_audit/change_type/value": ("STRING", "SELECT WHERE ORDER_BY"),
    "commit_audit/change_type/defining_code/code_string": ("STRING", "SELECT WHERE ORDER_BY"),
    "contribution/id/value": ("STRING", "SELECT WHERE ORDER_BY"),
}


@dataclass(frozen=True)
class Node:
    """`sql` is a jsonb expression; `types` are RM classes or names of PRIMITIVES."""

    sql: str
    types: frozenset[str]

    @property
    def text(self) -> str:
        """The value as text; `C` makes its order that of the code points, as in EHRbase."""
        return f"(({self.sql}) #>> '{{}}') COLLATE \"C\""

    @property
    def instant(self) -> str:
        """The time in whole seconds."""
        return f"instant({self.sql})"

    @property
    def is_primitive(self) -> bool:
        """True where the path ends at plain JSON rather than at an object."""
        return any(name in PRIMITIVES for name in self.types)

    @property
    def is_numeric(self) -> bool:
        """True where the path can only end at a number."""
        return self.types <= {"INTEGER", "REAL"}

    @property
    def is_instant(self) -> bool:
        """True where the path may end at a DV_DATE_TIME."""
        return any(CLASSES[name].descendants & {"DV_DATE_TIME"} for name in self.types if name in CLASSES)


class Resolver:
    """Resolves the paths of one query."""

    def __init__(self, containments: tuple[Containment, ...], arguments: Arguments) -> None:
        self._classes = {item.variable: item.rm_type for item in containments}
        self._documents = {item.variable: _document(number, item) for number, item in enumerate(containments)}
        self._arguments = arguments

    def rm_type(self, path: Path) -> str:
        """The class of the path's variable."""
        return self._classes[path.variable]

    def is_commit_time(self, path: Path) -> bool:
        """True for the one time that is compared and ordered by the microsecond."""
        return self.rm_type(path) == "VERSION" and is_path(path, "commit_audit", "time_committed")

    def resolve(self, path: Path, clause: str) -> Node:
        """Raises BadRequest for an unknown attribute, and for what this clause cannot have."""
        rm_type = self.rm_type(path)
        if rm_type == "VERSION":
            return self._version(path, clause)
        if rm_type == "EHR":
            return self._ehr(path, clause)
        return self._below(self._documents[path.variable], rm_type, path.steps)

    def _ehr(self, path: Path, clause: str) -> Node:
        if not path.steps:
            raise outside(f"selecting the full EHR object ({path.variable})")
        if path.steps[0].attribute not in _EHR or len(path.steps) == 1:
            text = str(path).partition("/")[2]
            raise outside(f"{clause}: identified path '{text}' for type EHR not supported")
        rm_type, sql = _EHR[path.steps[0].attribute]
        return self._below(sql, rm_type, path.steps[1:])

    def _version(self, path: Path, clause: str) -> Node:
        text = str(path).partition("/")[2]
        rm_type, clauses = _VERSION_PATHS.get(text, ("", ""))
        if clause not in clauses.split():
            raise outside(f"{clause}: VERSION path {path} is not supported")
        return Node(self._json(_VERSION[path.steps[0].attribute], path.steps[1:]), frozenset({rm_type}))

    def _below(self, sql: str, rm_type: str, steps: tuple[Step, ...]) -> Node:
        types = frozenset({rm_type})
        for step in steps:
            types = _attribute_types(types, step.attribute)
        return Node(self._json(sql, steps), types)

    def _json(self, sql: str, steps: tuple[Step, ...]) -> str:
        if not steps:
            return sql
        jsonpath = "$" + "".join(self._json_step(step) for step in steps)
        return f"jsonb_path_query_first({sql}, {self._arguments.bind(jsonpath)}::text::jsonpath)"

    def _json_step(self, step: Step) -> str:
        if step.node_id is None:
            return f".{quote(step.attribute)}"
        tests = [f"@.archetype_node_id == {quote(step.node_id)}"]
        if step.name is not None:
            tests.append(f"@.name.value == {quote(str(self._arguments.single(step.name)))}")
        return f".{quote(step.attribute)} ? ({' && '.join(tests)})"


def quote(text: str) -> str:
    """A string of the jsonpath language; it escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _document(number: int, containment: Containment) -> str:
    """The SQL expression of what a variable stands for."""
    return "v.data" if containment.rm_type == "COMPOSITION" else f"n{number}.node"


def _attribute_types(types: frozenset[str], attribute: str) -> frozenset[str]:
    below = {name for type_name in types if type_name in CLASSES for name in CLASSES[type_name].descendants}
    found = frozenset(
        CLASSES[name].attributes[attribute].type for name in below if attribute in CLASSES[name].attributes
    )
    if not found:
        raise BadRequest(f"Unknown attribute: {attribute}")
    return found


def contained(containment: Containment) -> str:
    """The jsonpath that finds a class, of an archetype where one is named, at any depth below its container."""
    kinds = " || ".join(f"@._type == {quote(name)}" for name in sorted(CLASSES[containment.rm_type].descendants))
    archetype = f" && @.archetype_node_id == {quote(containment.archetype)}" if containment.archetype else ""
    return f"strict $.**{{1 to last}} ? (({kinds}){archetype})"


def is_path(path: Path, *attributes: str) -> bool:
    """True where the path consists of just these attributes."""
    return tuple(step.attribute for step in path.steps) == attributes
