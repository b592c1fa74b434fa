"""What the recorded EHRbase 2.31.0 answered, the server answers."""

import pytest
from contracts.openehr.not_compared import ANY_ROWS, BODY_NOT_COMPARED, MESSAGE_BEGINS, NOT_REPLAYED, TIES_IN_ORDER
from contracts.openehr.recording import Translator, exchanges
from contracts.openehr.replayer import Replayer
from contracts.openehr.server_under_test import OpenEhrServer

_REPLAYED = [recorded.name for recorded in exchanges() if recorded.name not in NOT_REPLAYED]


@pytest.fixture(scope="module")
def replayer(server: OpenEhrServer) -> Replayer:
    """The whole recording, sent once."""
    replayer = Replayer(server, Translator(server.origin, server.system_id))
    replayer.run()
    return replayer


@pytest.mark.parametrize("name", _REPLAYED)
def test_exchange_is_answered_as_recorded(replayer: Replayer, name: str) -> None:
    assert replayer.outcomes[name] == []


def test_every_recorded_exchange_is_replayed_or_its_reason_is_given() -> None:
    names = {recorded.name for recorded in exchanges()}
    assert len(names) == 278
    assert set(_REPLAYED) | NOT_REPLAYED.keys() == names
    assert all(NOT_REPLAYED.values())
    assert len(_REPLAYED) >= 250


def test_every_exception_names_a_replayed_exchange() -> None:
    assert {*ANY_ROWS, *BODY_NOT_COMPARED, *MESSAGE_BEGINS, *TIES_IN_ORDER} <= set(_REPLAYED)
