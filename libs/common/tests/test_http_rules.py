"""Rules that hold for every route: policies as truth tables, strict JSON, versions, cursors, settings."""

import asyncio
import json
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from common import rest, strictjson
from common.app import Service, build_app
from common.auth import Caller
from common.errors import (
    BackendUnavailable,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    OutcomeUnknown,
    QuillError,
    ReplayedError,
    VersionMissing,
    VersionStale,
)
from common.fhir import operation_outcome
from common.policy import SIGNED_IN, Policy, PolicyRouter, allow
from common.settings import ServiceSettings, refuse_weak
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from stand_in import caller

MINE, FOREIGN = uuid4(), uuid4()
READ = Policy(name="read", roles=frozenset({"clinician"}), linked_patient=True)
SETTINGS = {
    **dict.fromkeys(("nats_url", "auth_url", "patients_url", "letters_url", "notify_url"), "http://localhost"),
    **{"public_origin": "https://letters.example.org", "database_url": "postgresql://", "nats_user": "auth"},
    **{"nats_password": "p", "pseudonym_key": "k" * 40},
}
WRITE = Policy(name="write", roles=frozenset({"clinician", "admin"}))


@pytest.mark.parametrize(
    ("policy", "who", "path", "refusal"),
    [
        (READ, caller("clinician"), MINE, None),
        (READ, caller("patient", patient_id=MINE), MINE, None),
        (READ, caller("patient", patient_id=MINE), FOREIGN, NotFound),
        (READ, caller("patient"), MINE, NotFound),
        (READ, caller("admin"), MINE, Forbidden),
        (READ, caller("admin", patient_id=MINE), MINE, Forbidden),
        (READ, caller(), MINE, Forbidden),
        (READ, caller("patient", "clinician"), FOREIGN, None),
        (WRITE, caller("admin"), MINE, None),
        (WRITE, caller("patient", patient_id=MINE), MINE, Forbidden),
        (SIGNED_IN, caller("patient"), None, None),
    ],
)
def test_policy_decides(policy: Policy, who: Caller, path: UUID | None, refusal: type[QuillError] | None) -> None:
    if refusal is None:
        policy.check(who, str(path))
    else:
        with pytest.raises(refusal):
            policy.check(who, str(path))


def test_route_without_a_policy_cannot_be_made() -> None:
    router = PolicyRouter()

    async def endpoint() -> None: ...

    with pytest.raises(LookupError, match="/api/open declares no policy"):
        router.add_api_route("/open", endpoint)
    router.add_api_route("/open", allow(SIGNED_IN)(endpoint))


def test_service_with_an_ordinary_router_does_not_start() -> None:
    router = APIRouter()
    router.add_api_route("/open", allow(SIGNED_IN)(lambda: None))
    service = Service(name="auth", routers=[router], open_backend=nullcontext)  # type: ignore[list-item]
    with pytest.raises(LookupError, match=r"/open.* declares no policy"):
        build_app(service, ServiceSettings.model_construct(pseudonym_key=SecretStr("")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\u0000"}',
        b'{"a": "\x7f"}',
        b'{"a": "\\ud800"}',
        b'{"\\u0007": 1}',
        b'{"a": ["\\u001b"]}',
        "{}".encode("utf-16"),
        b"\xff",
        b"[" * 100_000,
        b"[" * 70 + b"]" * 70,
        b"[" + b"0," * 10_000 + b"0]",
    ],
)
def test_unacceptable_json_is_refused_quickly(body: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        strictjson.parse(body)
    assert time.perf_counter() - started < 5  # seconds; a loop that never ends is what this would show


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_passes_unchanged(text: str) -> None:
    kept = f"\t{text}\r\n"
    assert strictjson.parse(json.dumps({"body": kept}).encode()) == {"body": kept}


@pytest.mark.parametrize(("header", "version"), [('"3"', 3), ('W/"3"', 3), (' "12" ', 12)])
def test_if_match_takes_strong_and_weak_etags(header: str, version: int) -> None:
    assert asyncio.run(rest._expected_version(header)) == version


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (None, VersionMissing),
        ("*", VersionMissing),
        ("3", VersionStale),
        ('"x"', VersionStale),
        ('"-1"', VersionStale),
        ('"02"', VersionStale),
    ],
)
def test_if_match_that_names_no_version_is_refused(header: str | None, refusal: type[QuillError]) -> None:
    with pytest.raises(refusal):
        asyncio.run(rest._expected_version(header))


def test_cursor_comes_back_as_it_was_made() -> None:
    assert rest.decode_cursor(rest.encode_cursor("Brook", 7), str, int) == ["Brook", 7]


@pytest.mark.parametrize("cursor", ["", "!", "AAAA", rest.encode_cursor(7, "x"), rest.encode_cursor("x"), "é"])
def test_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        rest.decode_cursor(cursor, str, int)


@pytest.mark.parametrize("secret", ["short", "changeme-" * 8, "x" * 31])
def test_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"must have|example"):
        refuse_weak(SecretStr(secret))


def test_production_refuses_plain_http_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_PUBLIC_ORIGIN", "http://letters.example.org")
    with pytest.raises(ValidationError) as refused:
        ServiceSettings()
    assert "database_url" in str(refused.value)


@pytest.mark.parametrize(
    ("mode", "chosen", "roles"),
    [
        ("production", None, {"clinician", "admin"}),
        ("production", "", {"clinician", "admin"}),
        ("production", "none", set()),
        ("production", "admin", {"admin"}),
        ("demo", None, set()),
        ("demo", "clinician, admin", {"clinician", "admin"}),
    ],
)
def test_roles_that_need_a_second_factor_depend_on_the_mode(mode: str, chosen: str | None, roles: set[str]) -> None:
    told = {} if chosen is None else {"require_totp_roles": chosen}
    assert ServiceSettings.model_validate(SETTINGS | told | {"mode": mode}).totp_roles == roles


@pytest.mark.parametrize("chosen", ["clinican", "clinician;admin", "none,admin", "clinician,", "Admin"])
def test_misspelt_role_stops_the_start(chosen: str) -> None:
    with pytest.raises(ValidationError, match="require_totp_roles"):
        ServiceSettings.model_validate(SETTINGS | {"require_totp_roles": chosen})


@pytest.mark.parametrize(("amr", "twice"), [((), False), (("pwd",), False), (("pwd", "otp"), True), (("mfa",), True)])
def test_sign_in_counts_as_proved_twice_by_its_methods(amr: tuple[str, ...], twice: bool) -> None:
    assert replace(caller("clinician"), amr=amr).proved_twice is twice


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment with all that a service must be told, and the file with a password that it names."""
    file = tmp_path / "password"
    file.write_text("p" * 40 + "\n")
    for name in ("DATABASE_URL", "NATS_URL", "NATS_USER", "AUTH_URL", "PATIENTS_URL", "LETTERS_URL", "NOTIFY_URL"):
        monkeypatch.setenv(f"QUILL_{name}", "http://localhost")
    monkeypatch.setenv("QUILL_PUBLIC_ORIGIN", "https://letters.example.org")
    monkeypatch.setenv("QUILL_PSEUDONYM_KEY", "k" * 40)
    monkeypatch.setenv("QUILL_NATS_PASSWORD_FILE", str(file))
    return file


@pytest.mark.usefixtures("told")
def test_secret_can_come_from_a_file() -> None:
    assert ServiceSettings().nats_password.get_secret_value() == "p" * 40


def test_what_is_set_to_nothing_is_not_set(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NATS_PASSWORD", "DRAIN_SECONDS", "LOG_LEVEL"):
        monkeypatch.setenv(f"QUILL_{name}", "")
    settings = ServiceSettings()
    assert settings.nats_password.get_secret_value() == "p" * 40
    assert (settings.drain_seconds, settings.log_level) == (5, "INFO")
    told.write_text("\n")
    with pytest.raises(ValidationError, match=r"nats_password\n  Field required"):
        ServiceSettings()


@pytest.mark.parametrize("sent", ["٢٠٢٠-٠١-٠١", "0000-01-01", "2020-02-30", "2020-1-1", "20200101", 20200101, None])
def test_bad_date_is_refused_without_being_quoted(sent: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a date as YYYY-MM-DD$"):
        rest._iso_date(sent)


@pytest.mark.parametrize("refusal", [Invalid(), KeyReused(), Invalid.at("body", "x", type="t", msg="m")])
def test_every_422_says_where_and_why(refusal: QuillError) -> None:
    (row,) = refusal.problem["errors"]
    assert set(row) == {"loc", "type", "msg"}


def test_unknown_names_are_told_only_when_they_are_names() -> None:
    told = [Invalid.at("body", name, "x", type="t", msg="m").problem["errors"][0]["loc"] for name in ("tel", "a b", "")]
    assert told == [["body", "tel", "x"], ["body"], ["body"]]


@pytest.mark.parametrize(
    "error", [BackendUnavailable(), OutcomeUnknown(), ReplayedError.of(NotFound().problem), Invalid()], ids=repr
)
def test_operation_outcome_says_which_problem_it_is(error: QuillError) -> None:
    outcome = json.loads(bytes(operation_outcome(error).body))
    codings = [coding for issue in outcome["issue"] for coding in issue["details"]["coding"]]
    assert codings == [{"system": "urn:quill:problems", "code": error.slug}]
