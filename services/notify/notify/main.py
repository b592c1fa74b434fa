"""Wires notify; nothing is created at import."""

from datetime import timedelta
from functools import partial

from common import clock
from common.app import Service, build_app
from common.work import Work, every
from fastapi import FastAPI

from notify import api, repository, sender
from notify.backend import Backend, open_backend
from notify.consumers import CONSUMERS
from notify.service import SEND_PUSH
from notify.settings import Settings
from notify.webhooks import api as webhooks
from notify.webhooks import repository as webhook_repository
from notify.webhooks import sender as webhook_sender
from notify.webhooks.policy import UNDELIVERED_KEPT
from notify.webhooks.service import CREATE_WEBHOOK

DAY_SECONDS = 86400.0  # it reads all notifications


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app that uvicorn serves."""
    chosen = settings or Settings()
    service = Service(
        name="notify",
        routers=[api.push, api.notifications, webhooks.router],
        open_backend=partial(open_backend, chosen),
        backlogs={"pushes": repository.WAITING, "webhooks": webhook_repository.WAITING},
        operations=[SEND_PUSH, CREATE_WEBHOOK],
        consumers=CONSUMERS,
        loops=[
            *(sender.run, sender.run_reminders, webhook_sender.run),
            every(DAY_SECONDS, partial(forget_the_past, kept=timedelta(days=chosen.notification_retention_days))),
        ],
    )
    return build_app(service, chosen)


async def forget_the_past(work: Work[Backend], *, kept: timedelta) -> None:
    """Drop notifications and readings that are older than they are kept, and what webhooks were not told long ago."""
    before = clock.now() - kept
    await work.little_by_little(partial(repository.forget_notifications, before=before))
    await work.little_by_little(partial(repository.forget_readings, before=before))
    await work.little_by_little(partial(webhook_repository.forget_dead, before=clock.now() - UNDELIVERED_KEPT))
