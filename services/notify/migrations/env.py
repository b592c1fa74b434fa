"""Alembic's entry: brings notify's database to the newest schema, under the role that owns it."""

import os

import notify.models
import notify.webhooks.models  # noqa: F401 - so does this
from common.db import run_migrations
from sqlmodel import SQLModel

run_migrations(SQLModel.metadata, url=os.environ["QUILL_MIGRATION_DATABASE_URL"])
