"""What the use cases work with besides the database: hashing, signing, the patients service, limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from common import http
from common.health import LIVES
from common.work import Work as CommonWork

from auth.oidc.clients import CALL_SECONDS, Provider
from auth.passwords import PasswordHasher
from auth.sessions.keys import KeyRing
from auth.settings import Settings
from auth.throttles import Turns, Window
from auth.vault import Vault

PATIENTS_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Process-wide parts, made once at start-up."""

    settings: Settings
    passwords: PasswordHasher
    keys: KeyRing
    vault: Vault
    patients: httpx.AsyncClient
    provider: Provider | None = None
    turns: Turns = field(default_factory=Turns)

    @property
    def sign_ins(self) -> Window:
        """How many sign-ins may fail from one client address."""
        return Window("login-address", tries=self.settings.login_failures_per_minute, seconds=60)

    @property
    def registrations(self) -> Window:
        """How many accounts may be opened from one client address."""
        return Window("register-address", tries=self.settings.registrations_per_hour, seconds=3600)


type Work = CommonWork[Backend]


@asynccontextmanager
async def open_backend(settings: Settings) -> AsyncIterator[Backend]:
    """The parts for the life of a process."""
    passwords = PasswordHasher(settings.password_peppers)
    try:
        async with (
            http.create_client(settings.patients_url, "patients", timeout=PATIENTS_SECONDS, probe=LIVES) as patients,
            http.create_client(settings.oidc_issuer or "", "identity-provider", timeout=CALL_SECONDS) as client,
        ):
            vault = Vault(settings.encryption_keys)
            yield Backend(
                settings=settings,
                passwords=passwords,
                keys=KeyRing(vault),
                vault=vault,
                patients=patients,
                provider=Provider(settings, client) if settings.oidc_issuer else None,
            )
    finally:
        passwords.close()
