"""The rules of auth as truth tables: no database, no network."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from auth.accounts.models import UserRow
from auth.accounts.policy import (
    check_admin_stays,
    check_not_own_roles,
    check_password,
    common_passwords,
    name_change,
)
from auth.accounts.schemas import Register
from auth.codes import hash_code, new_code, normalise_code
from auth.errors import LastAdmin, OwnRoles, PasswordRefused
from auth.links.models import LinkCodeRow
from auth.links.policy import opens, prove_birth_date
from auth.sessions.models import RefreshTokenRow, SessionRow
from auth.sessions.policy import Presented, is_over, judge_token
from auth.sessions.tokens import new_secret, successors
from pydantic import ValidationError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("correct horse battery staple", None),
        ("a" * 14, "length"),
        ("quite a phrase " + "x" * 114, "length"),
        ("quite a phrase " + "x" * 113, None),
        ("🦉" * 14, "length"),
        ("🦉 owls are wise 🦉", None),
        ("ﬃ" * 5, None),  # 15 code points after NFKC, 5 before
        ("123456789123456789", "common"),
        ("QWERTY123456789", "common"),
        ("１２３４５６７８９１２３４５６７８９", "common"),
        ("margaret.hartley", "names"),
        ("xx-Margaret.Hartley-1", "names"),
        ("margaret.hartleymargaret.hartley", "names"),
        ("surgery-example.org", "names"),
        ("mh.surgery-mh.surgery", "names"),
        ("Surgery-Example 1", "names"),
        ("Quill-Letters-2026", "names"),
        ("clinicalclinical", "names"),
        ("margaret.hartley sings loudly", None),
    ],
)
def test_password_is_accepted_or_refused_for_a_reason(password: str, reason: str | None) -> None:
    account = {"username": "margaret.hartley", "email": "mh.surgery@surgery-example.org"}
    if reason is None:
        check_password(password, **account)
        return
    with pytest.raises(PasswordRefused) as refused:
        check_password(password, **account)
    (error,) = refused.value.problem["errors"]
    assert (error["loc"], error["type"]) == (["body", "password"], f"password_{reason}")
    assert password not in str(refused.value.problem)


def test_shipped_list_has_the_hundred_thousand_most_common() -> None:
    assert len(common_passwords()) > 95_000  # fewer than lines: the list tells cases apart, we do not
    assert {"password", "123456", "letmein", "11111111111111111111"} <= common_passwords()


@pytest.mark.parametrize("name", ["abc", "a.b-c_d", "0abc", "a" * 32, "ABC", "Ａｂｃ", " abc "])
def test_user_name_is_accepted_in_one_spelling(name: str) -> None:
    form = Register.model_validate({"username": name, "email": "A@Example.org", "password": "x"})
    assert form.username in {"abc", "a.b-c_d", "0abc", "a" * 32}
    assert form.email == "a@example.org"


@pytest.mark.parametrize("name", ["ab", "a" * 33, ".abc", "a b c", "abc@x", "аbc", "abç", "", "abc\n.", "a/b"])
def test_user_name_that_could_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Register.model_validate({"username": name, "email": "a@example.org", "password": "x"})


@pytest.mark.parametrize(
    "email", ["a", "a@b", "a@b.", "a b@example.org", "a@exa mple.org", "@example.org", "ä@example.org", "a@-x.org"]
)
def test_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        Register.model_validate({"username": "alice", "email": email, "password": "x"})


@pytest.mark.parametrize("extra", [{"role": "admin"}, {"roles": ["admin"]}, {"patient_id": str(uuid4())}])
def test_register_with_rights_is_refused(extra: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Register.model_validate({"username": "alice", "email": "a@example.org", "password": "x", **extra})


USER, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("admins", "roles", "disabled", "stays"),
    [
        ({USER}, ["admin"], False, True),
        ({USER}, ["patient"], False, False),
        ({USER}, ["admin"], True, False),
        ({USER, OTHER}, ["patient"], False, True),
        ({USER, OTHER}, ["admin"], True, True),
        ({OTHER}, ["patient"], True, True),
        (set(), ["patient"], False, True),
    ],
)
def test_last_administrator_stays(admins: set[UUID], roles: Collection[str], disabled: bool, stays: bool) -> None:
    user = UserRow(id=USER, username="u", email="e", display_name="d", roles=["admin"])
    if stays:
        check_admin_stays(user, roles=roles, disabled=disabled, admins=admins)
        return
    with pytest.raises(LastAdmin):
        check_admin_stays(user, roles=roles, disabled=disabled, admins=admins)


def test_own_roles_are_not_changed() -> None:
    check_not_own_roles(USER, by=OTHER)
    with pytest.raises(OwnRoles):
        check_not_own_roles(USER, by=USER)


def token(generation: int, *, used_ago: float | None = None) -> RefreshTokenRow:
    used_at = None if used_ago is None else NOW - timedelta(seconds=used_ago)
    return RefreshTokenRow(token_hash=b"", session_id=USER, generation=generation, used_at=used_at)


@pytest.mark.parametrize(
    ("presented", "head", "verdict"),
    [
        (token(4), token(4), Presented.ROTATE),
        (token(3, used_ago=0), token(4), Presented.REPEAT),
        (token(3, used_ago=10), token(4), Presented.REPEAT),
        (token(3, used_ago=10.001), token(4), Presented.REUSED),
        (token(2, used_ago=1), token(4), Presented.REUSED),
        (token(3, used_ago=1), token(4, used_ago=0), Presented.REUSED),
    ],
)
def test_refresh_token_is_judged(presented: RefreshTokenRow, head: RefreshTokenRow, verdict: Presented) -> None:
    assert judge_token(presented, head, now=NOW) is verdict


@pytest.mark.parametrize(
    ("roles", "began", "seen", "over"),
    [
        (["patient"], timedelta(days=7) - timedelta(seconds=1), timedelta(0), False),
        (["patient"], timedelta(days=7), timedelta(0), True),
        (["patient"], timedelta(days=1), timedelta(hours=24), True),
        (["clinician"], timedelta(hours=12), timedelta(0), True),
        (["clinician"], timedelta(hours=1), timedelta(minutes=29, seconds=59), False),
        (["admin"], timedelta(hours=1), timedelta(minutes=30), True),
        (["clinician", "patient"], timedelta(hours=1), timedelta(minutes=30), True),
    ],
)
def test_session_is_over_by_its_role(roles: list[str], began: timedelta, seen: timedelta, over: bool) -> None:
    row = SessionRow(user_id=USER, csrf_hash="", amr=[], user_agent="", created_at=NOW - began, last_seen_at=NOW - seen)
    assert is_over(row, roles=roles, now=NOW) is over
    row.ended_at = NOW
    assert is_over(row, roles=roles, now=NOW)


def test_successor_depends_on_everything_it_stands_for() -> None:
    def one(presented: str = "a", session_id: UUID = USER, generation: int = 1, key: bytes = b"k" * 32) -> str:
        (only,) = successors(presented, session_id=session_id, generation=generation, keys=[key])
        return only

    others = [one("b"), one(session_id=OTHER), one(generation=2), one(key=b"o" * 32)]
    assert one() == one()
    assert len({one(), *others}) == 5
    assert all(len(secret) == 43 for secret in (one(), new_secret()))  # 256 bits in base64url


def test_code_has_eighty_bits_and_forgives_how_it_is_typed() -> None:
    code = new_code()
    assert len(code.split("-")) == 4
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
    assert hash_code(code) == hash_code(f"  {code.lower().replace('-', ' ')} ")
    assert normalise_code("oil-0") == "0110"
    assert len({new_code() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("used", "left", "birth_date", "linked", "works"),
    [
        (False, 1, date(1961, 4, 12), False, True),
        (True, 1, date(1961, 4, 12), False, False),
        (False, 0, date(1961, 4, 12), False, False),
        (False, 1, date(1961, 4, 13), False, False),
        (False, 1, date(1961, 4, 12), True, False),
    ],
)
def test_link_code_opens_a_record(used: bool, left: int, birth_date: date, linked: bool, works: bool) -> None:
    row = LinkCodeRow(
        code_hash=b"",
        patient_id=OTHER,
        birth_date_proof=prove_birth_date(date(1961, 4, 12), code="7K3M-AAAA"),
        created_by=OTHER,
        expires_at=NOW + timedelta(seconds=left),
        used_at=NOW if used else None,
    )
    user = UserRow(username="u", email="e", display_name="d", roles=["patient"], patient_id=OTHER if linked else None)
    assert opens(row, user, proof=prove_birth_date(birth_date, code="7k3m aaaa"), now=NOW) is works
    assert not opens(row, user, proof=prove_birth_date(birth_date, code="7K3M-AAAB"), now=NOW)


@pytest.mark.parametrize(
    ("roles", "disabled", "name"),
    [
        (["clinician", "patient"], False, "user"),
        (["admin", "clinician"], False, "user:+admin,-patient"),
        (["clinician"], True, "user:-patient,disabled"),
        (["patient", "clinician"], True, "user:disabled"),
    ],
)
def test_change_of_an_account_is_named_by_what_changed(roles: list[str], disabled: bool, name: str) -> None:
    user = UserRow(username="u", email="u@example.org", display_name="U", roles=["patient", "clinician"])
    assert name_change(user, roles=roles, disabled=disabled) == name
    user.disabled_at = NOW
    assert name_change(user, roles=user.roles, disabled=False) == "user:enabled"
