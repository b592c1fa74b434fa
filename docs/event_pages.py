"""What is generated from the event catalogue: the AsyncAPI document, a schema and a page for each event."""

import inspect
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

from common.events import AUDIT_SOURCES, DURABLES, FACTS, STREAMS, WEBHOOK_FACTS, AccessRecorded, Durable, Event
from common.outbox import SCHEMA, Envelope
from markdown_it import MarkdownIt
from provision.streams import consumer_config

DIALECT = "http://json-schema.org/draft-07/schema#"  # of which AsyncAPI's own schema language is a superset
CONTRACT = Path(__file__).with_name("events") / "contract.md"
EXAMPLE_ORIGIN = "https://quill.example.org"
EXAMPLE_TIME = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
SHOWN_LINKS = {
    "](../libs/common/common/data/asyncapi.json)": "](/api/docs/events.json)",
    "\n([released](released))": "",
    "[Consume events](consume-events.md)": "docs/consume-events.md",
    ".md)": ")",
}
PARTNERS_STREAM = "LETTERS"  # the one that NATS's partner user reads (infra/nats/nats-server.conf)
MEMBERS = dict(re.findall(r"^ {4}(\w+): (.+)$", inspect.getdoc(Event) or "", re.MULTILINE))


def documents(root: Path, data: Path) -> dict[Path, str]:
    """Every generated file about events with its text.

    Args:
        root: the folder `docs`.
        data: the folder of the files that the services show.
    """
    pages = {fact.subject: _page(fact) for fact in FACTS}
    schemas = {fact.subject: schema_of(fact) for fact in FACTS} | {"headers": headers_schema()}
    shown = {"index": _index(), "contract": CONTRACT.read_text()} | pages
    return {
        data / "asyncapi.json": _json(asyncapi()),
        data / "events.json": _json({name: _html(text) for name, text in shown.items()}),
        root / "events.md": _index(),
        **{root / f"events/{name}.md": text for name, text in pages.items()},
        **{root / f"events/{name}.json": _json(schema) for name, schema in schemas.items()},
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _html(markdown: str) -> str:
    """As the services show it: the same text, with links to the addresses at which they show the rest."""
    for link, shown in SHOWN_LINKS.items():
        markdown = markdown.replace(link, shown)
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


def summary_of(fact: type[Event]) -> str:
    """The meaning of an event: the first line of its own docstring."""
    return (vars(fact).get("__doc__") or "").splitlines()[0]


def example_of(fact: type[Event]) -> Event:
    """A golden example: the same ids for the same members in every event."""
    values = {name: _example_value(name, field.annotation) for name, field in fact.model_fields.items()}
    first = {"version": 1 if fact.subject.endswith(".created") else 2}
    return fact.model_validate(values | first)


def _example_value(name: str, annotation: Any) -> Any:
    chosen = {
        "roles": ["clinician"],
        "resource": "letter",
        "address": "203.0.113.7",
        "request_id": str(made_id("request")),
    }
    if name in chosen:
        return chosen[name]
    kinds = get_args(annotation) or (annotation,)
    by_kind = {UUID: made_id(name), datetime: EXAMPLE_TIME, int: 1, bool: False, str: str(made_id(name))}
    return next((by_kind[kind] for kind in kinds if kind in by_kind), kinds[0])


def made_id(name: str) -> UUID:
    """An id that is always the same for a name."""
    return UUID(bytes=name.encode().ljust(16, b".")[:16], version=4)


def headers_of(fact: type[Event]) -> dict[str, str]:
    """The headers of the golden example, as the outbox writes them."""
    envelope = Envelope(
        id=made_id("event"),
        type=fact.subject,
        source=f"/services/{'letters' if fact.stream() == 'AUDIT' else fact.stream().lower()}",
        subject=example_of(fact).path,
        time=EXAMPLE_TIME,
        dataschema=EXAMPLE_ORIGIN + fact.schema_path(),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return envelope.headers()


def schema_of(fact: type[Event]) -> dict[str, Any]:
    """The JSON Schema of a body, with the meaning of each member and the golden example."""
    schema = fact.model_json_schema()
    properties = {name: member | {"description": MEMBERS[name]} for name, member in schema["properties"].items()}
    about = {"$schema": DIALECT, "$id": fact.schema_path(), "description": summary_of(fact)}
    return schema | about | {"properties": properties, "examples": [example_of(fact).model_dump(mode="json")]}


def headers_schema() -> dict[str, Any]:
    """The JSON Schema of the headers; a trace is there when the work that caused the event had one."""
    names = list(headers_of(FACTS[0]))
    required = [name for name in names if name != "traceparent"]
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": required}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of the catalogue."""
    channels = {
        fact.subject: _address(fact)
        | {
            "description": f"In the stream {fact.stream()}, {_kept(fact)}",
            "messages": {fact.subject: {"$ref": f"#/components/messages/{fact.subject}"}},
        }
        for fact in FACTS
    }
    operations = {
        f"announce-{subject}": {"action": "send", "channel": {"$ref": f"#/channels/{subject}"}} for subject in channels
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Quill events",
            "version": "1.0.0",
            "description": CONTRACT.read_text().partition("\n\n")[2],
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "jetstream": {"host": "{host}", "protocol": "nats", "variables": {"host": {"default": "nats:4222"}}}
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": {fact.subject: _message(fact) for fact in FACTS}},
    }


def _address(fact: type[Event]) -> dict[str, Any]:
    """The subject it is published under: that of the audit trail names who recorded it."""
    if fact is not AccessRecorded:
        return {"address": fact.subject}
    service = {"description": "The service that recorded it", "enum": [*AUDIT_SOURCES]}
    return {"address": f"{fact.subject}.{{service}}", "parameters": {"service": service}}


def _message(fact: type[Event]) -> dict[str, Any]:
    headers, schema = headers_schema(), schema_of(fact)
    fixed = {"ce-type": fact.subject, "ce-specversion": "1.0"}
    headers["properties"] |= {name: {"type": "string", "const": value} for name, value in fixed.items()}
    headers["properties"][SCHEMA]["pattern"] = f"^https?://[^/]+{re.escape(fact.schema_path())}$"
    return {
        "name": fact.__name__,
        "contentType": "application/json",
        "summary": summary_of(fact),
        "headers": headers,
        "payload": schema,
        "examples": [{"headers": headers_of(fact), "payload": schema["examples"][0]}],
    }


def _kept(fact: type[Event]) -> str:
    return next(f"kept for {one.max_age.days} days" for one in STREAMS if one.name == fact.stream())


def _index() -> str:
    """docs/events.md."""
    lines = [
        "# Events",
        "",
        "Generated from `libs/common/common/events.py`. CloudEvents 1.0 in binary mode over NATS JetStream; bodies",
        "carry ids, versions, states and times, never names, letter text, contact data or NHS numbers.",
        "[The contract for all events](events/contract.md): delivery, order, retention, replay, changes.",
        "The [AsyncAPI document](../libs/common/common/data/asyncapi.json) is the machine-readable version. A running",
        "fleet shows these pages at `/api/docs/events`, and that document at `/api/docs/events.json`.",
        "[Consume events](consume-events.md) leads to a first printed event.",
        "",
        "| Event | Meaning | Stream | Durable consumers |",
        "|---|---|---|---|",
    ]
    for fact in FACTS:
        durables = ", ".join(f"`{one.name}`" for one in DURABLES if _follows(one, fact)) or "–"
        link = f"[`{fact.subject}`](events/{fact.subject}.md)"
        lines.append(f"| {link} | {summary_of(fact)} | {fact.stream()} | {durables} |")
    lines += ["", "| Stream | Subjects | Kept for |", "|---|---|---|"]
    lines += [
        f"| {one.name} | {', '.join(f'`{s}`' for s in one.subjects)} | {one.max_age.days} days |" for one in STREAMS
    ]
    return "\n".join(lines) + "\n"


def _follows(durable: Durable, fact: type[Event]) -> bool:
    return any(subject.startswith(fact.subject) for subject in consumer_config(durable).filter_subjects or ())


def _page(fact: type[Event]) -> str:
    """docs/events/<subject>.md."""
    open_to = ["the fleet's services"]
    open_to += ["partners (NATS user `partner`)"] * (fact.stream() == PARTNERS_STREAM)
    open_to += ["webhooks"] * (fact in WEBHOOK_FACTS.get(fact.stream(), ()))
    order = (
        "as published; the higher `version` is the newer state" if "version" in fact.model_fields else "as published"
    )
    rows = {
        "CloudEvents type": f"`{fact.subject}`",
        "NATS subject": f"`{_address(fact)['address']}`",
        "About (`ce-subject`)": f"`{fact.about}`",
        "Stream": f"`{fact.stream()}`, {_kept(fact)}",
        "Open to": ", ".join(open_to),
        "Order": f"{order} ([contract](contract.md))",
        "Delivery": "at least once: the same `ce-id` may arrive again ([contract](contract.md))",
        "Schema": f"[`{fact.schema_path()}`]({fact.subject}.json)",
    }
    return "\n".join([
        f"# {fact.subject}",
        "",
        summary_of(fact),
        "",
        *_table(("", ""), rows.items()),
        "",
        "## Members",
        "",
        *_table(("Member", "Type", "Meaning"), _members(fact)),
        "",
        "## Example",
        "",
        "```",
        *(f"{name}: {value}" for name, value in headers_of(fact).items()),
        "",
        example_of(fact).model_dump_json(indent=2),
        "```",
        "",
    ])  # fmt: skip


def _table(head: tuple[str, ...], rows: Any) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]


def _members(fact: type[Event]) -> list[tuple[str, str, str]]:
    schema = schema_of(fact)
    return [(f"`{name}`", _type(member), member["description"]) for name, member in schema["properties"].items()]


def _type(member: Mapping[str, Any]) -> str:
    if "anyOf" in member:
        return " or ".join(_type(one) for one in member["anyOf"])
    if "enum" in member:
        return ", ".join(f"`{value}`" for value in member["enum"])
    if "items" in member:
        return f"list of {_type(member['items'])}"
    return str(member.get("format", member["type"]))
