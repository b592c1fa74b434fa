"""Every query of sign-ins at the provider."""

from datetime import datetime

from common.db import delete_some
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.accounts.models import UserRow
from auth.oidc.models import IdentityRow, StartRow


async def take_start(session: AsyncSession, start_hash: bytes, *, now: datetime) -> bytes | None:
    """What was sealed when a sign-in began, once: whoever asks again finds nothing."""
    start = delete(StartRow).where(col(StartRow.start_hash) == start_hash, col(StartRow.expires_at) > now)
    sealed: bytes | None = await session.scalar(start.returning(col(StartRow.sealed)))
    return sealed


async def lock_user(session: AsyncSession, *, issuer: str, subject: str) -> UserRow | None:
    """The account of an identity; it, or that there is none, stays so until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{issuer} {subject}", 0))))
    owner = select(UserRow).join(IdentityRow, col(IdentityRow.user_id) == col(UserRow.id))
    known = owner.where(col(IdentityRow.issuer) == issuer, col(IdentityRow.subject) == subject)
    return (await session.scalars(known.with_for_update(of=UserRow))).one_or_none()


async def forget_starts(session: AsyncSession, *, before: datetime) -> bool:
    """Drop some sign-ins that never came back; whether there were any."""
    return await delete_some(session, StartRow, col(StartRow.start_hash), col(StartRow.expires_at) < before)
