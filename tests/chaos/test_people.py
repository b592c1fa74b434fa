"""The people of a run remember how a write ended as they were told, and no better."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chaos import people
from chaos.history import History, Outcome
from chaos.people import Actor
from e2e.client import Person
from e2e.push_receiver import PushReceiver, Reply, push_receiver

WORKED_ON = "being-worked-on"


class Told(Person):
    """Somebody who gets these answers, the last of them again and again."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        super().__init__("http://localhost")
        self.answers = list(answers)

    def send(self, method: str, path: str, **_: object) -> httpx.Response:
        status, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(status, text=text)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([(201, "")], "ok"),
        ([(503, ""), (201, "")], "ok"),
        ([(422, "")], "fail"),
        ([(409, "nhs-number-taken")], "fail"),
        ([(401, "")], "fail"),
        ([(503, "")], "unknown"),
        ([(503, ""), (401, "")], "unknown"),
        ([(503, ""), (422, "")], "unknown"),
        ([(409, WORKED_ON)], "unknown"),
        ([(409, WORKED_ON), (401, "")], "unknown"),
    ],
)
def test_write_is_unknown_once_a_try_was_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, str]], outcome: Outcome
) -> None:
    monkeypatch.setattr(people, "PATIENCE_SECONDS", 0.1)  # less than a pause: the second try is the last
    with Told(*answers) as person:
        actor = Actor(person, History(tmp_path / "history.jsonl"), seed=1)
        assert actor.insist("POST", "/api/letters", key="k")[0] == outcome


@pytest.fixture
def receiver() -> Iterator[PushReceiver]:
    with push_receiver() as running:
        yield running


def test_push_that_is_not_taken_on_is_not_delivered(receiver: PushReceiver) -> None:
    hook = receiver.hook(Reply(429), Reply(500), Reply(410), Reply(None))
    for wanted in (429, 500, 410):
        assert httpx.post(hook.endpoint, json={}, trust_env=False).status_code == wanted
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(hook.endpoint, json={}, trust_env=False, timeout=0.2)
    assert [push.status for push in hook.wait(number=4)] == [429, 500, 410, None]
    assert hook.delivered == []
    assert httpx.post(hook.endpoint, json={}, trust_env=False).status_code == 201
    assert len(hook.delivered) == 1
