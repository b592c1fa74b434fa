"""Every query of sign-ins that wait for their second factor."""

from datetime import datetime

from common.db import delete_some
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.signin.models import ChallengeRow


def add_challenge(session: AsyncSession, row: ChallengeRow) -> None:
    """Store a challenge that was handed out."""
    session.add(row)


async def find_challenge(session: AsyncSession, challenge_hash: bytes) -> ChallengeRow | None:
    """A challenge, whatever became of it."""
    return await session.get(ChallengeRow, challenge_hash)


async def reserve_try(
    session: AsyncSession, challenge_hash: bytes, *, tries: int, now: datetime
) -> ChallengeRow | None:
    """Count a try at a challenge before it is checked, in one statement; None when none is left or it is over."""
    row = update(ChallengeRow).where(
        col(ChallengeRow.challenge_hash) == challenge_hash,
        col(ChallengeRow.expires_at) > now,
        col(ChallengeRow.tries) < tries,
    )
    return await session.scalar(row.values(tries=ChallengeRow.tries + 1).returning(ChallengeRow))


async def spend_challenge(session: AsyncSession, challenge_hash: bytes) -> bool:
    """A challenge opens one session; False when it did so meanwhile."""
    row = delete(ChallengeRow).where(col(ChallengeRow.challenge_hash) == challenge_hash)
    return await session.scalar(row.returning(col(ChallengeRow.challenge_hash))) is not None


async def forget_challenges(session: AsyncSession, *, before: datetime) -> bool:
    """Drop some challenges that ran out before a time; whether there were any."""
    return await delete_some(
        session, ChallengeRow, col(ChallengeRow.challenge_hash), col(ChallengeRow.expires_at) < before
    )
