"""What Alembic runs: the tables of letters against the database of QUILL_MIGRATION_DATABASE_URL."""

import os

from common.db import run_migrations
from letters.models import PatientEhrRow

run_migrations(PatientEhrRow.metadata, url=os.environ["QUILL_MIGRATION_DATABASE_URL"])
