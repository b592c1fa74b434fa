"""From the conditions of a query to SQL. How a value compares depends on the path and on the value's own type."""

import math
from datetime import UTC, datetime
from typing import Any

from openehr_server.aql.arguments import Arguments
from openehr_server.aql.failures import outside
from openehr_server.aql.paths import Node, Resolver, is_path
from openehr_server.aql.syntax import Comparison, Condition, Junction, Not, Path
from openehr_server.errors import BadRequest, InternalError
from openehr_server.identifiers import parse_version_uid, uuid_or_none

_OPERATORS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Conditions:
    """Writes the conditions of one query; `system_id` is what a composition's uid must name."""

    def __init__(self, paths: Resolver, arguments: Arguments, system_id: str) -> None:
        self._paths = paths
        self._arguments = arguments
        self._bind = arguments.bind
        self._system_id = system_id

    def sql(self, condition: Condition) -> str:
        """Raises BadRequest outside of the subset, InternalError for a parameter that EHRbase fails on."""
        match condition:
            case Junction(word, conditions):
                return "(" + f" {word} ".join(self.sql(inner) for inner in conditions) + ")"
            case Not(inner):
                return f"NOT coalesce({self.sql(inner)}, false)"
            case Comparison(path, "MATCHES", operands):
                values = self._arguments.values(operands)
                return "(" + " OR ".join(self._compare(path, "=", value) for value in values) + ")"
            case Comparison(path, operator, (operand,)):
                return self._compare(path, operator, self._arguments.single(operand))
        raise InternalError

    def _compare(self, path: Path, operator: str, value: Any) -> str:
        rm_type = self._paths.rm_type(path)
        if rm_type == "EHR" and is_path(path, "ehr_id", "value"):
            return self._compare_ehr_id(operator, value)
        if rm_type == "COMPOSITION" and is_path(path, "uid", "value"):
            return self._compare_uid(operator, value)
        if self._paths.is_commit_time(path):
            return f"v.committed {_OPERATORS[operator]} {self._bind(_time(value))}::timestamptz"
        node = self._paths.resolve(path, "WHERE")
        if not node.is_primitive:
            return self._compare_instant(node, path, operator, value)
        if operator == "LIKE":
            return f"{node.text} LIKE {self._bind(_like(str(value)))}::text"
        return self._compare_primitive(node, _OPERATORS[operator], value)

    def _compare_ehr_id(self, operator: str, value: Any) -> str:
        uuid = uuid_or_none(value) if isinstance(value, str) else None
        if operator not in ("=", "!="):
            raise outside(f"operator {operator} on e/ehr_id/value")
        if uuid is None:
            return "false" if operator == "=" else "true"
        return f"e.id {_OPERATORS[operator]} {self._bind(uuid)}::uuid"

    def _compare_uid(self, operator: str, value: Any) -> str:
        """By object, and by version where the value names one."""
        if operator == "LIKE":
            raise outside("LIKE on /uid/value is not supported")
        if not isinstance(value, str):
            raise BadRequest("/uid/value comparisons require a string operand")
        if (uuid := uuid_or_none(value)) is not None:
            return f"v.object_id {_OPERATORS[operator]} {self._bind(uuid)}::uuid"
        try:
            uid = parse_version_uid(value)
        except BadRequest:
            raise BadRequest(f"{value} is not a valid OBJECT_VERSION_ID/UID") from None
        if uid.system_id != self._system_id:
            raise BadRequest(f"CREATING_SYSTEM_ID of {value} does not match this server ({self._system_id})")
        wanted = f"({self._bind(uid.object_id)}::uuid, {self._bind(uid.version)}::integer)"
        return f"(v.object_id, v.number) {_OPERATORS[operator]} {wanted}"

    def _compare_instant(self, node: Node, path: Path, operator: str, value: Any) -> str:
        if not node.is_instant:
            raise outside(f"WHERE: path {path} only targets types without an order")
        if operator == "LIKE":
            raise outside(f"LIKE on {path}")
        seconds = math.floor(_time(value).timestamp())
        return f"{node.instant} {_OPERATORS[operator]} {self._bind(seconds)}::bigint"

    def _compare_primitive(self, node: Node, operator: str, value: Any) -> str:
        """What is of another type than the value never matches."""
        if isinstance(value, bool):
            is_boolean = f"jsonb_typeof({node.sql}) = 'boolean'"
            return f"({is_boolean} AND {node.text} {operator} {self._bind(str(value).lower())}::text)"
        if isinstance(value, str):
            return f"{node.text} {operator} {self._bind(value)}::text"
        number = f"(CASE WHEN jsonb_typeof({node.sql}) = 'number' THEN ({node.sql})::numeric END)"
        return f"{number} {operator} {self._bind(str(value))}::text::numeric"


def _time(value: Any) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadRequest(f"Not a date and time: {value}") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _like(pattern: str) -> str:
    """AQL's `*` and `?` are SQL's `%` and `_`; a backslash makes either stand for itself."""
    result, escaped = "", False
    for character in pattern:
        if escaped or character not in "*?\\":
            result += f"\\{character}" if character in "%_\\" else character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            result += "%" if character == "*" else "_"
    return result
