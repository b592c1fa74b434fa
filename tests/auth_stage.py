"""A stage for tests of auth's use cases: its database, its people, and a patients service on loopback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auth.accounts import service as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import Activate, Register, UserCreate
from auth.audit.models import AuditEntryRow
from auth.backend import Work
from auth.passwords import PasswordHasher
from auth.sessions import service as sessions
from auth.sessions.service import Issued
from auth.settings import Settings
from auth.signin import service as signin
from auth.signin.schemas import Login
from auth.vault import Vault
from auth.visitor import Visitor
from common.auth import Caller, TokenVerifier
from common.outbox import OutboxRow
from sqlalchemy import func, select, text
from sqlmodel import col
from stand_in import ORIGIN, Answer, Handler, Server, as_json

PASSWORD = "an entirely unremarkable phrase"

type MakeSettings = Callable[..., Settings]


class Patients(Server):
    """Answers for a patients service: `answers` maps a patient's id to status and body, others are 404."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.asked: list[Mapping[str, str]] = []

    def answer(self, request: Handler, body: bytes) -> Answer:
        self.asked.append({"path": request.path, **{name.lower(): value for name, value in request.headers.items()}})
        return as_json(*self.answers.get(request.path.split("/")[3], (404, {})))


@dataclass
class Stage:
    """Auth's use cases on empty tables; what they announce stays in the outbox for the test to read."""

    work: Work
    visitor: Visitor = field(default_factory=lambda: Visitor(address="192.0.2.7", user_agent="test"))

    def under(self, settings: Settings) -> "Stage":
        """The same database under other settings."""
        passwords, vault = PasswordHasher(settings.password_peppers, cost=4), Vault(settings.encryption_keys)
        backend = replace(self.work.backend, settings=settings, passwords=passwords, vault=vault)
        return Stage(replace(self.work, backend=backend))

    async def register(self, name: str, *, password: str = PASSWORD) -> UserRow:
        form = {"username": name, "email": f"{name}@example.org", "password": password}
        return await accounts.register(self.work, form=Register.model_validate(form), visitor=self.visitor)

    async def log_in(self, name: str, password: str = PASSWORD, *, code: str | None = None) -> Issued:
        form = Login.model_validate({"username": name, "password": password, "totp_code": code})
        return await signin.log_in(self.work, form=form, visitor=self.visitor)

    async def refresh(self, issued: Issued, *, token: str | None = None) -> Issued:
        presented, csrf_token = token or issued.refresh_token, issued.session.csrf_token
        return await sessions.refresh(self.work, presented=presented, csrf_token=csrf_token, visitor=self.visitor)

    async def caller(self, issued: Issued) -> Caller:
        """Who the access token says its bearer is, as every service finds out."""

        async def fetch() -> Mapping[str, Any]:
            return await sessions.get_public_keys(self.work)

        return await TokenVerifier(issuer=ORIGIN, fetch_keys=fetch).verify(issued.session.access_token)

    async def staff(self, name: str, *roles: str) -> Caller:
        """An account with roles, made in the database as the first administrator is, and signed in."""
        await self.register(name)
        await self.execute("UPDATE users SET roles = :roles WHERE username = :name", roles=list(roles), name=name)
        return await self.caller(await self.log_in(name))

    async def invite(self, admin: Caller, name: str, *roles: str) -> tuple[UserRow, str]:
        form = {"username": name, "email": f"{name}@example.org", "roles": list(roles)}
        return await accounts.create_user(self.work, admin, form=UserCreate.model_validate(form))

    async def activate(self, code: str, password: str = PASSWORD) -> None:
        form = Activate.model_validate({"activation_code": code, "password": password})
        await accounts.activate(self.work, form=form, visitor=self.visitor)

    async def execute(self, statement: str, **values: object) -> None:
        """Bring the tables into a state that only time would."""
        async with self.work.database.transaction() as session:
            await session.execute(text(statement), values)

    async def facts(self, name: str) -> list[dict[str, Any]]:
        """Bodies of the announced events of one kind, for instance `session.revoked`, in their order."""
        wanted = col(OutboxRow.subject).contains(name)
        async with self.work.database.transaction() as session:
            rows = await session.scalars(select(OutboxRow).where(wanted).order_by(col(OutboxRow.seq)))
            return [row.body for row in rows]

    async def audited(self, resource: str) -> list[tuple[str, str]]:
        """Action and outcome of the audit entries about a kind of thing."""
        wanted = func.split_part(col(AuditEntryRow.resource), ":", 1) == resource
        async with self.work.database.transaction() as session:
            rows = await session.scalars(select(AuditEntryRow).where(wanted).order_by(col(AuditEntryRow.position)))
            return [(row.action, row.outcome) for row in rows]
