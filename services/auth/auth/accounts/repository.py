"""Every query of accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.accounts.models import UserRow


async def add_user(session: AsyncSession, user: UserRow) -> bool:
    """Store an account unless its name or address is taken."""
    statement = insert(UserRow).values(**user.model_dump()).on_conflict_do_nothing().returning(col(UserRow.id))
    return await session.scalar(statement) is not None


async def find_user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> UserRow | None:
    """An account by its id, as it is now; `lock` keeps it so until the transaction ends."""
    return await session.get(UserRow, user_id, with_for_update=lock or None, populate_existing=True)


async def find_login(session: AsyncSession, name: str, *, lock: bool = False) -> UserRow | None:
    """The account with this user name or e-mail address (names have no @); `lock` keeps it so until the transaction
    ends."""
    named = select(UserRow).where(col(UserRow.email if "@" in name else UserRow.username) == name)
    return (await session.scalars(named.with_for_update() if lock else named)).one_or_none()


async def find_activation(session: AsyncSession, code_hash: bytes, *, now: datetime) -> UserRow | None:
    """The account that an activation code opens, while it does."""
    waiting = select(UserRow).where(
        col(UserRow.activation_hash) == code_hash,
        col(UserRow.activation_expires_at) > now,
        col(UserRow.disabled_at).is_(None),
    )
    return (await session.scalars(waiting)).one_or_none()


async def activate(session: AsyncSession, code_hash: bytes, *, password_hash: str) -> bool:
    """Spend an activation code; False when it was spent meanwhile."""
    waiting = update(UserRow).where(col(UserRow.activation_hash) == code_hash)
    spent = waiting.values(password_hash=password_hash, activation_hash=None, activation_expires_at=None)
    return await session.scalar(spent.returning(col(UserRow.id))) is not None


async def replace_password(session: AsyncSession, user_id: UUID, *, known: str, new: str) -> str | None:
    """Store the same password in another form, unless what is stored was changed meanwhile; what is stored then."""
    same = update(UserRow).where(col(UserRow.id) == user_id, col(UserRow.password_hash) == known)
    await session.execute(same.values(password_hash=new))
    return await session.scalar(select(col(UserRow.password_hash)).where(col(UserRow.id) == user_id))


async def lock_admins(session: AsyncSession) -> Sequence[UUID]:
    """The active administrators with a password; whoever changes one of them waits until the transaction ends."""
    active = (col(UserRow.disabled_at).is_(None), col(UserRow.password_hash).is_not(None))
    admins = select(col(UserRow.id)).where(col(UserRow.roles).contains(["admin"]), *active)
    return (await session.scalars(admins.order_by(col(UserRow.id)).with_for_update())).all()


async def list_users(session: AsyncSession, *, q: str | None, after: str | None, limit: int) -> Sequence[UserRow]:
    """Accounts by user name.

    Args:
        q: part of a user name, e-mail address or display name, in any case.
        after: the user name that the page before ended with.
    """
    users = select(UserRow).order_by(col(UserRow.username)).limit(limit)
    if after is not None:
        users = users.where(col(UserRow.username) > after)
    if q:
        columns = (col(UserRow.username), col(UserRow.email), col(UserRow.display_name))
        users = users.where(or_(*(func.lower(column).contains(q.lower(), autoescape=True) for column in columns)))
    return (await session.scalars(users)).all()
