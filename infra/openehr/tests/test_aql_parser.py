"""The grammar of the AQL subset."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openehr_server.aql.parser import parse_query
from openehr_server.aql.syntax import (
    Column,
    Comparison,
    Containment,
    Count,
    Junction,
    Literal,
    Not,
    Order,
    Parameter,
    Path,
    Step,
)
from openehr_server.errors import BadRequest

FROM = "FROM EHR e CONTAINS COMPOSITION c[openEHR-EHR-COMPOSITION.report.v1]"
UID = Path("c", (Step("uid"), Step("value")))


def where(condition: str) -> object:
    return parse_query(f"SELECT c/uid/value {FROM} WHERE {condition}").where


def test_a_list_query_is_read_into_its_parts() -> None:
    query = parse_query(
        f"select distinct c/uid/value AS uid, c/content[at0002,'Title']/name/value {FROM}"
        " CONTAINS ADMIN_ENTRY l order by c/uid/value DESC, l/name/value limit 5 offset 10"
    )
    assert query.distinct
    named = Path("c", (Step("content", "at0002", Literal("Title")), Step("name"), Step("value")))
    assert query.columns == (Column(UID, "uid"), Column(named, None))
    assert query.containments == (
        Containment("EHR", "e"),
        Containment("COMPOSITION", "c", "openEHR-EHR-COMPOSITION.report.v1"),
        Containment("ADMIN_ENTRY", "l"),
    )
    assert query.order_by == (Order(UID, True), Order(Path("l", (Step("name"), Step("value"))), False))
    assert (query.limit, query.offset) == (5, 10)


def test_and_binds_tighter_than_or_and_brackets_tighter_than_both() -> None:
    a, b, c = (Comparison(UID, "=", (Literal(name),)) for name in "abc")
    text = [f"c/uid/value = '{name}'" for name in "abc"]
    assert where(f"{text[0]} OR {text[1]} AND {text[2]}") == Junction("OR", (a, Junction("AND", (b, c))))
    assert where(f"({text[0]} OR {text[1]}) AND {text[2]}") == Junction("AND", (Junction("OR", (a, b)), c))
    assert where(f"NOT {text[0]}") == Not(a)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", None),
        (r"'it\'s'", Literal("it's")),
        (r"'back\\slash'", Literal("back\\slash")),
        ('"double"', Literal("double")),
        ("5", Literal(5)),
        ("-2.5", Literal(-2.5)),
        ("true", Literal(True)),
        ("$p", Parameter("p")),
    ],
)
def test_values_are_read(text: str, value: Literal | Parameter | None) -> None:
    if value is None:
        with pytest.raises(BadRequest):
            where(f"c/uid/value = {text}")
    else:
        assert where(f"c/uid/value = {text}") == Comparison(UID, "=", (value,))


def test_matches_takes_several_values() -> None:
    assert where("c/uid/value matches {'a', $b}") == Comparison(UID, "MATCHES", (Literal("a"), Parameter("b")))


def test_counts_are_read() -> None:
    query = parse_query(f"SELECT COUNT(*) AS n, COUNT(DISTINCT c/uid/value) {FROM}")
    assert query.columns == (Column(Count(None), "n"), Column(Count(UID, True), None))


def test_the_long_form_of_a_name_predicate_is_the_short_one() -> None:
    short, long = (
        parse_query(f"SELECT c/content[at0002{form}]/name/value {FROM}").columns
        for form in (",'Title'", " and name/value='Title'")
    )
    assert short == long


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEKT c", "missing SELECT at 'SELEKT'"),
        ("SELECT c/uid/value", "mismatched input '<EOF>' expecting FROM"),
        (f"SELECT c/uid/value {FROM} LIMIT $n", "mismatched input '$n' expecting INTEGER"),
        (f"SELECT c/uid/value {FROM} WHERE c/uid/value", "expecting COMPARISON_OPERATOR"),
        (f"SELECT c/uid/value {FROM} ORDER BY uid", "unknown FROM alias 'uid'"),
        (f"SELECT c/uid/value {FROM};", "token recognition error at: ';'"),
        (f"SELECT c/uid/value {FROM} nonsense", "mismatched input 'nonsense' expecting <EOF>"),
        (f"SELECT MAX(c/uid/value) {FROM}", "Not implemented: function MAX"),
        (f"SELECT c/uid/value {FROM} WHERE EXISTS c/uid", "EXISTS operator is not supported"),
        ("SELECT c/uid/value FROM EHR e CONTAINS (COMPOSITION c)", "CONTAINS with brackets"),
        ("SELECT c/uid/value FROM EHR e CONTAINS COMPOSITION c AND COMPOSITION d", "AND in FROM"),
        ("SELECT v/uid/value FROM VERSION v[ALL_VERSIONS] CONTAINS COMPOSITION c", "LATEST_VERSION supported"),
        (f"SELECT c/uid/value {FROM} WHERE {'(' * 200}c/uid/value = 'a'{')' * 200}", "nested this deep"),
    ],
)
def test_what_is_no_aql_or_outside_of_the_subset_is_told(query: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message.replace("$", r"\$").replace("(", r"\(").replace("<", r"\<")):
        parse_query(query)


@given(st.text(alphabet="SELECTFROMWHERE ce/[](){}'\"$=<>,*0123abc_-.\\", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadRequest):
        assert parse_query(f"SELECT c/uid/value {FROM} WHERE {text}").where is not None
