"""What a run must not forgive: each takes one protection of the write path away, and a run with it has to fail, for a
reason that follows from this."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from attack.fault import Fault, Patch
from common import clock
from native.settings import SERVICES


def commit_after_the_answer(patch: Patch) -> None:
    """Answer once the backend has the write, and store it a moment later."""
    import asyncio

    from common import operations
    from common.operations import Completed
    from common.work import Work

    store = Work.operation
    late: set[asyncio.Task[Any]] = set()

    async def operation(work: Any, kind: Any, intent: Any, *, actor: Any, idempotency: Any) -> Any:
        planned = operations.Operation(uuid4(), intent, actor, clock.now())
        committed = await operations.perform(kind, work.backend, planned)

        async def later() -> None:
            await asyncio.sleep(0.5)
            known = replace(kind, perform=lambda *_: _done(committed))
            await store(work, known, intent, actor=actor, idempotency=idempotency)

        late.add(asyncio.ensure_future(later()))
        return Completed(answer={}, committed=committed)

    patch.setattr(Work, "operation", operation)


async def _done(result: Any) -> Any:
    return result


def acknowledge_before_the_commit(patch: Patch) -> None:
    """Tell JetStream that an event is handled, and handle it afterwards."""
    from common import consumer
    from nats.aio.msg import Msg

    handle, acknowledge = consumer._Loop._handle, Msg.ack_sync

    async def hasty(loop: Any, message: Any) -> None:
        await acknowledge(message, timeout=5)
        await handle(loop, message)

    patch.setattr(consumer._Loop, "_handle", hasty)
    patch.setattr(Msg, "ack_sync", _nothing)


async def _nothing(*_: object, **__: object) -> None:
    return None


def forget_what_was_handled(patch: Patch) -> None:
    """Handle an event as often as it is delivered."""
    from common import inbox

    patch.setattr(inbox, "mark", _nothing)


def finish_what_others_took_over(patch: Patch) -> None:
    """Settle an operation whoever has its lease by now."""
    from common import operations

    async def hold(session: Any, row: Any) -> Any:
        return await session.get_one(operations.OperationRow, row.id)

    patch.setattr(operations, "hold", hold)


def publish_without_an_id(patch: Patch) -> None:
    """Let JetStream take an event that is published again for another one."""
    from common.outbox import Relay

    headers = Relay._headers

    def anonymous(relay: Any, row: Any) -> dict[str, str]:
        return {name: value for name, value in headers(relay, row).items() if name != "Nats-Msg-Id"}

    patch.setattr(Relay, "_headers", anonymous)


FAULTS = {
    one.__name__: Fault(one, SERVICES, cases=(), at_start=True)
    for one in (
        commit_after_the_answer,
        acknowledge_before_the_commit,
        forget_what_was_handled,
        finish_what_others_took_over,
        publish_without_an_id,
    )
}

# What a run with each must say, among others. The third and the fourth are refused by the database, since what is
# handled or settled once more has the same ids as before: an error that nobody foresaw, in place of what happens twice.
SEEN = {
    "commit_after_the_answer": r"^(event|letter in the API) .*: lost",
    "acknowledge_before_the_commit": r"^notification .*: lost",
    "forget_what_was_handled": r"^(auth|notify).*: consumer failed IntegrityError ",
    "finish_what_others_took_over": r"^(letters|patients).* IntegrityError ",
    "publish_without_an_id": r"^event .*: published \d+ times",
}
