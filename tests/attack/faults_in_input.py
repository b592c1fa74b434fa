"""Faults in what comes in and what goes out: bodies, searches, pushes, answers, logs."""

from typing import Any

from attack.fault import Patch, fault

BODIES = "attack/test_input.py::test_body_that_is_not_one_clear_document_of_its_shape_is_refused"
PUSH = "attack/test_push.py::test"

# Bodies


@fault("auth", cases=[f"{BODIES}[unknown member]"])
def answers_echo_what_was_sent(patch: Patch) -> None:
    from common import errors

    def echo(error: Any) -> errors.Invalid:
        return errors.Invalid(members={"errors": [{**row, "ctx": None} for row in error.errors()]})

    patch.setattr(errors, "from_validation", echo)


@fault("letters", cases=[f"{BODIES}[unknown member]"], at_start=True)
def unknown_members_are_ignored(patch: Patch) -> None:
    from common.rest import Body

    patch.setitem(Body.model_config, "extra", "ignore")


@fault("letters", cases=[f"{BODIES}[repeated member]"])
def members_may_be_repeated(patch: Patch) -> None:
    from common import strictjson

    patch.setattr(strictjson, "unique", dict)


@fault("letters", cases=[f"{BODIES}[0x00 escaped]"])
def control_characters_are_text(patch: Patch) -> None:
    import re

    from common import strictjson

    patch.setattr(strictjson, "FORBIDDEN", re.compile("(?!)"))


@fault("letters", cases=[f"{BODIES}[UTF-16]"])
def json_has_any_encoding(patch: Patch) -> None:
    import json

    from common import strictjson

    patch.setattr(strictjson, "parse", json.loads)


@fault("letters", cases=["attack/test_input.py::test_body_of_another_kind_is_refused[text/plain]"])
def any_media_type_is_json(patch: Patch) -> None:
    from dataclasses import replace

    from common import policy

    take = policy._take_body

    async def believe(request: Any, declared: Any) -> None:
        media_type = request.headers.get("Content-Type", "").partition(";")[0]
        await take(request, replace(declared, media_types=(media_type,)))

    patch.setattr(policy, "_take_body", believe)


@fault("patients", cases=["attack/test_framing.py::test_service_limits_bodies_itself[patients]"])
def bodies_have_any_size(patch: Patch) -> None:
    from common import policy

    read = policy._read_body
    patch.setattr(policy, "_read_body", lambda request, **_: read(request, limit=10**9))


# Searches and texts


@fault("patients", cases=["attack/test_injection.py::test_search_signs_of_fhir_join_no_values[,]"])
def comma_joins_values(patch: Patch) -> None:
    from patients import names

    words_of = names.words_of
    patch.setattr(names, "words_of", lambda text: words_of(text.split(",")[0]))


@fault("letters", cases=["attack/test_injection.py::test_text_that_looks_like_code_comes_back_as_it_went_in"])
def letters_are_escaped_before_they_are_stored(patch: Patch) -> None:
    import html

    from letters.schemas import LetterCreate

    dump = LetterCreate.model_dump

    def escape(self: LetterCreate, **how: Any) -> dict[str, Any]:
        return {name: html.escape(value) for name, value in dump(self, **how).items()}

    patch.setattr(LetterCreate, "model_dump", escape)


@fault(
    "patients",
    cases=["attack/test_injection.py::test_narrative_with_anything_active_is_refused[<iframe>x</iframe>]"],
    at_start=True,
)
def narratives_may_be_active(patch: Patch) -> None:
    from patients import narrative

    patch.setattr(narrative, "check_narrative", lambda div: div)


# Web Push


@fault("notify", cases=[f"{PUSH}_redirect_of_a_push_service_is_not_followed[307]"])
def redirects_are_followed(patch: Patch) -> None:
    from httpx import AsyncClient

    send = AsyncClient.send
    patch.setattr(
        AsyncClient, "send", lambda self, request, **known: send(self, request, **known | {"follow_redirects": True})
    )


@fault("notify", cases=[f"{PUSH}_push_service_whose_name_leads_inside_only_later_is_not_connected_to[0]"])
def addresses_are_checked_at_registration_only(patch: Patch) -> None:
    from notify.outside import Outside, PublicResolver

    resolve = PublicResolver.resolve

    async def check_address(self: Outside, origin: str) -> None:
        scheme, _, host = origin.partition("://")
        if scheme == "https":
            await resolve(self._resolver, host, 443)

    patch.setattr(Outside, "check_address", check_address)
    patch.setattr(PublicResolver, "resolve", lambda self, *args, **known: self._lookup.resolve(*args, **known))


@fault("notify", cases=[f"{PUSH}_push_service_whose_name_leads_inside_is_not_registered[100.64.0.1]"])
def addresses_of_carriers_are_public(patch: Patch) -> None:
    from ipaddress import ip_address

    from notify import policy

    patch.setattr(policy, "is_public", lambda address: not ip_address(address).is_private)


@fault("notify", cases=[f"{PUSH}_endpoint_that_is_no_push_service_is_refused[https://evilfcm.googleapis.com/x]"])
def hosts_that_end_alike_are_push_services(patch: Patch) -> None:
    from notify import policy

    patch.setattr(policy, "BELOW_PUSH_SERVICES", policy.PUSH_SERVICES)


@fault("notify", cases=[f"{PUSH}_proxy_of_the_environment_is_not_used"], at_start=True)
def proxies_of_the_environment_are_used(patch: Patch) -> None:
    from httpx import AsyncClient
    from notify import outside

    patch.setattr(outside, "_client", lambda *_: AsyncClient(timeout=outside.SEND_SECONDS))


@fault("notify", cases=[f"{PUSH}_subscription_with_unusable_keys_is_refused[p256dh-off the curve]"])
def points_may_lie_anywhere(patch: Patch) -> None:
    from notify import policy

    patch.setattr(policy, "_is_on_curve", lambda point: len(point) == 65)


@fault("notify", cases=[f"{PUSH}_push_reveals_neither_the_letter_nor_the_patient"])
def pushes_name_the_letter(patch: Patch) -> None:
    from notify.models import TITLES, NotificationRow

    patch.setattr(NotificationRow, "title", property(lambda self: f"{TITLES[self.template]} {self.letter_uid}"))


@fault("notify", cases=[f"{PUSH}_signing_out_ends_the_pushes_of_that_browser"])
def devices_outlive_their_sessions(patch: Patch) -> None:
    from notify import service

    async def leave(*_: Any, **__: Any) -> None:
        """Nothing is removed."""

    patch.setattr(service, "end_session", leave)


# Answers and logs


@fault(
    "auth",
    cases=[
        "attack/test_headers.py::test_page_of_another_origin_is_allowed_nothing",
        "attack/test_headers.py::test_answer_carries_the_security_headers[GET /api/auth/me 200]",
    ],
)
def other_origins_may_read(patch: Patch) -> None:
    _answer_with(patch, b"access-control-allow-origin", b"*")


@fault("patients", cases=["attack/test_headers.py::test_answer_carries_the_security_headers[GET /api/patients 200]"])
def answers_may_be_kept(patch: Patch) -> None:
    _answer_with(patch, b"cache-control", b"private, max-age=60")


def _answer_with(patch: Patch, name: bytes, value: bytes) -> None:
    from common import middleware

    others = [header for header in middleware.SECURITY_HEADERS if header[0] != name]
    patch.setattr(middleware, "SECURITY_HEADERS", (*others, (name, value)))


@fault("patients", cases=["attack/test_privacy.py::test_canaries_are_in_no_log"])
def queries_are_logged(patch: Patch) -> None:
    from common import middleware

    log = middleware._note

    def tell(scope: Any, *args: Any) -> None:
        middleware.log.info("query", query=scope["query_string"].decode())
        log(scope, *args)

    patch.setattr(middleware, "_note", tell)


@fault(
    "auth",
    cases=[
        "attack/test_privacy.py::test_canaries_are_in_no_stream",
        "attack/test_privacy.py::test_canaries_are_in_no_table_of_events_or_of_the_trail[auth]",
    ],
)
def events_name_people(patch: Patch) -> None:
    from auth.accounts import repository, service
    from common.events import UserRegistered

    class Named(UserRegistered):
        display_name: str

    async def add(work: Any, session: Any, user: Any) -> None:
        assert await repository.add_user(session, user)
        work.announce(session, Named(user_id=user.id, roles=user.roles, display_name=user.display_name))

    patch.setattr(service, "_add", add)
