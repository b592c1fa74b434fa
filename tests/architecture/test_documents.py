"""Generated documents are those of the code, and the broker's permissions are those of the catalogue."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from common.events import DURABLES, FACTS, REVOCATION_FILTER, AccessRecorded
from documentation import commands
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
NATS_CONFIG = (ROOT / "infra/nats/nats-server.conf").read_text()
ASYNCAPI = json.loads((ROOT / "libs/common/common/data/asyncapi.json").read_text())
PERSONAL = re.compile(r"name|title|body|text|nhs|birth|mail|phone|address_line|telecom", re.IGNORECASE)


def test_generated_documents_are_up_to_date() -> None:
    (line,) = [one.line for one in commands() if one.run_by == "tests/architecture/test_documents.py"]
    program = line.replace(".venv/bin/python", sys.executable)
    run = subprocess.run(["sh", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("document", sorted((ROOT / "docs/openapi").glob("*.json")), ids=lambda file: file.stem)
def test_what_is_sent_and_answered_is_described_by_its_members(document: Path) -> None:
    """A serialiser of the whole model makes FastAPI say "any object", which clients generate no type from."""
    schemas = json.loads(document.read_text())["components"]["schemas"]
    assert [name for name, one in schemas.items() if one["type"] == "object" and not one.get("properties")] == []


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_event_has_a_golden_example_that_its_model_reads(fact: type) -> None:
    message = ASYNCAPI["components"]["messages"][fact.subject]  # type: ignore[attr-defined]
    example = message["examples"][0]["payload"]
    assert fact.model_validate(example).model_dump(mode="json") == example  # type: ignore[attr-defined]


def test_asyncapi_document_is_one_by_the_specifications_own_schema() -> None:
    schema = json.loads((ROOT / "tests/contracts/asyncapi-3.0.0.schema.json").read_text())
    Draft7Validator(schema).validate(ASYNCAPI)


def test_address_of_an_event_is_the_subject_that_services_may_publish() -> None:
    audit = ASYNCAPI["channels"][AccessRecorded.subject]
    sources = audit["parameters"]["service"]["enum"]
    for fact in FACTS:
        address = ASYNCAPI["channels"][fact.subject]["address"]
        for service in sources if fact is AccessRecorded else [fact.stream().lower()]:
            subject = address.replace("{service}", service)
            assert f'"{subject}"' in permissions_of(service) or subject.startswith(f"quill.{service}.v1.")
    assert set(sources) == {"patients", "letters", "notify"}  # auth writes into its own database


@pytest.mark.parametrize("fact", [fact for fact in FACTS if "version" in fact.model_fields], ids=lambda f: f.subject)
def test_golden_example_of_a_change_is_of_a_later_version_than_the_first(fact: type) -> None:
    message = ASYNCAPI["components"]["messages"][fact.subject]  # type: ignore[attr-defined]
    is_first = message["examples"][0]["payload"]["version"] == 1
    assert is_first is fact.subject.endswith(".created")  # type: ignore[attr-defined]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_page_of_an_event_says_who_gets_it(fact: type) -> None:
    subject, stream = fact.subject, fact.stream()  # type: ignore[attr-defined]
    (open_to,) = re.findall(r"^\| Open to \| (.+) \|$", (ROOT / f"docs/events/{subject}.md").read_text(), re.MULTILINE)
    assert ("webhooks" in open_to) is (stream != "AUDIT")
    assert ("partner" in open_to) is (stream == "LETTERS")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_event_says_itself_what_it_means_and_its_example_keeps_its_schemas(fact: type) -> None:
    message = ASYNCAPI["components"]["messages"][fact.subject]  # type: ignore[attr-defined]
    assert message["summary"] == (vars(fact)["__doc__"] or "").splitlines()[0]
    for part in ("payload", "headers"):
        Draft7Validator.check_schema(message[part])
        Draft7Validator(message[part]).validate(message["examples"][0][part])


def test_no_page_is_left_of_an_event_that_is_gone() -> None:
    subjects = {fact.subject for fact in FACTS}
    assert {page.stem for page in (ROOT / "docs/events").glob("*.md")} == subjects | {"contract"}
    assert {schema.stem for schema in (ROOT / "docs/events").glob("*.json")} == subjects | {"headers"}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_event_members_name_nothing_personal(fact: type) -> None:
    assert [name for name in fact.model_fields if PERSONAL.search(name)] == []  # type: ignore[attr-defined]


def permissions_of(user: str) -> str:
    """The part of the broker's configuration that belongs to a user."""
    return NATS_CONFIG.split(f"user: {user}\n", 1)[1].split("user: ", 1)[0]


@pytest.mark.parametrize("durable", DURABLES, ids=lambda durable: durable.name)
def test_owner_of_a_durable_may_read_and_acknowledge_it(durable: object) -> None:
    name, stream = durable.name, durable.event.stream()  # type: ignore[attr-defined]
    own = permissions_of(name.split("-", 1)[0])
    assert f'"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"' in own
    assert f'"$JS.API.CONSUMER.INFO.{stream}.{name}"' in own
    assert f'"$JS.ACK.{stream}.{name}.>"' in own


@pytest.mark.parametrize("durable", DURABLES, ids=lambda durable: durable.name)
def test_operator_may_move_each_durable_of_the_catalogue(durable: object) -> None:
    name, stream = durable.name, durable.event.stream()  # type: ignore[attr-defined]
    assert f'"$JS.API.CONSUMER.RESET.{stream}.{name}"' in permissions_of("operator")


@pytest.mark.parametrize("service", ["patients", "letters", "notify"])
def test_service_publishes_its_own_facts_and_audit_only(service: str) -> None:
    published = set(re.findall(r'"(quill\.[a-z0-9.>]+)"', permissions_of(service)))
    assert published == {f"quill.{service}.v1.>", f"{AccessRecorded.subject}.{service}", f"quill.dlq.{service}.>"}


@pytest.mark.parametrize("service", ["auth", "patients", "letters", "notify"])
def test_service_may_follow_the_revocation_feed_and_nothing_else_of_auth(service: str) -> None:
    followed = re.findall(r'"\$JS\.API\.CONSUMER\.CREATE\.AUTH\.\*\.(\S+)"', permissions_of(service))
    assert followed == [REVOCATION_FILTER]


def test_every_problem_that_the_door_names_has_a_page() -> None:
    problems = json.loads((ROOT / "libs/common/common/data/problems.json").read_text())
    named = re.findall(
        r"^\t+(?:\d{3}|default|unanswered|~\S+) \S+ ([a-z-]+) ", (ROOT / "Caddyfile").read_text(), re.MULTILINE
    )
    assert len(named) >= 8
    assert set(named) <= set(problems)
