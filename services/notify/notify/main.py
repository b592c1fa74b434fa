"""Wires notify; nothing is created at import."""

from functools import partial

from common.app import Service, build_app
from fastapi import FastAPI

from notify import api, sender
from notify.consumers import CONSUMERS
from notify.push import open_backend
from notify.service import SEND_PUSH
from notify.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app that uvicorn serves."""
    chosen = settings or Settings()
    service = Service(
        name="notify",
        routers=[api.push, api.notifications],
        open_backend=partial(open_backend, chosen),
        operations=[SEND_PUSH],
        consumers=CONSUMERS,
        loops=[sender.run],
    )
    return build_app(service, chosen)
