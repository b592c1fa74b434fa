"""The judge sees what it is there to see, and whoever does harm is seen to have done it."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos import failpoints
from chaos.__main__ import never
from chaos.history import Call, Harm, History
from chaos.judge import FELT_SECONDS, GROWTH_MIB, LEAST_LOOKS, Seen, check_answers, check_availability, check_memory
from chaos.people import House
from chaos.plan import Report
from chaos.stage import LATER, NotNow, Stage, Todo, play, thread
from fleet import Fleet

LETTERS, ME = "/api/patients/1/letters", "/api/auth/me"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.jsonl")


@pytest.fixture
def stage(tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("chaos.stage.PAUSE_SECONDS", (0.0, 0.0))
    return Stage(Fleet(tmp_path, 0), {}, House(), history, names=[])


def call(status: int, path: str = LETTERS, *, method: str = "POST", at: float = 100.0, seconds: float = 1.0) -> Call:
    return Call(at, method, path, status, seconds)


def found(history: History, one: Call, *harms: Harm) -> list[str]:
    history.calls, history.harms = [one], list(harms)
    return [*check_answers(Seen(history)), *check_availability(Seen(history))]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500, 502, 504])
def test_status_that_is_no_answer_of_the_contract_is_found_whatever_was_broken(history: History, status: int) -> None:
    assert found(history, call(status), *(Harm("all", (part,), 0, 200) for part in ("letters", "caddy", "auth")))


@pytest.mark.parametrize(("method", "status"), [("POST", 200), ("POST", 201), ("POST", 409), ("PUT", 412)])
def test_answer_of_the_contract_is_in_order(history: History, method: str, status: int) -> None:
    assert found(history, call(status, method=method)) == []


@pytest.mark.parametrize(("method", "status"), [("GET", 409), ("POST", 412)])
def test_conflict_where_there_can_be_none_is_found(history: History, method: str, status: int) -> None:
    assert found(history, call(status, method=method))


def test_answer_that_takes_too_long_is_found(history: History) -> None:
    assert found(history, call(201, seconds=11))


def test_unavailable_is_in_order_while_what_is_needed_is_broken_and_shortly_after(history: History) -> None:
    for harm in (Harm("", ("openehr",), 90, 110), Harm("", ("postgres",), 50, 100 - FELT_SECONDS + 1)):
        assert found(history, call(503), harm) == []


def test_unavailable_without_a_reason_is_found(history: History) -> None:
    assert found(history, call(503))
    assert found(history, call(503), Harm("over", ("openehr",), 10, 100 - FELT_SECONDS - 1))
    assert found(history, call(503), Harm("not yet", ("openehr",), 102, 110))
    assert found(history, call(503, ME, method="GET"), Harm("of others", ("openehr", "fhir", "letters"), 90, 110))


def test_few_of_many_may_be_refused_and_more_on_a_machine_that_others_use(history: History) -> None:
    history.calls = [call(201)] * 95 + [call(503)] * 5
    assert list(check_availability(Seen(history))) == []
    history.calls.append(call(503))
    assert list(check_availability(Seen(history)))
    assert list(check_availability(Seen(history, alone=False))) == []


def test_connection_may_break_with_caddy_only(history: History) -> None:
    assert found(history, call(0), Harm("", ("caddy",), 100, 100)) == []
    assert found(history, call(0), Harm("", ("letters",), 100, 100))


def test_process_that_grows_is_found_and_one_that_does_not_is_not(history: History) -> None:
    steady, growing = [100] * LEAST_LOOKS, [100 + look * 2 * GROWTH_MIB // LEAST_LOOKS for look in range(LEAST_LOOKS)]
    for sizes, number in ((steady, 0), (growing, 1)):
        seen = Seen(history, {("letters-2", 1): sizes}, ["letters-2"])
        assert len(list(check_memory(seen))) == number


def test_process_that_was_to_live_and_did_not_is_found(history: History) -> None:
    sizes = [100] * LEAST_LOOKS
    for memory in ({}, {("auth-2", 1): sizes, ("auth-2", 2): sizes}, {("auth-2", 1): sizes[1:]}):
        assert list(check_memory(Seen(history, memory, ["auth-2"])))


def test_what_cannot_be_done_comes_again_and_is_kept_apart(stage: Stage) -> None:
    did: list[str] = []

    def todo(kind: str, do: Callable[[], object]) -> Todo:
        def remember() -> None:
            did.append(kind)
            do()

        return Todo(kind, remember)

    def fail_once() -> None:
        if did.count("late") == 1:
            raise NotNow

    def draw(*_: object) -> list[Todo]:
        return [todo("late", fail_once), *(todo(f"{place}", lambda: None) for place in range(LATER)), last]

    last = todo("last", stage.stop.set)
    play(stage, draw, random.Random(1))  # noqa: S311
    assert did == ["late", *map(str, range(LATER)), "late", "last"]
    assert stage.done == Counter(did) - Counter(["late"])
    assert stage.missed == {"late: NotNow": 1}
    assert {harm.kind for harm in stage.history.harms} == set(did) == stage.drawn


def test_whoever_ends_by_an_error_has_broken_the_run(stage: Stage) -> None:
    def draw(*_: object) -> list[Todo]:
        return [Todo("odd", lambda: [][0])]

    one = thread(stage, "nemesis", play, stage, draw, random.Random(1))  # noqa: S311
    one.start()
    one.join()
    assert "nemesis came to an end" in stage.broken[0]
    assert "IndexError" in stage.broken[0]


def test_what_was_drawn_and_never_done_is_told() -> None:
    drawn = frozenset({"fhir: latency", "fhir: reset", "nats: latency", "poison"})
    reports = [Report(1, drawn=drawn, done=Counter({"fhir: latency": 1})), Report(2, done=Counter({"poison": 2}))]
    assert never(reports) == ["nats", "reset"]


def test_only_deaths_are_counted_and_both_orders_are_kept_apart(tmp_path: Path) -> None:
    failpoints.arm(tmp_path, "letters", "relay-after")
    name = "letters.relay-after.9"
    (tmp_path / failpoints.ARMED / name).rename(tmp_path / failpoints.REACHED / f"{name}.77.1")
    (tmp_path / failpoints.REACHED / "letters.relay-after.19.78.2").touch()
    assert failpoints.wait(tmp_path, "letters", "relay-after", seconds=0) == 77
    assert failpoints.reached(tmp_path) == ["relay-after"]
