"""JSON logs on stdout, each line with request and trace; patients only as pseudonyms, bodies and queries never."""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context §3.2
_pseudonym_key = b""
REQUEST_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_own_id = uuid4()  # of the process: in lines that belong to no request


def configure(level: str, *, pseudonym_key: bytes) -> None:
    """Send structlog's and the libraries' lines to stdout as JSON.

    Args:
        level: the lowest level that is written.
        pseudonym_key: HMAC key of `pseudonym`, at least 32 bytes.
    """
    global _pseudonym_key
    _pseudonym_key = pseudonym_key
    told: list[structlog.types.Processor] = [
        _add_ids,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[structlog.types.Processor] = [_describe_exception, structlog.processors.JSONRenderer()]
    # Our own lines do not pass the standard library, which would take most of the time of one (measured).
    structlog.configure(
        processors=[*told, *written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=told,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        # uvicorn's access lines would hold queries, and come whenever anybody listens, whatever its options say.
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for noisy in ("httpx", "nats", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Lines:
    """Writes the lines of one module. A disk that is full or a reader that has gone stops nobody's work."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, line: str) -> None:
        with suppress(OSError):
            print(f"{line}\n", end="", file=sys.__stdout__, flush=True)

    debug = info = warning = error = critical = write


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def tell_of_unseen(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """For a task whose exception nobody has looked at: asyncio's own line would hold what it says (a row, a value)."""
    get_logger(__name__).error(context["message"], exc_info=context.get("exception"))


def pseudonym(patient_id: UUID | None) -> str | None:
    """A stable stand-in for a patient in logs, so that lines can be joined without naming anyone."""
    if patient_id is None:
        return None
    return hmac.new(_pseudonym_key, patient_id.bytes, hashlib.sha256).hexdigest()[:16]


def begin_trace(sent: str | None = None, *, request: str | None = None) -> str:
    """Name what this task does from here on, in its log lines, calls and events (ADR 17).

    Each id follows from the other where only one is known: a trace that starts here has the request's id, less dashes.

    Args:
        sent: the traceparent that came with the work.
        request: the id of the request. What is not valid, or no UUID, counts as none.

    Returns:
        The id of the request.
    """
    trace, asked = TRACEPARENT.fullmatch(sent or ""), REQUEST_ID.fullmatch(request or "")
    own = UUID(asked[0]) if asked else UUID(trace[0][3:35]) if trace else uuid4()
    request_id.set(str(own))
    traceparent.set(trace[0] if trace else f"00-{own.hex if own.int else uuid4().hex}-{secrets.token_hex(8)}-01")
    return str(own)


def _add_ids(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    ids = {"request_id": request_id.get() or str(_own_id), "trace_id": traceparent.get()[3:35] or _own_id.hex}
    return {**event, **ids}


def _describe_exception(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Keep where it happened and drop what it said: messages of drivers and validators quote values."""
    exc = event.pop("exc_info", None)
    error = sys.exc_info()[1] if exc is True else exc[1] if isinstance(exc, tuple) else exc
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["at"] = frames[-6:]
    return event
