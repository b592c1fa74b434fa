"""The parts of a query, as the parser finds them. No SQL here."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One attribute of a path, with the node id and name that its predicate asks for."""

    attribute: str
    node_id: str | None = None
    name: "Operand | None" = None

    def __str__(self) -> str:
        if self.node_id is None:
            return self.attribute
        name = f", {self.name}" if self.name else ""
        return f"{self.attribute}[{self.node_id}{name}]"


@dataclass(frozen=True)
class Path:
    """An identified path: a variable of FROM and steps from there."""

    variable: str
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return "/".join([self.variable, *map(str, self.steps)])

    def starts_with(self, other: "Path") -> bool:
        """True where the other path is this one or leads to it."""
        return self.variable == other.variable and self.steps[: len(other.steps)] == other.steps


@dataclass(frozen=True)
class Literal:
    """A value written in the query."""

    value: Any

    def __str__(self) -> str:
        return f"'{self.value}'" if isinstance(self.value, str) else str(self.value)


@dataclass(frozen=True)
class Parameter:
    """A `$name` whose value comes with the request."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


type Operand = Literal | Parameter


@dataclass(frozen=True)
class Count:
    """COUNT(*), COUNT(path) or COUNT(DISTINCT path)."""

    path: Path | None
    distinct: bool = False


@dataclass(frozen=True)
class Column:
    """One expression of SELECT."""

    expression: Path | Count
    alias: str | None


@dataclass(frozen=True)
class Containment:
    """One class of the FROM chain. `archetype` None means any; `conditions` are its standard predicates."""

    rm_type: str
    variable: str
    archetype: str | None = None
    conditions: tuple["Comparison", ...] = ()


@dataclass(frozen=True)
class Comparison:
    """`path op value`; for LIKE and MATCHES the operator is that word and there may be several values."""

    path: Path
    operator: str
    values: tuple[Operand, ...]


@dataclass(frozen=True)
class Not:
    """NOT condition."""

    condition: "Condition"


@dataclass(frozen=True)
class Junction:
    """Conditions joined by one word, AND or OR."""

    word: str
    conditions: tuple["Condition", ...]


type Condition = Comparison | Not | Junction


@dataclass(frozen=True)
class Order:
    """One path of ORDER BY."""

    path: Path
    descending: bool


@dataclass(frozen=True)
class Query:
    """A whole query."""

    columns: tuple[Column, ...]
    containments: tuple[Containment, ...]
    distinct: bool = False
    where: Condition | None = None
    order_by: tuple[Order, ...] = field(default_factory=tuple)
    limit: int | None = None
    offset: int | None = None
