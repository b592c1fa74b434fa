"""Signing in at an identity provider, on PostgreSQL and against a provider on loopback: people and browsers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from auth.accounts import service as accounts
from auth.accounts.schemas import PasswordChange, UserPatch
from auth.errors import CredentialsRefused, LastAdmin, NoPassword, RolesOfProvider, SessionEnded
from auth.oidc import service as oidc
from auth.sessions import service as sessions
from auth.signin.api import list_login_ways
from auth_stage import PASSWORD, MakeSettings, Stage
from common.errors import BackendUnavailable, NotFound, TooManyRequests
from oidc_house import Back, OidcHouse
from oidc_provider import oidc_settings

pytestmark = pytest.mark.anyio
MAIL = "m.hartley@hospital.example"


async def test_first_sign_in_opens_an_account_with_the_mapped_roles(house: OidcHouse) -> None:
    house.provider.person["name"] = " Margaret \n Hartley"
    issued = await house.sign_in()
    user = issued.session.user
    assert (user.username, user.email, user.display_name) == ("m.hartley", MAIL, "Margaret Hartley")
    assert (user.roles, user.patient_id) == (["clinician"], None)
    caller = await house.caller(issued)
    assert (caller.user_id, caller.roles, caller.amr) == (user.id, frozenset({"clinician"}), ())
    assert await house.audited("session") == [("E", "ok")]
    assert await house.audited("user") == [("C", "ok")]
    assert await house.facts("user.registered") == [{"user_id": str(user.id), "roles": ["clinician"]}]
    assert await house.rows("oidc_starts") == []


async def test_later_sign_in_finds_the_account_whatever_else_the_provider_says(house: OidcHouse) -> None:
    first = await house.sign_in()
    house.provider.sign_in("s-1", groups=["clinicians"], preferred_username="margaret", email="other@hospital.example")
    assert (await house.sign_in()).session.user == first.session.user
    house.provider.sign_in("s-2", groups=["clinicians"], preferred_username="m.hartley", email=MAIL)
    assert (await house.sign_in()).session.user.id != first.session.user.id


async def test_first_sign_ins_at_once_open_one_account(house: OidcHouse) -> None:
    starts = [await house.begin() for _ in range(4)]
    proofs = await asyncio.gather(*(house.come_back(*start) for start in starts))
    assert len({one.user.id for one in proofs}) == 1
    assert len(await house.facts("user.registered")) == 1


@pytest.mark.parametrize(
    ("name", "email"), [("m.hartley", "x@example.org"), ("other", MAIL), ("m.hartley", MAIL)], ids=str
)
async def test_first_sign_in_never_takes_an_account_with_the_same_name_or_address(
    house: OidcHouse, name: str, email: str
) -> None:
    local = await house.register(name)
    await house.execute("UPDATE users SET email = :email", email=email)
    user = (await house.sign_in()).session.user
    assert user.id != local.id
    assert user.username == "m.hartley" if name == "other" else user.username.startswith("m.hartley-")
    assert user.email == (f"{user.id.hex}@oidc.invalid" if email == MAIL else MAIL)
    assert (await house.log_in(name)).session.user.roles == ["patient"]


async def test_account_of_the_provider_has_no_password_to_sign_in_with_or_to_change(house: OidcHouse) -> None:
    caller = await house.caller(await house.sign_in())
    for name in ("m.hartley", MAIL):
        with pytest.raises(CredentialsRefused):
            await house.log_in(name)
    form = PasswordChange.model_validate({"current_password": PASSWORD, "new_password": PASSWORD})
    with pytest.raises(NoPassword):
        await accounts.change_password(house.work, caller, form=form)


async def test_sign_in_with_other_groups_changes_the_roles_and_outdates_tokens(house: OidcHouse) -> None:
    first = await house.caller(await house.sign_in())
    house.provider.person["groups"] = ["quill-admins", "clinicians"]
    second = await house.caller(await house.sign_in())
    assert second.roles == {"admin", "clinician"}
    assert await sessions.find_living(house.work, first) is None
    (fact,) = await house.facts("user.updated")
    assert (fact["roles"], fact["token_version"]) == (["admin", "clinician"], 2)
    assert await house.audited("user") == [("C", "ok"), ("U", "ok")]


async def test_sign_in_without_a_group_is_refused_and_ends_the_sessions(house: OidcHouse) -> None:
    issued = await house.sign_in()
    house.provider.person["groups"] = ["canteen"]
    await house.assert_refused(house.sign_in)
    assert len(await house.facts("session.revoked")) == 1
    with pytest.raises(SessionEnded):
        await house.refresh(issued)
    house.provider.person["groups"] = "quill-admins"
    assert (await house.sign_in()).session.user.roles == ["admin"]


@pytest.mark.parametrize("groups", [None, [], ["canteen"], ["patient"], "clinician", {"clinicians": True}, [["a"]]])
async def test_nobody_without_a_group_gets_an_account(house: OidcHouse, groups: object) -> None:
    house.provider.person["groups"] = groups
    await house.assert_refused(house.sign_in)
    assert await house.rows("users") == []


async def test_disabled_account_is_refused(house: OidcHouse) -> None:
    await house.sign_in()
    await house.execute("UPDATE users SET disabled_at = now()")
    await house.assert_refused(house.sign_in)


async def test_role_that_needs_a_second_factor_gets_in_only_where_the_provider_proves_one(
    house: OidcHouse, make_settings: MakeSettings
) -> None:
    settings = make_settings(require_totp_roles="clinician", **oidc_settings(house.provider.server_port))
    strict = OidcHouse(house.under(settings).work, provider=house.provider)
    await strict.assert_refused(strict.sign_in)
    house.provider.person["amr"] = ["pwd", "mfa"]
    assert (await house.caller(await strict.sign_in())).amr == ("mfa",)


async def test_administrator_disables_an_account_of_the_provider_but_leaves_its_roles(house: OidcHouse) -> None:
    admin = await house.staff("boss", "admin")
    user_id = (await house.sign_in()).session.user.id
    same = UserPatch.model_validate({"roles": ["clinician"], "disabled": False})
    assert (await accounts.update_user(house.work, admin, user_id=user_id, patch=same)).token_version == 1
    more = UserPatch.model_validate({"roles": ["admin"]})
    with pytest.raises(RolesOfProvider):
        await accounts.update_user(house.work, admin, user_id=user_id, patch=more)
    await accounts.update_user(house.work, admin, user_id=user_id, patch=UserPatch(disabled=True))
    await house.assert_refused(house.sign_in)


async def test_last_administrator_with_a_password_stays_whomever_the_provider_vouches_for(house: OidcHouse) -> None:
    boss = await house.staff("boss", "admin")
    house.provider.person["groups"] = ["quill-admins"]
    guest = await house.caller(await house.sign_in())
    with pytest.raises(LastAdmin):
        await accounts.update_user(house.work, guest, user_id=boss.user_id, patch=UserPatch(disabled=True))
    await accounts.update_user(house.work, boss, user_id=guest.user_id, patch=UserPatch(disabled=True))


@pytest.mark.parametrize(
    "change",
    [
        {"state": ""},
        {"state": "x" * 43},
        {"state": "nul\0"},
        {"code": None},
        {"code": ""},
        {"code": "x"},
        {"error": "access_denied"},
        {"code": None, "error": "canary"},
        {"iss": "https://elsewhere.example"},
        {"iss": ""},
    ],
    ids=str,
)
async def test_answer_that_is_not_whole_is_refused(house: OidcHouse, change: Back) -> None:
    back, browser = await house.begin()
    await house.assert_refused(lambda: house.come_back(back | change, browser))
    assert await house.rows("sessions") == []


async def test_answer_that_names_its_issuer_is_taken(house: OidcHouse) -> None:
    back, browser = await house.begin()
    assert (await house.come_back(back | {"iss": house.provider.issuer}, browser)).user.roles == ["clinician"]


@pytest.mark.parametrize("browser", [None, "", "x" * 43])
async def test_answer_in_another_browser_is_refused_and_opens_nothing(house: OidcHouse, browser: str | None) -> None:
    back, _ = await house.begin()
    house.provider.asked.clear()
    await house.assert_refused(lambda: house.come_back(back, browser))
    assert house.provider.asked == []


async def test_answer_to_another_sign_in_of_the_same_provider_is_refused(house: OidcHouse) -> None:
    (mine, browser), (other, _) = await house.begin(), await house.begin()
    await house.assert_refused(lambda: house.come_back(mine | {"code": other["code"]}, browser))


async def test_answer_counts_once_even_with_another_code_for_the_same_question(house: OidcHouse) -> None:
    uri, browser = await oidc.begin(house.work, visitor=house.visitor)
    back, other = house.provider.authorize(uri), house.provider.authorize(uri)
    await house.come_back(back, browser)
    for again in (back, other):
        await house.assert_refused(partial(house.come_back, again, browser))


async def test_answers_at_once_open_one_session(house: OidcHouse) -> None:
    back, browser = await house.begin()
    answers = await asyncio.gather(*(house.come_back(back, browser) for _ in range(4)), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers].count(False) == 1
    assert len(await house.rows("sessions")) == 1


async def test_answer_after_ten_minutes_is_refused(house: OidcHouse, move_clock: Callable[[float], None]) -> None:
    early, late = await house.begin(), await house.begin()
    move_clock(595)
    assert (await house.come_back(*early)).user.roles == ["clinician"]
    move_clock(605)
    await house.assert_refused(lambda: house.come_back(*late))


async def test_begin_stores_nothing_that_could_finish_it(house: OidcHouse) -> None:
    uri, browser = await oidc.begin(house.work, visitor=house.visitor)
    stored = str(await house.rows("oidc_starts"))
    back = house.provider.authorize(uri)
    for secret in (browser, back["state"], house.provider.asked_for(back["code"])["nonce"]):
        assert secret not in stored


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks"])
@pytest.mark.parametrize("status", [500, 404, 302, "hang"])
async def test_begin_without_a_provider_is_unavailable(house: OidcHouse, path: str, status: int | str) -> None:
    house.provider.down[path] = status
    with pytest.raises(BackendUnavailable) as unavailable:
        await house.begin()
    assert int(unavailable.value.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("status", [500, "hang"])
async def test_answer_while_the_provider_is_down_is_unavailable(house: OidcHouse, status: int | str) -> None:
    back = await house.begin()
    house.provider.down["/token"] = status
    with pytest.raises(BackendUnavailable):
        await house.come_back(*back)
    assert await house.audited("session") == [("E", "failed")]


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
async def test_begin_with_a_document_of_somebody_else_is_unavailable(house: OidcHouse, about: Back) -> None:
    house.provider.about = about
    with pytest.raises(BackendUnavailable):
        await house.begin()


async def test_begin_asks_for_the_documents_once_an_hour(house: OidcHouse, move_clock: Callable[[float], None]) -> None:
    house.provider.asked.clear()
    await house.begin()
    await house.begin()
    assert len(house.provider.asked) == 2
    move_clock(timedelta(hours=1, seconds=1).total_seconds())
    await house.begin()
    assert len(house.provider.asked) == 4


async def test_refused_answers_are_counted_by_address_and_apart_from_passwords(
    house: OidcHouse, make_settings: MakeSettings
) -> None:
    await house.register("alice")
    settings = make_settings(login_failures_per_minute=2, **oidc_settings(house.provider.server_port))
    strict = OidcHouse(house.under(settings).work, provider=house.provider)
    for _ in range(3):
        await strict.sign_in()
    for _ in range(2):
        await strict.assert_refused(lambda: strict.come_back({}, None))
    with pytest.raises(TooManyRequests):
        await strict.sign_in()
    assert (await strict.log_in("alice")).refresh_token
    for _ in range(10 * 2 - 4):
        await strict.begin()
    with pytest.raises(TooManyRequests):
        await strict.begin()


async def test_without_an_issuer_there_is_no_such_sign_in(stage: Stage) -> None:
    house = OidcHouse(stage.work, provider=None)  # type: ignore[arg-type]
    for attempt in (house.begin(), house.come_back({}, None)):
        with pytest.raises(NotFound):
            await attempt
    assert await stage.audited("session") == []


async def test_page_that_asks_people_to_sign_in_learns_whether_there_is_such_a_sign_in(
    stage: Stage, house: OidcHouse
) -> None:
    assert (await list_login_ways(stage.work)).oidc is False
    assert (await list_login_ways(house.work)).oidc is True
