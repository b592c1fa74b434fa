"""What is done for one request has its trace, wherever and whenever it is done, and every log line says so."""

import asyncio
import json
import subprocess
import sys
from contextvars import copy_context
from typing import Any
from uuid import UUID, uuid4

import pytest
from common import consumer, http, logging
from common.audit import Access, Actor
from common.consumer import consumes
from common.db import Database
from common.errors import BackendUnavailable, OutcomeUnknown
from common.events import PatientCreated
from common.operations import Operation, OperationKind, Outcome
from common.outbox import OutboxRow, Relay
from common.work import Work
from nats.aio.client import Client
from provision.streams import provision
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from stand_in import ORIGIN

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"
REQUEST = "0b1f7a52-93a4-4f0e-9c57-d6a4a7c9be11"
LINES = """
import logging as stdlib
from common import logging
logging.configure("INFO", pseudonym_key=b"k" * 32)
logging.get_logger("quill").info("of no request")
logging.begin_trace(None, request="%s")
logging.get_logger("quill").info("of a request")
stdlib.getLogger("uvicorn.error").info("of a library")
"""


def begun(sent: str | None, request: str | None) -> tuple[str, str]:
    """The ids of what begins so, in a context of its own."""
    context = copy_context()
    request_id = context.run(logging.begin_trace, sent, request=request)
    assert context[logging.request_id] == request_id
    assert logging.TRACEPARENT.fullmatch(context[logging.traceparent])
    return request_id, context[logging.traceparent][3:35]


@pytest.mark.parametrize(
    ("sent", "request_id", "expected"),
    [
        (GIVEN, REQUEST, (REQUEST, TRACE)),
        (None, REQUEST, (REQUEST, REQUEST.replace("-", ""))),
        (None, REQUEST.upper(), (REQUEST, REQUEST.replace("-", ""))),
        ("00-nonsense-01", REQUEST, (REQUEST, REQUEST.replace("-", ""))),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", REQUEST, (REQUEST, REQUEST.replace("-", ""))),
        (GIVEN, None, (str(UUID(TRACE)), TRACE)),
        (GIVEN, "no uuid", (str(UUID(TRACE)), TRACE)),
    ],
)
async def test_either_id_follows_from_the_other(
    sent: str | None, request_id: str | None, expected: tuple[str, str]
) -> None:
    assert begun(sent, request_id) == expected


async def test_ids_are_made_where_none_is_known_or_none_can_be_a_trace() -> None:
    assert begun(None, None) != begun(None, None)
    request_id, trace_id = begun(None, str(UUID(int=0)))
    assert (request_id, trace_id == "0" * 32) == (str(UUID(int=0)), False)


async def test_every_line_has_both_ids() -> None:
    told = subprocess.check_output([sys.executable, "-c", LINES % REQUEST], text=True, timeout=60)
    own, ours, librarys = (json.loads(line) for line in told.splitlines())
    assert UUID(own["request_id"]).hex == own["trace_id"]
    for line in (ours, librarys):
        assert (line["request_id"], line["trace_id"]) == (REQUEST, REQUEST.replace("-", ""))


async def test_backend_is_told_the_trace_and_the_request() -> None:
    heads: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    logging.begin_trace(GIVEN, request=REQUEST)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, http.create_client(url) as client:
        await http.call(client, "GET", "/")
    (head,) = heads
    assert {f"traceparent: {GIVEN}", f"x-request-id: {REQUEST}"} <= {line.lower() for line in head.splitlines()}


class Note(BaseModel):
    text: str


async def put(answers: list[bool], _operation: Operation[Note]) -> int:
    if not answers.pop(0):
        raise BackendUnavailable
    return 1


async def announce(_session: AsyncSession, operation: Operation[Note], version: int) -> Outcome:
    return Outcome(
        answer={"version": version},
        events=[PatientCreated(patient_id=operation.target_id, version=version)],
        audit=[Access(action="C", resource="note")],
    )


PUT = OperationKind(name="note.put", intent=Note, perform=put, finish=announce)


async def test_write_that_is_completed_later_goes_on_with_its_trace(database: Database) -> None:
    work = Work("patients", database, [False, True], kinds=(PUT,))
    logging.begin_trace(GIVEN, request=REQUEST)
    with pytest.raises(OutcomeUnknown):
        await work.operation(PUT, Note(text="x"), actor=Actor(user_id=uuid4(), request_id=REQUEST), idempotency=None)
    async with database.transaction() as session:
        await session.execute(text("UPDATE operations SET lease_until = now(), next_try_at = now()"))
    logging.begin_trace()  # as another process has it
    assert await asyncio.create_task(work.complete_overdue())
    async with database.transaction() as session:
        told = (await session.scalars(select(OutboxRow))).all()
    assert [row.headers["traceparent"] for row in told] == [GIVEN, GIVEN]


async def test_consumer_goes_on_with_the_trace_of_what_caused_the_event(database: Database, client: Client) -> None:
    await provision(client.jetstream())
    seen: list[tuple[str, str]] = []
    patient_id = uuid4()

    @consumes(PatientCreated, durable="letters-patient-created")
    async def look(_work: Work[Any], event: PatientCreated) -> None:
        if event.patient_id == patient_id:
            seen.append((logging.request_id.get(), logging.traceparent.get()))

    work = Work("letters", database, None, Relay(database, client, origin=ORIGIN))
    running = asyncio.create_task(consumer.run(look, work, client))
    headers = {"ce-id": str(uuid4()), "ce-type": PatientCreated.subject, "traceparent": GIVEN}
    body = PatientCreated(patient_id=patient_id, version=1).model_dump_json().encode()
    await client.jetstream().publish(PatientCreated.subject, body, headers=headers)
    async with asyncio.timeout(30):
        while not seen:
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert seen == [(str(UUID(TRACE)), GIVEN)]
