"""Every query of sessions, refresh tokens and signing keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.auth import Caller
from common.db import delete_some
from sqlalchemy import RowMapping, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from auth.accounts.models import UserRow
from auth.sessions.models import RefreshTokenRow, SessionRow, SigningKeyRow

_FIRST_KEY_LOCK = 7_141_001


async def lock_session_of(session: AsyncSession, token_hash: bytes) -> SessionRow | None:
    """The session that a refresh token belongs to, locked until the transaction ends."""
    family = select(col(RefreshTokenRow.session_id)).where(col(RefreshTokenRow.token_hash) == token_hash)
    owner = select(SessionRow).where(col(SessionRow.id) == family.scalar_subquery()).with_for_update()
    return (await session.scalars(owner)).one_or_none()


async def lock_session(session: AsyncSession, *, session_id: UUID, user_id: UUID) -> SessionRow | None:
    """A user's session, locked until the transaction ends."""
    own = select(SessionRow).filter_by(id=session_id, user_id=user_id).with_for_update()
    return (await session.scalars(own)).one_or_none()


async def get_token(session: AsyncSession, token_hash: bytes) -> RefreshTokenRow:
    """A refresh token that exists."""
    return await session.get_one(RefreshTokenRow, token_hash, populate_existing=True)


async def get_head(session: AsyncSession, session_id: UUID) -> RefreshTokenRow:
    """The newest refresh token of a family."""
    family = select(RefreshTokenRow).where(col(RefreshTokenRow.session_id) == session_id)
    return (await session.scalars(family.order_by(col(RefreshTokenRow.generation).desc()).limit(1))).one()


async def end_sessions(
    session: AsyncSession, *, user_id: UUID, now: datetime, but: UUID | None = None
) -> Sequence[SessionRow]:
    """End the user's sessions and hand them back."""
    living = [col(SessionRow.user_id) == user_id, col(SessionRow.ended_at).is_(None)]
    if but is not None:
        living.append(col(SessionRow.id) != but)
    ended = update(SessionRow).where(*living).values(ended_at=now).returning(SessionRow)
    return (await session.scalars(ended)).all()


async def list_living(
    session: AsyncSession,
    user_id: UUID,
    *,
    since: tuple[datetime, datetime],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[SessionRow]:
    """A user's sessions that began and were seen after two times and were not ended; newest first."""
    began, seen = since
    position = tuple_(col(SessionRow.created_at), col(SessionRow.id))
    query = select(SessionRow).filter_by(user_id=user_id, ended_at=None)
    query = query.where(col(SessionRow.created_at) > began, col(SessionRow.last_seen_at) > seen)
    if before is not None:
        query = query.where(position < before)
    ordered = query.order_by(col(SessionRow.created_at).desc(), col(SessionRow.id).desc())
    return (await session.scalars(ordered.limit(limit))).all()


# Asked at each call of /api/auth/me: put together once, and read without making objects of a session.
_BEHIND = (
    select(UserRow.metadata.tables["users"])
    .join(SessionRow, col(SessionRow.user_id) == col(UserRow.id))
    .where(
        col(SessionRow.id) == bindparam("session_id"),
        col(SessionRow.created_at) > bindparam("began"),
        col(SessionRow.last_seen_at) > bindparam("seen"),
        col(SessionRow.ended_at).is_(None),
        col(UserRow.id) == bindparam("user_id"),
        col(UserRow.token_version) <= bindparam("token_version"),
        col(UserRow.disabled_at).is_(None),
    )
)


async def find_behind(
    connection: AsyncConnection, caller: Caller, *, since: tuple[datetime, datetime]
) -> RowMapping | None:
    """The account behind an access token, unless that version of its tokens or its session has ended.

    Args:
        since: the times after which a living session has begun, and was seen last.
    """
    began, seen = since
    asked = {"session_id": caller.session_id, "user_id": caller.user_id, "token_version": caller.token_version}
    found = await connection.execute(_BEHIND, {**asked, "began": began, "seen": seen})
    return found.mappings().one_or_none()


async def list_signing_keys(session: AsyncSession) -> Sequence[SigningKeyRow]:
    """The signing keys in the order in which they become active."""
    return (await session.scalars(select(SigningKeyRow).order_by(col(SigningKeyRow.active_from)))).all()


async def add_first_signing_key(session: AsyncSession, key: SigningKeyRow) -> Sequence[SigningKeyRow]:
    """Store the first key unless another replica did, so that all agree; returns what is stored."""
    await session.execute(select(func.pg_advisory_xact_lock(_FIRST_KEY_LOCK)))
    known = await list_signing_keys(session)
    if known:
        return known
    session.add(key)
    return [key]


async def forget_sessions(session: AsyncSession, *, before: datetime) -> bool:
    """Drop some sessions that began before a time at which none can be alive, with their refresh tokens, which can be
    hundreds of each; whether there were any."""
    return await delete_some(session, SessionRow, col(SessionRow.id), col(SessionRow.created_at) < before, most=100)
