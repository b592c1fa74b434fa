"""Alembic's entry: the tables of patients, with the rights of the database's owner."""

import os

from common.db import run_migrations
from patients import models
from sqlmodel import SQLModel

assert models.__all__  # noqa: S101 - importing them has declared the tables
run_migrations(SQLModel.metadata, url=os.environ["QUILL_MIGRATION_DATABASE_URL"])
