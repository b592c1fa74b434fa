"""From queries to SQL: values are arguments, and the subset's edges are told."""

from typing import Any

import pytest
from openehr_server.aql.conditions import _like
from openehr_server.aql.parser import parse_query
from openehr_server.aql.translation import Page, Statement, translate
from openehr_server.errors import BadRequest, InternalError

COMPOSITION = "FROM EHR e CONTAINS COMPOSITION c"


def translated(text: str, page: Page | None = None, **parameters: Any) -> Statement:
    return translate(parse_query(text), parameters, page=page or Page(), system_id="here")


def test_no_value_becomes_sql_text() -> None:
    evil = "'; DROP TABLE version; --"
    quoted = evil.replace("'", "\\'")
    text = f"SELECT c/name[at1,'{quoted}']/value {COMPOSITION}[openEHR-EHR-COMPOSITION.x.v1]"
    statement = translated(f"{text} WHERE c/composer/name = $p AND c/name/value LIKE $p", Page(3, 4), p=evil)
    assert "DROP" not in statement.sql
    assert "openEHR" not in statement.sql
    assert sum("DROP" in str(argument) for argument in statement.arguments) == 3
    assert statement.arguments[-2:] == [3, 4]


def test_every_placeholder_has_its_argument() -> None:
    statement = translated(f"SELECT c/name/value {COMPOSITION} WHERE c/name/value matches {{'a', 5, true}}")
    assert all(f"${n}" in statement.sql for n in range(1, len(statement.arguments) + 1))
    assert f"${len(statement.arguments) + 1}" not in statement.sql


@pytest.mark.parametrize(
    ("pattern", "sql"),
    [("*a?", "%a_"), ("100%_", r"100\%\_"), (r"\*\?", "*?"), (r"a\\b", r"a\\b"), ("", "")],
)
def test_wildcards_are_those_of_aql(pattern: str, sql: str) -> None:
    assert _like(pattern) == sql


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (f"SELECT c/nonsense/value {COMPOSITION}", "Unknown attribute: nonsense"),
        (f"SELECT c/uid/value {COMPOSITION} ORDER BY c/context/start_time", "is not present in SELECT"),
        (f"SELECT c/composer {COMPOSITION} ORDER BY c/composer", "without an order"),
        (f"SELECT c/uid/value {COMPOSITION} WHERE c/composer = 'a'", "without an order"),
        (f"SELECT DISTINCT c/uid/value {COMPOSITION} ORDER BY c/uid/value", "DISTINCT with ORDER BY"),
        (f"SELECT COUNT(*), c/uid/value {COMPOSITION}", "COUNT beside other columns"),
        (f"SELECT e/ehr_id/value {COMPOSITION} WHERE e/ehr_id/value < 'a'", "operator <"),
        (f"SELECT c/uid/value {COMPOSITION} WHERE c/uid/value = 'x::there::1'", "not a valid"),
        ("SELECT o/name/value FROM EHR e CONTAINS OBSERVATION o", "OBSERVATION in FROM"),
        ("SELECT c/uid/value FROM COMPOSITION c CONTAINS EHR e", "order of classes"),
        ("SELECT v/commit_audit/committer/name FROM VERSION v CONTAINS COMPOSITION c", "VERSION path"),
        ("SELECT v/uid/value FROM EHR e CONTAINS VERSION v", "must be followed by"),
    ],
)
def test_what_the_subset_does_not_have_is_a_bad_request(query: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        translated(query)


def test_a_uid_of_another_system_is_a_bad_request() -> None:
    uid = "00000000-0000-4000-8000-000000000000::there::1"
    with pytest.raises(BadRequest, match="does not match this server"):
        translated(f"SELECT c/uid/value {COMPOSITION} WHERE c/uid/value = $u", u=uid)


@pytest.mark.parametrize("value", [None, [], ["a", "b"], [None], {"type": "string"}])
def test_a_parameter_that_ehrbase_fails_on_is_an_internal_error(value: Any) -> None:
    with pytest.raises(InternalError):
        translated(f"SELECT c/uid/value {COMPOSITION} WHERE e/ehr_id/value = $p", p=value)
