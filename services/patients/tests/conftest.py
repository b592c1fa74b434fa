"""Patients on a real PostgreSQL, before a stand-in for the FHIR server that can be in a bad mood."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from common.db import Database
from common.work import Work
from fastapi import FastAPI
from fleet import migrated_database
from native.bare import PostgresServer
from patients.fhir import FhirServer, open_fhir
from patients.main import create_app
from patients.operations import OPERATIONS
from patients.settings import Settings
from patients_house import StandInFhir
from sqlalchemy import text
from stand_in import ORIGIN, Auth


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def database_url(postgres_server: PostgresServer) -> str:
    return migrated_database(postgres_server, "patients")


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandInFhir]:
    with StandInFhir() as server:
        yield server


@pytest.fixture(scope="session")
def auth() -> Iterator[Auth]:
    with Auth() as server:
        yield server


@pytest.fixture
def fhir(stand_in: StandInFhir) -> StandInFhir:
    """The FHIR server, empty and well."""
    stand_in.reset()
    return stand_in


@pytest.fixture
async def work(database_url: str, fhir: StandInFhir, anyio_backend: str) -> AsyncIterator[Work[FhirServer]]:
    """Work on empty tables; what is announced stays in the outbox for the test to read."""
    database = Database(database_url)
    async with database.transaction() as session:
        await session.execute(text("TRUNCATE operations, outbox, nhs_numbers, indexed_patients CASCADE"))
    async with open_fhir(f"{fhir.url}/fhir") as backend:
        yield Work("patients", database, backend, kinds=OPERATIONS)
    await database.close()


@pytest.fixture(scope="session")
def app_database_url(postgres_server: PostgresServer) -> str:
    """The running app's own database: its completer takes what is overdue there, and each minute it adds an entry for
    strangers, whoever's test is running."""
    return migrated_database(postgres_server, "patients")


@pytest.fixture(scope="session")
def app_stand_in() -> Iterator[StandInFhir]:
    """And its own FHIR server, which it may write to at any time."""
    with StandInFhir() as server:
        yield server


@pytest.fixture
def app_fhir(app_stand_in: StandInFhir) -> StandInFhir:
    """The running app's FHIR server, empty and well."""
    app_stand_in.reset()
    return app_stand_in


@pytest.fixture(scope="session")
async def started_app(
    app_database_url: str, app_stand_in: StandInFhir, auth: Auth, anyio_backend: str
) -> AsyncIterator[FastAPI]:
    """The whole app, without NATS."""
    urls = dict.fromkeys(("auth_url", "patients_url", "letters_url", "notify_url"), auth.url)
    settings = Settings.model_validate(
        {
            **{"mode": "demo", "public_origin": ORIGIN, "database_url": app_database_url, "pseudonym_key": "p" * 32},
            **{"nats_url": "nats://127.0.0.1:1", "nats_user": "patients", "nats_password": "unasked"},
            **{"fhir_url": f"{app_stand_in.url}/fhir", **urls},
        }
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
async def running_app(started_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of the app."""
    async with caller(started_app) as client:
        yield client


def caller(app: FastAPI, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Somebody at an address who calls the app."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 123))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


@pytest.fixture
async def stranger(started_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at an address that no other test calls from."""
    async with caller(started_app, address="192.0.2.7") as client:
        yield client


@pytest.fixture
def client(running_app: httpx.AsyncClient, app_fhir: StandInFhir) -> httpx.AsyncClient:
    """The app, with the FHIR server empty and well."""
    return running_app
