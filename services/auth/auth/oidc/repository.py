"""Every query of sign-ins at the provider."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.accounts.models import UserRow
from auth.oidc.models import IdentityRow, StartRow


def add_start(session: AsyncSession, row: StartRow) -> None:
    """Store a sign-in that begins."""
    session.add(row)


async def take_start(session: AsyncSession, state_hash: bytes) -> StartRow | None:
    """A sign-in that began, once: whoever asks again finds nothing."""
    taken = delete(StartRow).where(col(StartRow.state_hash) == state_hash).returning(StartRow)
    return (await session.scalars(taken)).one_or_none()


async def lock_user(session: AsyncSession, *, issuer: str, subject: str) -> UserRow | None:
    """The account of an identity; it, or its absence, stays so until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{issuer} {subject}", 0))))
    owner = (
        select(UserRow)
        .join(IdentityRow, col(IdentityRow.user_id) == col(UserRow.id))
        .where(col(IdentityRow.issuer) == issuer, col(IdentityRow.subject) == subject)
        .with_for_update(of=UserRow)
    )
    return (await session.scalars(owner)).one_or_none()


def add_identity(session: AsyncSession, row: IdentityRow) -> None:
    """Store whose account an identity opens."""
    session.add(row)


async def forget_starts(session: AsyncSession, *, before: datetime) -> None:
    """Drop sign-ins that never came back."""
    await session.execute(delete(StartRow).where(col(StartRow.expires_at) < before))
