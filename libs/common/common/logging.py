"""JSON logs on stdout with the request's id; patients appear only as pseudonyms, bodies and queries never."""

import hashlib
import hmac
import logging
import secrets
import sys
from contextvars import ContextVar
from uuid import UUID

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
_pseudonym_key = b""


def configure(level: str, *, pseudonym_key: bytes) -> None:
    """Send structlog's and the libraries' lines to stdout as JSON.

    Args:
        level: the lowest level that is written.
        pseudonym_key: HMAC key of `pseudonym`, at least 32 bytes.
    """
    global _pseudonym_key
    _pseudonym_key = pseudonym_key
    processors: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _describe_exception,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        # uvicorn's access lines would hold queries, and come whenever anybody listens, whatever its options say.
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for noisy in ("httpx", "nats", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def pseudonym(patient_id: UUID | None) -> str | None:
    """A stable stand-in for a patient in logs, so that lines can be joined without naming anyone."""
    if patient_id is None:
        return None
    return hmac.new(_pseudonym_key, patient_id.bytes, hashlib.sha256).hexdigest()[:16]


def new_traceparent() -> str:
    """A fresh W3C trace context (Trace Context §3.2), sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _add_request_id(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    if value := request_id.get():
        event["request_id"] = value
    return event


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
