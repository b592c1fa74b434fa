"""From the text of a query to its parts, by recursive descent. Knows the grammar, not the reference model."""

import re
from collections.abc import Callable

from openehr_server.aql.failures import outside, parse_error
from openehr_server.aql.syntax import (
    Column,
    Comparison,
    Condition,
    Containment,
    Count,
    Junction,
    Literal,
    Not,
    Operand,
    Order,
    Parameter,
    Path,
    Query,
    Step,
)
from openehr_server.aql.tokens import Tokens
from openehr_server.errors import BadRequest

_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=")
_FUNCTIONS = ("MIN", "MAX", "SUM", "AVG", "LENGTH", "CONCAT", "SUBSTRING", "TERMINOLOGY")
_CLAUSES = ("CONTAINS", "WHERE", "ORDER", "LIMIT", "AND", "OR", "NOT")
_DEEPEST = 50  # nested brackets; a query is never that deep, a hostile one may be


def parse_query(text: str) -> Query:
    """Raises BadRequest for what is no AQL and for what lies outside of the subset."""
    tokens = Tokens(text)
    if not tokens.at("SELECT"):
        raise parse_error(f"line 1: char 0 missing SELECT at '{tokens.current.text}'")
    tokens.take()
    distinct = tokens.accept("DISTINCT") is not None
    columns = _list(tokens, _column)
    tokens.expect("FROM")
    containments = _containments(tokens)
    where = _condition(tokens, 0) if tokens.accept("WHERE") else None
    order_by = _order_by(tokens)
    limit = _integer(tokens) if tokens.accept("LIMIT") else None
    offset = _integer(tokens) if limit is not None and tokens.accept("OFFSET") else None
    if tokens.current.kind != "end":
        raise tokens.mismatch("<EOF>")
    query = Query(columns, containments, distinct, where, order_by, limit, offset)
    _check_variables(query, text)
    return query


def _list[T](tokens: Tokens, read: Callable[[Tokens], T]) -> tuple[T, ...]:
    items = [read(tokens)]
    while tokens.accept(","):
        items.append(read(tokens))
    return tuple(items)


def _column(tokens: Tokens) -> Column:
    if tokens.at(*_FUNCTIONS):
        raise outside(f"function {tokens.current.text.upper()}")
    expression = _count(tokens) if tokens.accept("COUNT") else _path(tokens)
    alias = tokens.expect_kind("name", "IDENTIFIER") if tokens.accept("AS") else None
    return Column(expression, alias)


def _count(tokens: Tokens) -> Count:
    tokens.expect("(")
    distinct = tokens.accept("DISTINCT") is not None
    path = None if tokens.accept("*") else _path(tokens)
    tokens.expect(")")
    return Count(path, distinct)


def _containments(tokens: Tokens) -> tuple[Containment, ...]:
    chain = [_containment(tokens, 0)]
    while tokens.accept("CONTAINS"):
        if tokens.at("(", "NOT"):
            raise outside("CONTAINS with brackets or NOT")
        chain.append(_containment(tokens, len(chain)))
    if tokens.at("AND", "OR"):
        raise outside(f"{tokens.current.text.upper()} in FROM")
    return tuple(chain)


def _containment(tokens: Tokens, number: int) -> Containment:
    rm_type = tokens.expect_kind("name", "IDENTIFIER").upper()
    named = tokens.current.kind == "name" and not tokens.at(*_CLAUSES)
    variable = tokens.take().text if named else f"#{number}"
    if not tokens.accept("["):
        return Containment(rm_type, variable)
    if tokens.current.kind == "name" and tokens.current.text.startswith("openEHR-"):
        containment = Containment(rm_type, variable, archetype=tokens.take().text)
    elif rm_type == "VERSION":
        if not tokens.accept("LATEST_VERSION"):
            raise outside("Only VERSION queries without predicate or on LATEST_VERSION supported")
        containment = Containment(rm_type, variable)
    else:
        conditions = [_comparison(tokens, Path(variable, _steps(tokens)))]
        containment = Containment(rm_type, variable, conditions=tuple(conditions))
    tokens.expect("]")
    return containment


def _condition(tokens: Tokens, depth: int) -> Condition:
    return _joined(tokens, depth, "OR")


def _joined(tokens: Tokens, depth: int, word: str) -> Condition:
    """OR binds looser than AND."""
    inner = _joined if word == "OR" else _single
    conditions = [inner(tokens, depth, "AND")]
    while tokens.accept(word):
        conditions.append(inner(tokens, depth, "AND"))
    return conditions[0] if len(conditions) == 1 else Junction(word, tuple(conditions))


def _single(tokens: Tokens, depth: int, _: str) -> Condition:
    if depth > _DEEPEST:
        raise outside("conditions nested this deep")
    if tokens.accept("NOT"):
        return Not(_single(tokens, depth + 1, _))
    if tokens.at("EXISTS"):
        raise outside("WHERE: EXISTS operator is not supported")
    if tokens.accept("("):
        condition = _condition(tokens, depth + 1)
        tokens.expect(")")
        return condition
    return _comparison(tokens, _path(tokens))


def _comparison(tokens: Tokens, path: Path) -> Comparison:
    if tokens.accept("MATCHES"):
        tokens.expect("{")
        values = _list(tokens, _operand)
        tokens.expect("}")
        return Comparison(path, "MATCHES", values)
    operator = tokens.accept("LIKE", *_COMPARISONS)
    if operator is None:
        raise tokens.mismatch("COMPARISON_OPERATOR")
    return Comparison(path, "!=" if operator == "<>" else operator, (_operand(tokens),))


def _operand(tokens: Tokens) -> Operand:
    token = tokens.take()
    match token.kind:
        case "parameter":
            return Parameter(token.text[1:])
        case "string":
            return Literal(re.sub(r"\\(.)", r"\1", token.text[1:-1]))
        case "number":
            return Literal(float(token.text) if "." in token.text else int(token.text))
        case "name" if token.text.lower() in ("true", "false"):
            return Literal(token.text.lower() == "true")
    raise parse_error(f"line 1: char {token.position} mismatched input '{token.text or '<EOF>'}' expecting a value")


def _path(tokens: Tokens) -> Path:
    variable = tokens.expect_kind("name", "IDENTIFIER")
    if tokens.at("["):
        raise outside(f"root predicate of {variable}")
    return Path(variable, _steps(tokens) if tokens.accept("/") else ())


def _steps(tokens: Tokens) -> tuple[Step, ...]:
    steps = [_step(tokens)]
    while tokens.accept("/"):
        steps.append(_step(tokens))
    return tuple(steps)


def _step(tokens: Tokens) -> Step:
    attribute = tokens.expect_kind("name", "IDENTIFIER")
    if not tokens.accept("["):
        return Step(attribute)
    node_id = tokens.expect_kind("name", "node id")
    name = _operand(tokens) if tokens.accept(",") else _name_condition(tokens)
    tokens.expect("]")
    return Step(attribute, node_id, name)


def _name_condition(tokens: Tokens) -> Operand | None:
    """`and name/value = …`, the long form of a name after the comma."""
    if not tokens.accept("AND"):
        return None
    for word in ("NAME", "/", "VALUE", "="):
        tokens.expect(word)
    return _operand(tokens)


def _order_by(tokens: Tokens) -> tuple[Order, ...]:
    if not tokens.accept("ORDER"):
        return ()
    tokens.expect("BY")
    return _list(tokens, _order)


def _order(tokens: Tokens) -> Order:
    path = _path(tokens)
    return Order(path, tokens.accept("DESC", "DESCENDING", "ASC", "ASCENDING") in ("DESC", "DESCENDING"))


def _integer(tokens: Tokens) -> int:
    text = tokens.expect_kind("number", "INTEGER")
    if not text.isdecimal() or int(text) > 2**31 - 1:
        raise parse_error(f"'{text}' is no INTEGER here")
    return int(text)


def _check_variables(query: Query, text: str) -> None:
    known = {containment.variable for containment in query.containments}
    for path in paths_of(query):
        if path.variable not in known:
            raise BadRequest(f"Could not parse AQL query: Cannot parse {text}: unknown FROM alias '{path.variable}'")


def paths_of(query: Query) -> list[Path]:
    """Every path of SELECT, WHERE and ORDER BY."""
    selected = [column.expression for column in query.columns]
    paths = [item if isinstance(item, Path) else item.path for item in selected]
    ordered = [order.path for order in query.order_by]
    return [path for path in paths if path] + (_paths_in(query.where) if query.where else []) + ordered


def _paths_in(condition: Condition) -> list[Path]:
    match condition:
        case Junction(_, conditions):
            return [path for inner in conditions for path in _paths_in(inner)]
        case Not(inner):
            return _paths_in(inner)
        case Comparison(path):
            return [path]
