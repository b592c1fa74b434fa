"""Endpoints of the audit trail."""

from typing import Annotated

from common.policy import PolicyRouter, allow
from common.rest import CurrentCaller, CurrentWork, Cursor, Limit, Page
from fastapi import Query

from auth.audit import policy, service
from auth.audit.schemas import AuditEntry, AuditQuery, OwnAuditEntry

router = PolicyRouter("/auth/audit")


@router.get("", tags=["audit"])
@allow(policy.READ_TRAIL, audits="audit")
async def list_entries(
    query: Annotated[AuditQuery, Query()], caller: CurrentCaller, work: CurrentWork
) -> Page[AuditEntry]:
    """Who did what, newest first."""
    return await service.list_entries(work, caller, query=query)


@router.get("/mine", tags=["audit"])
@allow(policy.READ_OWN_TRAIL, audits="audit")
async def list_my_entries(
    caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[OwnAuditEntry]:
    """Who did what with my record, newest first."""
    return await service.list_my_entries(work, caller, limit=limit, cursor=cursor)
