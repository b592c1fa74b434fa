"""The app of patients: the only place where its parts are wired."""

from common.app import Service, build_app
from common.fhir import OPERATION_OUTCOME
from fastapi import FastAPI

from patients import api
from patients.fhir import open_fhir
from patients.operations import OPERATIONS
from patients.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, for `uvicorn --factory`."""
    settings = settings or Settings()
    service = Service(
        name="patients",
        routers=[api.patients, api.fhir_patients, api.internal],
        open_backend=lambda: open_fhir(settings.fhir_url),
        checks=lambda fhir: {"fhir": fhir.check},
        operations=OPERATIONS,
        error_forms={"/api/fhir/": OPERATION_OUTCOME},
    )
    return build_app(service, settings)
