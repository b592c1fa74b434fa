"""Auth on a real PostgreSQL, with bcrypt at its lowest cost and a patients service on loopback that tests can turn."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from auth.audit.service import keep
from auth.backend import Backend
from auth.oidc.clients import Provider
from auth.passwords import PasswordHasher
from auth.sessions.keys import KeyRing
from auth.settings import Settings
from auth.vault import Vault
from auth_stage import MakeSettings, Patients, Stage
from common import http
from common.db import Database
from common.work import Work
from fleet import migrated_database
from native.bare import PostgresServer
from oidc_house import OidcHouse
from oidc_provider import OidcProvider, oidc_settings
from sqlalchemy import text
from stand_in import ORIGIN

TABLES = (
    "users, identities, oidc_starts, sessions, refresh_tokens, login_challenges, totp, link_codes, throttles, outbox, "
    "operations, inbox, audit_entries"
)
NEW_CHAINS = "UPDATE audit_chains SET position = pruned_position, hash = pruned_hash"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def auth_database(postgres_server: PostgresServer) -> str:
    return migrated_database(postgres_server, "auth")


@pytest.fixture
def patients() -> Iterator[Patients]:
    with Patients() as server:
        yield server


@pytest.fixture
def make_settings(auth_database: str, patients: Patients) -> MakeSettings:
    def make(**changes: object) -> Settings:
        return Settings.model_validate(
            {
                "mode": "demo",
                "public_origin": ORIGIN,
                "database_url": auth_database,
                "nats_url": "nats://127.0.0.1:1",
                "nats_user": "auth",
                "nats_password": "q-auth-password",
                **dict.fromkeys(("auth_url", "letters_url", "notify_url"), "http://127.0.0.1:1"),
                "patients_url": patients.url,
                "pseudonym_key": "p" * 32,
                "password_pepper": "k" * 32,
                "refresh_key": "r" * 32,
                "encryption_key": "e" * 32,
                "login_failures_per_minute": 1000,
                "registrations_per_hour": 1000,
                **changes,
            }
        )

    return make


@pytest.fixture
async def stage(make_settings: MakeSettings, anyio_backend: str) -> AsyncIterator[Stage]:
    settings = make_settings()
    database = Database(settings.database_url.get_secret_value())
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {TABLES}"))
        await session.execute(text(NEW_CHAINS))
    passwords = PasswordHasher(settings.password_peppers, cost=4)
    async with http.create_client(settings.patients_url) as client:
        vault = Vault(settings.encryption_keys)
        backend = Backend(settings=settings, passwords=passwords, keys=KeyRing(vault), vault=vault, patients=client)
        yield Stage(Work("auth", database, backend, keep=keep))
    passwords.close()
    await database.close()


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()
    yield provider
    provider.stop()


@pytest.fixture
async def house(stage: Stage, identity_provider: OidcProvider, make_settings: MakeSettings) -> AsyncIterator[OidcHouse]:
    """A stage with an honest provider and a clinician at its keyboard."""
    identity_provider.be_honest()
    claims = {"preferred_username": "m.hartley", "email": "m.hartley@hospital.example"}
    identity_provider.sign_in("s-1", groups=["clinicians", "canteen"], **claims)
    settings = make_settings(**oidc_settings(identity_provider.server_port))
    async with http.create_client(identity_provider.issuer) as client:
        backend = replace(stage.work.backend, settings=settings, provider=Provider(settings, client))
        yield OidcHouse(replace(stage.work, backend=backend), provider=identity_provider)
