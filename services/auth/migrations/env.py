"""Alembic's entry: auth's tables and where they stand."""

import os

import auth.accounts.models
import auth.audit.models
import auth.links.models
import auth.oidc.models
import auth.sessions.models
import auth.signin.models
import auth.throttles
import auth.totp.models
from common.db import run_migrations
from common.inbox import InboxRow
from common.operations import OperationRow
from common.outbox import OutboxRow
from sqlmodel import SQLModel

__all__ = ["InboxRow", "OperationRow", "OutboxRow", "auth"]

run_migrations(SQLModel.metadata, url=os.environ["QUILL_MIGRATION_DATABASE_URL"])
