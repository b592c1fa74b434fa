"""Operational templates in the database, and the parsed ones of this process."""

from datetime import datetime
from typing import Any

import asyncpg

from openehr_server.audits import format_time
from openehr_server.errors import Conflict, NotFound
from openehr_server.template import Template, parse_template


class TemplateStore:
    """A template never changes once uploaded, so what was parsed once is kept."""

    def __init__(self) -> None:
        self._parsed: dict[str, Template] = {}

    async def get(self, connection: asyncpg.Connection, template_id: str) -> Template:
        """Raises NotFound."""
        if template_id not in self._parsed:
            document, _ = await find_document(connection, template_id)
            self._parsed[template_id] = parse_template(document.encode())
        return self._parsed[template_id]


async def add_template(connection: asyncpg.Connection, document: bytes) -> str:
    """Answers the template's id. Raises BadRequest or Conflict."""
    template = parse_template(document)
    added = await connection.fetchval(
        "INSERT INTO template (template_id, concept, archetype_id, document) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING template_id",
        template.template_id,
        template.concept,
        template.archetype_id,
        document.decode(errors="replace"),
    )
    if added is None:
        raise Conflict(f"Operational template with this template ID already exists: {template.template_id}")
    return template.template_id


async def find_document(connection: asyncpg.Connection, template_id: str) -> tuple[str, datetime]:
    """The template as it was uploaded, and when. Raises NotFound."""
    row = await connection.fetchrow("SELECT document, created FROM template WHERE template_id = $1", template_id)
    if row is None:
        raise NotFound(f"Template with template_id '{template_id}' does not exist")
    return row["document"], row["created"]


async def list_templates(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    """What there is, oldest first."""
    rows = await connection.fetch("SELECT concept, template_id, archetype_id, created FROM template ORDER BY created")
    return [
        {
            "concept": row["concept"],
            "template_id": row["template_id"],
            "archetype_id": row["archetype_id"],
            "created_timestamp": format_time(
                row["created"].replace(microsecond=row["created"].microsecond // 1000 * 1000)
            ),
        }
        for row in rows
    ]
