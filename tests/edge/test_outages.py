"""Dead, hung, unready and replicated services: every request ends within 10 s with an answer that says what to do."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edge.conftest import Answer, Edge, Upstream

LETTERS = "/api/patients/018f4ed5-3bb0-7c1d-9d2c-0123456789ab/letters"


def check_unavailable(answer: Answer, slug: str = "backend-unavailable") -> None:
    assert answer.status == 503
    assert answer.media_type == "application/problem+json"
    assert json.loads(answer.body)["type"] == f"/problems/{slug}"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_dead_service_is_unavailable_and_the_others_go_on(fragile_edge: Edge, method: str) -> None:
    fragile_edge.ask("GET", LETTERS)
    fragile_edge.upstreams["letters"].stop()
    time.sleep(0.2)  # so that Caddy has seen its idle connection end: else a write may have been sent
    began = time.monotonic()
    check_unavailable(fragile_edge.ask(method, LETTERS, body=b"{}"))
    assert time.monotonic() - began < 5
    assert fragile_edge.ask("GET", "/api/patients").status == 200


@pytest.mark.parametrize(("method", "slug"), [("GET", "backend-unavailable"), ("POST", "outcome-unknown")])
def test_silent_service_under_fhir_is_an_operation_outcome_that_names_the_problem(
    fragile_edge: Edge, method: str, slug: str
) -> None:
    fragile_edge.upstreams["patients"].mood = "broken"
    answer = fragile_edge.ask(method, "/api/fhir/patients/018f4ed5-3bb0-7c1d-9d2c-0123456789ab", body=b"{}")
    assert (answer.status, answer.media_type) == (503, "application/fhir+json")
    (issue,) = json.loads(answer.body)["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "transient")
    assert issue["details"]["coding"] == [{"system": "urn:quill:problems", "code": slug}]
    assert issue["details"]["text"]
    assert answer.headers["Retry-After"]


def test_answer_that_is_made_while_it_is_sent_is_whole_however_long_that_takes(hasty_edge: Edge) -> None:
    hasty_edge.upstreams["letters"].mood = "slow"
    archive = hasty_edge.ask("GET", LETTERS.replace("letters", "export"))
    assert (archive.status, archive.seen["service"]) == (200, "letters")


def test_who_takes_nothing_of_an_answer_is_cut_off(hasty_edge: Edge) -> None:
    letters = hasty_edge.upstreams["letters"]
    letters.mood = "endless"
    with closing(hasty_edge.connect()) as idle:
        idle.request("GET", LETTERS, headers={"Host": f"localhost:{hasty_edge.port}"})
        assert letters.cut_off.wait(12)


@pytest.mark.parametrize(("method", "slug"), [("GET", "backend-unavailable"), ("POST", "outcome-unknown")])
@pytest.mark.parametrize("mood", ["hung", "broken"])
def test_service_that_never_answers_ends_within_10_seconds(
    fragile_edge: Edge, method: str, slug: str, mood: str
) -> None:
    fragile_edge.upstreams["letters"].mood = mood
    began = time.monotonic()
    check_unavailable(fragile_edge.ask(method, LETTERS, body=b"{}"), slug)
    assert time.monotonic() - began < 10


DOWN = {"status": "down", "backends": {}}


@pytest.mark.parametrize("is_dead", [True, False], ids=["dead", "frozen"])
def test_health_of_a_silent_service_is_down_and_known_soon(fragile_edge: Edge, is_dead: bool) -> None:
    auth = fragile_edge.upstreams["auth"]
    auth.stop() if is_dead else setattr(auth, "mood", "hung")
    began = time.monotonic()
    answer = fragile_edge.ask("GET", "/api/health/auth")
    assert time.monotonic() - began < 1.5  # the contract says 1; a busy machine takes a while to say it
    assert (answer.status, answer.media_type, json.loads(answer.body)) == (503, "application/json", DOWN)
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"


def test_health_of_the_fleet_is_told_by_another_while_one_service_is_frozen(fragile_edge: Edge) -> None:
    fragile_edge.upstreams["auth"].mood = "hung"
    for _ in range(4):
        began = time.monotonic()
        answer = fragile_edge.ask("GET", "/api/health")
        assert time.monotonic() - began < 1.5
        assert (answer.status, answer.seen["path"]) == (200, "/api/health")
        assert answer.seen["service"] != "auth"


def test_health_of_a_fleet_that_is_silent_is_down_with_every_service(fragile_edge: Edge) -> None:
    for upstream in fragile_edge.upstreams.values():
        upstream.mood = "hung"
    answer = fragile_edge.ask("GET", "/api/health")
    services = dict.fromkeys(("auth", "letters", "notify", "patients"), DOWN)
    assert (answer.status, json.loads(answer.body)) == (503, {"status": "down", "services": services})


def test_health_of_an_unready_service_is_its_own_answer(fragile_edge: Edge) -> None:
    fragile_edge.upstreams["auth"].mood = "ill"
    time.sleep(1.5)  # so that Caddy's own check has seen it
    answer = fragile_edge.ask("GET", "/api/health/auth")
    assert (answer.status, answer.seen["service"]) == (503, "auth")
    assert answer.headers.get_all("Retry-After") == ["5"]
    check_unavailable(fragile_edge.ask("GET", "/api/auth/me"))


def test_service_is_reached_again_soon_after_it_came_back(fragile_edge: Edge) -> None:
    letters = fragile_edge.upstreams["letters"]
    letters.mood = "ill"
    time.sleep(1.5)
    check_unavailable(fragile_edge.ask("GET", LETTERS))
    letters.mood = "well"
    assert fragile_edge.ask("GET", LETTERS).status == 200


def test_refused_bodies_do_not_take_a_service_away(fragile_edge: Edge) -> None:
    for _ in range(20):
        assert fragile_edge.ask("POST", "/api/auth/login", body=b"x" * 300_000).status == 413
    assert fragile_edge.ask("GET", "/api/auth/me").status == 200


def test_death_of_one_replica_is_not_noticed(replicated_edge: tuple[Edge, Upstream]) -> None:
    edge, replica = replicated_edge
    served = {edge.ask("GET", LETTERS).seen["service"] for _ in range(20)}
    assert served == {"letters", "letters-2"}
    replica.stop()
    time.sleep(0.2)  # so that Caddy has seen its idle connection end: else a write may have been sent
    for number in range(40):
        answer = edge.ask("POST" if number % 2 else "GET", LETTERS, body=b"x" * number)
        assert (answer.status, answer.seen["length"]) == (200, number)


def test_replica_that_drains_loses_nothing_and_is_left_alone(replicated_edge: tuple[Edge, Upstream]) -> None:
    edge, replica = replicated_edge
    replica.mood = "draining"
    began = time.monotonic()
    while time.monotonic() - began < 2.5:  # Caddy asks every second
        assert edge.ask("POST", LETTERS, body=b"x").status == 200
    assert {edge.ask("POST", LETTERS, body=b"x").seen["service"] for _ in range(20)} == {"letters"}
    replica.stop()
    assert {edge.ask("POST", LETTERS, body=b"x").status for _ in range(20)} == {200}
