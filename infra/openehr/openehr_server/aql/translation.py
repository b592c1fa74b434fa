"""From a query to one parameterised SELECT. No value of a caller ever becomes part of the SQL text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from openehr_server.aql.parser import outside
from openehr_server.aql.paths import Node, Resolver, is_path, literal_path
from openehr_server.aql.syntax import (
    Comparison,
    Condition,
    Containment,
    Count,
    Exists,
    Junction,
    Literal,
    Not,
    Operand,
    Order,
    Path,
    Query,
)
from openehr_server.errors import BadRequest, InternalError
from openehr_server.identifiers import uuid_or_none
from openehr_server.reference_model import CLASSES

_SQL_OPERATORS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True)
class Page:
    """How many rows to answer, and from which on; None means no limit."""

    limit: int | None = None
    offset: int = 0


@dataclass
class Translation:
    """The SELECT being built for one query, and its arguments."""

    query: Query
    parameters: Mapping[str, Any]
    system_id: str
    arguments: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._paths = Resolver(self.query.containments, self._bind, self._single_value)

    def sql(self, page: Page) -> str:
        """Raises BadRequest outside of the subset, InternalError where EHRbase fails on a parameter."""
        query = self.query
        self._check_order()
        columns = ", ".join(f"{self._column(column.expression)} AS c{n}" for n, column in enumerate(query.columns))
        sources, conditions = self._sources()
        if query.where:
            conditions.append(self._condition(query.where))
        parts = ["SELECT DISTINCT" if query.distinct else "SELECT", f"{columns} FROM {sources}"]
        parts += [f"WHERE {' AND '.join(conditions)}"] if conditions else []
        parts += [f"ORDER BY {', '.join(order)}"] if (order := self._order()) else []
        parts += [f"LIMIT {self._bind(page.limit)}::bigint"] if page.limit is not None else []
        parts += [f"OFFSET {self._bind(page.offset)}::bigint"] if page.offset else []
        return " ".join(parts)

    def _bind(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def _values(self, operands: tuple[Operand, ...]) -> list[Any]:
        """A list given for a parameter stands for its elements; a missing or odd one is EHRbase's 500."""
        values: list[Any] = []
        for operand in operands:
            value = operand.value if isinstance(operand, Literal) else self.parameters.get(operand.name)
            values += value if isinstance(value, list) else [value]
        if any(value is None or isinstance(value, dict | list) for value in values):
            raise InternalError
        return values

    def _single_value(self, operand: Operand) -> Any:
        values = self._values((operand,))
        if len(values) != 1:
            raise outside("a list where one value is expected")
        return values[0]

    # --- SELECT and ORDER BY

    def _column(self, expression: Path | Count) -> str:
        if isinstance(expression, Path):
            return self._paths.resolve(expression, "SELECT").sql
        if expression.path is None:
            return "count(*)"
        counted = self._paths.resolve(expression.path, "SELECT").sql
        return f"count({'DISTINCT ' if expression.distinct else ''}{counted})"

    def _check_order(self) -> None:
        selected = [column.expression for column in self.query.columns]
        counts = [isinstance(expression, Count) for expression in selected]
        if any(counts) and (not all(counts) or self.query.order_by):
            raise outside("COUNT beside other columns or with ORDER BY")
        if self.query.distinct and self.query.order_by:
            raise outside("DISTINCT with ORDER BY")
        for order in self.query.order_by:
            if not any(isinstance(path, Path) and path.starts_with(order.path) for path in selected):
                raise outside(f"ORDER BY: Path: {order.path} is not present in SELECT statement")

    def _order(self) -> list[str]:
        if self.query.order_by:
            return [
                f"{self._order_key(order)} {'DESC' if order.descending else 'ASC'}" for order in self.query.order_by
            ]
        plain = all(isinstance(column.expression, Path) for column in self.query.columns)
        return [self._position] if plain and not self.query.distinct else []

    def _order_key(self, order: Order) -> str:
        if self._is_commit_time(order.path):
            return "v.committed"
        node = self._paths.resolve(order.path, "ORDER_BY")
        if node.is_numeric:
            return f"({node.sql})::numeric"
        return _text(node) if node.is_primitive else _instant(node, order.path, "ORDER BY")

    def _is_commit_time(self, path: Path) -> bool:
        return self._paths.rm_type(path) == "VERSION" and is_path(path, "commit_audit", "time_committed")

    # --- FROM

    def _sources(self) -> tuple[str, list[str]]:
        chain = self.query.containments
        _check_chain(chain)
        below = [item for item in chain if item.rm_type != "EHR"]
        sources = ["ehr e"] + (["JOIN version v ON v.ehr_id = e.id AND v.is_latest"] if below else [])
        conditions = ["v.data IS NOT NULL"] if below else []
        self._position = "v.position" if below else "e.created"
        container = "v.data"
        for number, item in enumerate(chain):
            conditions += [self._comparison(condition) for condition in item.conditions]
            if item.rm_type == "COMPOSITION" and item.archetype:
                conditions.append(f"v.data ->> 'archetype_node_id' = {self._bind(item.archetype)}")
            if item.rm_type not in ("EHR", "VERSION", "COMPOSITION"):
                found = f"jsonb_path_query({container}, {self._bind(literal_path(item))}::text::jsonpath)"
                sources.append(f"CROSS JOIN LATERAL {found} AS n{number}(node)")
                container = f"n{number}.node"
        return " ".join(sources), conditions

    # --- WHERE

    def _condition(self, condition: Condition) -> str:
        match condition:
            case Junction(word, conditions):
                return "(" + f" {word} ".join(self._condition(inner) for inner in conditions) + ")"
            case Not(inner):
                return f"NOT coalesce({self._condition(inner)}, false)"
            case Exists(path):
                return f"({self._paths.resolve(path, 'WHERE').sql}) IS NOT NULL"
            case Comparison():
                return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> str:
        path, operator = comparison.path, comparison.operator
        values = self._values(comparison.values)
        if operator == "MATCHES":
            return "(" + " OR ".join(self._compare(path, "=", value) for value in values) + ")"
        return self._compare(path, operator, self._single_value(comparison.values[0]))

    def _compare(self, path: Path, operator: str, value: Any) -> str:
        rm_type = self._paths.rm_type(path)
        if rm_type == "EHR" and is_path(path, "ehr_id", "value"):
            return self._compare_ehr_id(operator, value)
        if rm_type == "COMPOSITION" and is_path(path, "uid", "value"):
            self._check_system(value)
        if self._is_commit_time(path):
            return f"v.committed {_SQL_OPERATORS[operator]} {self._bind(_time(value))}::timestamptz"
        node = self._paths.resolve(path, "WHERE")
        if not node.is_primitive:
            return self._compare_instant(node, path, operator, value)
        if operator == "LIKE":
            return f"{_text(node)} LIKE {self._bind(_like(str(value)))}::text"
        return self._compare_primitive(node, _SQL_OPERATORS[operator], value)

    def _compare_ehr_id(self, operator: str, value: Any) -> str:
        uuid = uuid_or_none(value) if isinstance(value, str) else None
        if operator not in ("=", "!="):
            raise outside(f"operator {operator} for e/ehr_id/value")
        if uuid is None:
            return "false" if operator == "=" else "true"
        return f"e.id {_SQL_OPERATORS[operator]} {self._bind(uuid)}::uuid"

    def _check_system(self, value: Any) -> None:
        system_id = value.split("::")[1] if isinstance(value, str) and value.count("::") == 2 else self.system_id
        if system_id != self.system_id:
            raise BadRequest(f"CREATING_SYSTEM_ID of {value} does not match this server ({self.system_id})")

    def _compare_instant(self, node: Node, path: Path, operator: str, value: Any) -> str:
        if operator == "LIKE" or not isinstance(value, str):
            return "false"
        key = _instant(node, path, "WHERE")
        return f"{key} {_SQL_OPERATORS[operator]} instant(jsonb_build_object('value', {self._bind(value)}::text))"

    def _compare_primitive(self, node: Node, operator: str, value: Any) -> str:
        """By the value's own type: what is of another type never matches."""
        if isinstance(value, bool):
            return (
                f"(jsonb_typeof({node.sql}) = 'boolean' AND {_text(node)} {operator} {self._bind(str(value).lower())})"
            )
        if isinstance(value, str):
            return f"{_text(node)} {operator} {self._bind(value)}::text"
        number = f"(CASE WHEN jsonb_typeof({node.sql}) = 'number' THEN ({node.sql})::numeric END)"
        return f"{number} {operator} {self._bind(str(value))}::text::numeric"


def _check_chain(chain: tuple[Containment, ...]) -> None:
    """EHR, then VERSION, then COMPOSITION, then what it contains; each of them may be left out."""
    order = {"EHR": 0, "VERSION": 1, "COMPOSITION": 2}
    ranks = [order.get(item.rm_type, 3) for item in chain]
    if ranks != sorted(ranks) or any(ranks.count(rank) > 1 for rank in range(3)):
        raise outside("this order of classes in FROM")
    for item in chain:
        if item.rm_type not in order and item.rm_type not in CLASSES["LOCATABLE"].descendants - {"EHR_STATUS"}:
            raise outside(f"{item.rm_type} in FROM")
        if item.conditions and item.rm_type not in ("EHR", "COMPOSITION"):
            raise outside(f"this predicate of {item.rm_type}")


def _text(node: Node) -> str:
    return f"(({node.sql}) #>> '{{}}') COLLATE \"C\""


def _instant(node: Node, path: Path, clause: str) -> str:
    if not node.is_instant:
        raise outside(f"{clause}: path {path} ends at an object that has no order here")
    return f"instant({node.sql})"


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
