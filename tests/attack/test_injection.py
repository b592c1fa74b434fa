"""Text that means something to the next parser on its way: FHIR searches, AQL, SQL, paths, templates. Bodies are in
test_input.py."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from e2e.client import assert_problem, new_patient, patient_resource, unique

from attack.people import Cast

NOBODY = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab"
CANARY = "canary-4b1d-not-to-be-echoed"
QUERIES = [
    "/api/patients?limit={}",
    "/api/patients?cursor={}",
    "/api/patients?gender={}",
    "/api/patients?birth_date={}",
    "/api/patients?nhs_number={}",
    "/api/patients/{}/demographics",
    "/api/fhir/patients/{}",
    "/api/patients/{}/letters",
    f"/api/patients/{NOBODY}/letters/{{}}",
    f"/api/patients/{NOBODY}/letters/{{}}.pdf",
    f"/api/patients/{NOBODY}/letters?cursor={{}}",
    f"/api/patients/{NOBODY}/letters?limit={{}}",
    f"/api/patients/{NOBODY}/letters/{NOBODY}?version={{}}",
    f"/api/patients/{NOBODY}/letters/{NOBODY}/versions?cursor={{}}",
    f"/api/fhir/DocumentReference?patient={NOBODY}&cursor={{}}",
    "/api/fhir/DocumentReference?patient={}",
    "/api/notifications?limit={}",
    "/api/notifications?cursor={}",
    "/api/notifications?unread={}",
]
VALUES = [CANARY, "' OR '1'='1", "1 UNION SELECT", "c.uid/value='x'", "${jndi:ldap://x}", "{{7*7}}", "-1", "1e9", "٣"]


@pytest.mark.parametrize("path", QUERIES)
def test_query_or_path_with_another_language_in_it_is_refused(cast: Cast, path: str) -> None:
    for value in VALUES:
        answer = cast.clinician.get(path.format(quote(value, safe="")))
        assert answer.status_code in {404, 422}, (value, answer.text)
        assert len(value) < 4 or value not in answer.text


LISTS = {
    "/api/patients": ("clinician", "q family given birth_date gender nhs_number limit cursor"),
    f"/api/patients/{NOBODY}/letters": ("clinician", "limit cursor"),
    "/api/auth/users": ("admin", "q limit cursor"),
    "/api/auth/audit": ("admin", "patient_id user_id action since until limit cursor"),
    "/api/auth/sessions": ("patient", "limit cursor"),
    "/api/auth/audit/mine": ("patient", "limit cursor"),
    "/api/notifications": ("patient", "unread limit cursor"),
    "/api/push/registrations": ("patient", "limit cursor"),
}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.rpartition("/")[2])
def test_query_with_characters_that_are_no_text_is_refused(cast: Cast, path: str) -> None:
    who, names = LISTS[path]
    for name in names.split():
        for value in ("%00", "%01", "%0B", "%1B", "%1F", "%7F", f"{CANARY}%00", "x" * 3_000):
            answer = getattr(cast, who).get(f"{path}?{name}={value}")
            assert_problem(answer, 422, "invalid")
            assert value not in answer.text


FORGED: list[Any] = [
    *([], {}, None, 7, "x", [1], ["x"], [None, None], [True, 1], [[], []]),
    *([{}, {}], ["x", "y"], ["x", 1e308], ["x", -1]),
    *([NOBODY.upper()], [f"{{{NOBODY}}}"], [NOBODY, 10**30], [NOBODY, 2**63], ["\x00", "\x00"], ["\ud800", "\ud800"]),
    *(["2026-01-01T00:00:00Z", "x' OR '1'='1"], ["2026-01-01T00:00:00Z", f"{NOBODY}::x' OR 1=1::1"]),
    *(["2026-01-01T00:00:00+99:99", NOBODY], ["9999-12-31T23:59:59-23:59", NOBODY], ["٢٠٢٦-01-01T00:00:00Z", NOBODY]),
    *([CANARY] * 3, [CANARY, NOBODY], ["2026-01-01T00:00:00Z", CANARY], ["infinity", NOBODY], ["now", NOBODY]),
]


def cursor_of(document: bytes) -> str:
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.rpartition("/")[2])
def test_cursor_that_nobody_gave_is_refused(cast: Cast, path: str) -> None:
    documents = [json.dumps(position).encode() for position in FORGED]
    cursors = map(cursor_of, [*documents, b"[" * 300, b'["x"]]', b"[NaN]", b"[1e999]", b"\xff"])
    for cursor in [*cursors, "!", "=", "A", "%C3%A9", CANARY]:
        answer = getattr(cast, LISTS[path][0]).get(f"{path}?cursor={cursor}")
        assert_problem(answer, 422, "invalid")
        assert CANARY not in answer.text


@pytest.fixture(scope="module")
def two_patients(cast: Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two registered patients with names of their own."""
    made = patient_resource(), patient_resource()
    for resource in made:
        new_patient(cast.clinician, **resource)
    return made


def family(resource: Mapping[str, Any]) -> str:
    return str(resource["name"][0]["family"])


def number(resource: Mapping[str, Any]) -> str:
    return str(resource["identifier"][0]["value"])


@pytest.mark.parametrize("sign", [",", "|", "$", "\\", "\\,", "%2C", "%7C", "%24", "%5C%2C", "*", ":", "%25"])
def test_search_signs_of_fhir_join_no_values(
    cast: Cast, two_patients: tuple[dict[str, Any], dict[str, Any]], sign: str
) -> None:
    first, second = two_patients
    for query in (
        f"q={family(first)}{sign}{family(second)}",
        f"family={family(first)}{sign}{family(second)}",
        f"nhs_number={number(first)}{sign}{number(second)}",
    ):
        answer = cast.clinician.get(f"/api/patients?{query}")
        assert answer.status_code in {200, 422}
        assert answer.status_code == 422 or answer.json()["items"] == []
    for joined in (f"{number(first)}{sign}{number(second)}", f"x|{number(first)}"):
        assert_problem(cast.clinician.post("/api/patients", {"nhs_number": joined}), 422, "invalid")


@pytest.mark.parametrize("query", ["%25", "_", "%5C", "*", ".", "%27", "%22", "%25%25", "_____", "%00"])
def test_wildcards_find_nobody(cast: Cast, query: str) -> None:
    for path in (f"/api/patients?q={query}", f"/api/patients?family={query}", f"/api/patients?given={query}"):
        answer = cast.clinician.get(path)
        assert answer.status_code == 422 or answer.json()["items"] == []
    if query != ".":  # which addresses have
        found = cast.admin.get(f"/api/auth/users?q={query}")
        assert found.status_code == 422 or found.json()["items"] == []


@pytest.mark.parametrize("name", [f"{CANARY} of mine", f"<{CANARY}>", CANARY * 10])
def test_name_of_an_unknown_member_is_not_echoed_when_it_is_no_name(cast: Cast, name: str) -> None:
    bodies = {"/api/push/send": {name: 1}, "/api/fhir/patients": {"resourceType": "Patient", name: {name: 1}}}
    answers = [cast.clinician.post(path, body) for path, body in bodies.items()]
    answers.append(cast.clinician.get(f"/api/patients?{quote(name)}=1"))
    for answer in answers:
        assert answer.status_code == 422
        assert CANARY not in answer.text


@pytest.mark.parametrize("parameter", ["_include", "_has", "identifier", "_query", "_filter", "name", "_lastUpdated"])
def test_search_parameter_that_is_not_in_the_contract_is_refused(cast: Cast, parameter: str) -> None:
    assert_problem(cast.clinician.get(f"/api/patients?{parameter}=x"), 422, "invalid")


def test_text_that_looks_like_code_comes_back_as_it_went_in(cast: Cast) -> None:
    path = f"/api/patients/{new_patient(cast.clinician)}/letters"
    title = "'; DROP TABLE letters; -- <script>alert(1)</script> ${7*7} {{7*7}} %s BP <90/60"
    body = (
        "SELECT c FROM EHR e\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1)) \\, $ | & \"quoted\" 'too'\t\r\n"
    )
    written = cast.clinician.post(path, {"title": title, "body": body}).json()
    read = cast.clinician.get(f"{path}/{written['uid']}")
    assert (read.json()["title"], read.json()["body"]) == (title, body)
    assert read.headers["content-type"] == "application/json"


def test_header_values_are_not_echoed(cast: Cast) -> None:
    path = f"/api/patients/{uuid4()}/letters"
    for headers in (
        {"X-Request-Id": CANARY},
        {"If-Match": CANARY},
        {"Idempotency-Key": f"{CANARY} {CANARY}"},
        {"traceparent": CANARY},
        {"Content-Type": f"application/{CANARY}"},
        {"Accept": CANARY, "Accept-Language": CANARY, "Range": f"bytes={CANARY}"},
        {"Authorization": f"Bearer {CANARY}"},
        {"X-CSRF-Token": CANARY},
    ):
        answer = cast.clinician.post(path, {"title": unique(), "body": "x"}, headers=headers)
        assert 400 <= answer.status_code < 500
        assert CANARY not in answer.text + str(answer.headers)


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-CSRF-Token", "Authorization", "Content-Type", "Origin"])
def test_header_with_bytes_that_are_no_text_is_refused(cast: Cast, name: str) -> None:
    for value in (b"\x80", b"\xff\xfe", "Ω".encode(), b"\xc0\x80", b"a\tb", b"\xed\xa0\x80"):
        letter = {"title": unique(), "body": "x"}
        answer = cast.clinician.http.post(
            f"/api/patients/{uuid4()}/letters", json=letter, headers={name.encode(): value}
        )
        assert answer.status_code in {401, 403, 415, 422}, (value, answer.text)


ACTIVE = [
    *(
        "<script>alert(1)</script>",
        '<b onclick="alert(1)">x</b>',
        '<img src="https://evil.example/x"/>',
        "<style>*{}</style>",
    ),
    *(
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" javascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
    ),
    *("<iframe>x</iframe>", "<object>x</object>", "<form>x</form>", '<b style="x">x</b>', "<!-- x --><b>x</b>"),
    *("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "<?php x ?>", "<![CDATA[<script>]]>x", "<b>"),
]
ENTITIES = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = f'<!DOCTYPE d [<!ENTITY x "{"x" * 100}"><!ENTITY y "{"&x;" * 100}">]>'


@pytest.mark.parametrize("inside", ACTIVE)
def test_narrative_with_anything_active_is_refused(cast: Cast, inside: str) -> None:
    assert_narrative_refused(cast, f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>')


@pytest.mark.parametrize("before", [ENTITIES, LAUGHS], ids=["a file", "laughs"])
def test_narrative_with_entities_is_refused(cast: Cast, before: str) -> None:
    assert_narrative_refused(cast, f'{before}<div xmlns="http://www.w3.org/1999/xhtml">&x;</div>')


def assert_narrative_refused(cast: Cast, div: str) -> None:
    answer = cast.clinician.post("/api/fhir/patients", patient_resource(text={"status": "additional", "div": div}))
    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome"), answer.text
    assert "alert" not in answer.text
    assert "root:" not in answer.text
