"""Wires the letters service; nothing is created at import."""

from common.app import Service, build_app
from common.fhir import OPERATION_OUTCOME
from fastapi import FastAPI

from letters import api, consumers, operations, service
from letters.clients import Backends, open_backends
from letters.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The letters service.

    Raises:
        pydantic.ValidationError: a setting is missing or wrong; it names the variable.
    """
    chosen = settings or Settings()
    letters: Service[Backends] = Service(
        name="letters",
        routers=[api.router, api.fhir],
        open_backend=lambda: open_backends(chosen),
        checks=lambda backends: {"openehr": backends.ehrbase.tell_product},
        operations=[operations.CREATE_LETTER, operations.CHANGE_LETTER],
        consumers=[consumers.on_patient_created],
        loops=[service.upload_template],
        error_forms={"/api/fhir/": OPERATION_OUTCOME},
    )
    return build_app(letters, chosen)
