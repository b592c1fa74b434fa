"""From a query to one parameterised SELECT. No value of a caller ever becomes part of the SQL text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openehr_server.aql.arguments import Arguments
from openehr_server.aql.conditions import Conditions
from openehr_server.aql.failures import outside
from openehr_server.aql.paths import Resolver, contained
from openehr_server.aql.syntax import Containment, Count, Order, Path, Query
from openehr_server.errors import BadRequest
from openehr_server.reference_model import CLASSES

_CHAIN = ("EHR", "VERSION", "COMPOSITION")


@dataclass(frozen=True)
class Page:
    """How many rows to answer, and from which on; None means no limit."""

    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True)
class Statement:
    """An SQL statement and its arguments."""

    sql: str
    arguments: list[object]


def translate(query: Query, parameters: Mapping[str, Any], *, page: Page, system_id: str) -> Statement:
    """Raises BadRequest outside of the subset, InternalError where EHRbase fails on a parameter."""
    _check_chain(query.containments)
    _check_columns(query)
    arguments = Arguments(parameters)
    select = _Select(query, arguments, system_id)
    parts = ["SELECT DISTINCT" if query.distinct else "SELECT", select.columns(), "FROM", *select.sources()]
    parts += [f"ORDER BY {', '.join(order)}"] if (order := select.order()) else []
    parts += [f"LIMIT {arguments.bind(page.limit)}::bigint"] if page.limit is not None else []
    parts += [f"OFFSET {arguments.bind(page.offset)}::bigint"] if page.offset else []
    return Statement(" ".join(parts), arguments.bound)


class _Select:
    """The clauses of one statement. Tables: `e` the EHR, `v` the latest versions, `n1`… what they contain."""

    def __init__(self, query: Query, arguments: Arguments, system_id: str) -> None:
        self._query = query
        self._bind = arguments.bind
        self._paths = Resolver(query.containments, arguments)
        self._conditions = Conditions(self._paths, arguments, system_id)
        self._has_versions = any(item.rm_type != "EHR" for item in query.containments)

    def columns(self) -> str:
        return ", ".join(f"{self._column(column.expression)} AS c{n}" for n, column in enumerate(self._query.columns))

    def _column(self, expression: Path | Count) -> str:
        if isinstance(expression, Path):
            return self._paths.resolve(expression, "SELECT").sql
        if expression.path is None:
            return "count(*)"
        counted = self._paths.resolve(expression.path, "SELECT").sql
        return f"count({'DISTINCT ' if expression.distinct else ''}{counted})"

    def sources(self) -> list[str]:
        """The tables, and WHERE."""
        tables, conditions = ["ehr e"], []
        if self._has_versions:
            tables.append("JOIN version v ON v.ehr_id = e.id AND v.is_latest AND v.data IS NOT NULL")
        container = "v.data"
        for number, item in enumerate(self._query.containments):
            conditions += [self._conditions.sql(condition) for condition in item.conditions]
            if item.rm_type == "COMPOSITION" and item.archetype:
                conditions.append(f"v.data ->> 'archetype_node_id' = {self._bind(item.archetype)}")
            if item.rm_type not in _CHAIN:
                found = f"jsonb_path_query({container}, {self._bind(contained(item))}::text::jsonpath)"
                tables.append(f"CROSS JOIN LATERAL {found} AS n{number}(node)")
                container = f"n{number}.node"
        if self._query.where:
            conditions.append(self._conditions.sql(self._query.where))
        return tables + ([f"WHERE {' AND '.join(conditions)}"] if conditions else [])

    def order(self) -> list[str]:
        """As the query says; else as written, so that a page is at least repeatable."""
        if self._query.order_by:
            return [f"{self._key(order)} {'DESC' if order.descending else 'ASC'}" for order in self._query.order_by]
        if self._query.distinct or isinstance(self._query.columns[0].expression, Count):
            return []
        return ["v.position" if self._has_versions else "e.created"]

    def _key(self, order: Order) -> str:
        if self._paths.is_commit_time(order.path):
            return "v.committed"
        node = self._paths.resolve(order.path, "ORDER_BY")
        if node.is_primitive:
            return f"({node.sql})::numeric" if node.is_numeric else node.text
        if not node.is_instant:
            raise outside(f"ORDER BY: path {order.path} only targets types without an order")
        return node.instant


def _check_chain(chain: tuple[Containment, ...]) -> None:
    """EHR, then VERSION, then COMPOSITION, then what it contains; each of them may be left out."""
    ranks = [_CHAIN.index(item.rm_type) if item.rm_type in _CHAIN else len(_CHAIN) for item in chain]
    if ranks != sorted(ranks) or any(ranks.count(rank) > 1 for rank in range(len(_CHAIN))):
        raise outside("this order of classes in FROM")
    if chain[-1].rm_type == "VERSION":
        raise BadRequest("VERSION containment must be followed by another CONTAINS expression")
    for item in chain:
        if item.rm_type not in _CHAIN and item.rm_type not in CLASSES["LOCATABLE"].descendants - {"EHR_STATUS"}:
            raise outside(f"{item.rm_type} in FROM")
        if item.conditions and item.rm_type not in ("EHR", "COMPOSITION"):
            raise outside(f"this predicate of {item.rm_type}")


def _check_columns(query: Query) -> None:
    """What is ordered by must be selected, or lead to something selected; counts stand alone."""
    selected = [column.expression for column in query.columns]
    for order in query.order_by:
        if not any(isinstance(path, Path) and path.starts_with(order.path) for path in selected):
            raise outside(f"ORDER BY: Path: {order.path} is not present in SELECT statement")
    if any(isinstance(item, Count) for item in selected) and any(isinstance(item, Path) for item in selected):
        raise outside("COUNT beside other columns")
    if query.distinct and query.order_by:
        raise outside("DISTINCT with ORDER BY")
