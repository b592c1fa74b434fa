"""Entries that the other services recorded, each source in its own order."""

from common.consumer import Consumer, consumes
from common.events import AUDIT_SOURCES, AccessRecorded

from auth.audit import service
from auth.backend import Backend, Work


def _storing(source: str) -> Consumer[Backend, AccessRecorded]:
    @consumes(AccessRecorded, durable=f"auth-access-recorded-{source}", at_once=1)
    async def on_access_recorded(work: Work, event: AccessRecorded) -> None:
        await service.store(work, event, source=source)

    return on_access_recorded


CONSUMERS = tuple(map(_storing, AUDIT_SOURCES))
