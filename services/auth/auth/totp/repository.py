"""Every query of second factors."""

from uuid import UUID

from sqlalchemy import any_, delete, func, literal, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.totp.models import TotpRow


async def find_totp(session: AsyncSession, user_id: UUID) -> TotpRow | None:
    """An account's second factor, active or waiting for its first code."""
    return await session.get(TotpRow, user_id)


async def replace_totp(session: AsyncSession, row: TotpRow) -> None:
    """Store a new second factor; one that was never confirmed is forgotten."""
    await session.merge(row)


async def delete_totp(session: AsyncSession, user_id: UUID) -> None:
    """Forget an account's second factor with its recovery codes."""
    await session.execute(delete(TotpRow).where(col(TotpRow.user_id) == user_id))


async def spend_step(session: AsyncSession, user_id: UUID, *, step: int, sealed: bytes) -> bool:
    """Let the code of a step count once; False when that step or a later one did already.

    Args:
        sealed: the seed, sealed anew, so that an old encryption key can go.
    """
    unspent = update(TotpRow).where(col(TotpRow.user_id) == user_id, col(TotpRow.last_step) < step)
    spent = unspent.values(last_step=step, sealed=sealed).returning(col(TotpRow.user_id))
    return await session.scalar(spent) is not None


async def spend_recovery_code(session: AsyncSession, user_id: UUID, code_hash: bytes) -> bool:
    """Let a recovery code count once."""
    hashes = col(TotpRow.recovery_hashes)
    unspent = update(TotpRow).where(col(TotpRow.user_id) == user_id, literal(code_hash) == any_(hashes))
    spent = unspent.values(recovery_hashes=func.array_remove(hashes, code_hash)).returning(col(TotpRow.user_id))
    return await session.scalar(spent) is not None
