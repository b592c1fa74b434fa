"""Every query of patient links."""

from datetime import datetime
from uuid import UUID

from common.db import delete_some
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.accounts.models import UserRow
from auth.links.models import LinkCodeRow


def add_code(session: AsyncSession, row: LinkCodeRow) -> None:
    """Store a code that was handed out."""
    session.add(row)


async def lock_code(session: AsyncSession, code_hash: bytes) -> LinkCodeRow | None:
    """A code, locked until the transaction ends."""
    return await session.get(LinkCodeRow, code_hash, with_for_update=True)


async def lock_linked_user(session: AsyncSession, patient_id: UUID) -> UserRow | None:
    """The account that is linked to a patient, locked until the transaction ends."""
    linked = select(UserRow).where(col(UserRow.patient_id) == patient_id).with_for_update()
    return (await session.scalars(linked)).one_or_none()


async def void_codes(session: AsyncSession, patient_id: UUID) -> None:
    """Take back the codes of a patient that nobody has used yet."""
    unused = delete(LinkCodeRow).where(col(LinkCodeRow.patient_id) == patient_id, col(LinkCodeRow.used_at).is_(None))
    await session.execute(unused)


async def forget_codes(session: AsyncSession, *, before: datetime) -> bool:
    """Drop some codes that ran out before a time; whether there were any."""
    return await delete_some(session, LinkCodeRow, col(LinkCodeRow.code_hash), col(LinkCodeRow.expires_at) < before)
