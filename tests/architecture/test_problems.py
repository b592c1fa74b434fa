"""Every problem that anybody can be told has a page with its cause and its cure."""

import asyncio
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from common import docs
from common.settings import ServiceSettings
from fastapi import FastAPI

ROOT = Path(__file__).parents[2]
PROBLEMS: dict[str, dict[str, Any]] = json.loads((ROOT / "libs/common/common/data/problems.json").read_text())
# How the Caddyfile maps a failure: status, slug, title.
DOOR = re.compile(r'^\t+(?:\d{3}|default|unanswered|~\S+) (\S+) ([a-z-]+) "([^"]+)"', re.MULTILINE)
SENTENCES = re.compile(r"[A-Z`/].*[.]")


@pytest.mark.parametrize("slug", PROBLEMS)
def test_problem_has_a_cause_and_a_cure(slug: str) -> None:
    problem = PROBLEMS[slug]
    parts = {name: problem.get(name, "") for name in ("cause", "cure")}
    wrong = [name for name, text in parts.items() if not SENTENCES.fullmatch(text)]
    assert wrong == [], "write the docstring of the error as 'Cause. Cure.', perhaps with 'Operators: …' at the end"


@pytest.mark.parametrize("service", ["auth", "patients", "letters", "notify"])
def test_every_problem_of_the_api_is_in_the_catalogue(service: str) -> None:
    named = set(re.findall(r"`/problems/([^`]*)`", (ROOT / f"docs/openapi/{service}.json").read_text()))
    assert len(named) > 5
    assert named - set(PROBLEMS) == set()


def test_door_says_of_a_problem_what_its_page_says() -> None:
    told = DOOR.findall((ROOT / "Caddyfile").read_text())
    assert len(told) >= 9
    assert [title for _, slug, title in told if PROBLEMS[slug]["title"] != title] == []
    assert [row for row in told if row[0].isdecimal() and PROBLEMS[row[1]]["status"] != int(row[0])] == []


def test_page_of_a_problem_shows_all_that_is_known_of_it() -> None:
    app = FastAPI()
    pages = docs.router("notify", ServiceSettings.model_construct())
    app.include_router(pages)
    app.state.routes = pages.routes

    async def read(slug: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://quill") as client:
            return await client.get(f"/problems/{slug}")

    page = asyncio.run(read("backend-unavailable")).text
    for name in ("title", "cause", "cure", "operators"):
        assert PROBLEMS["backend-unavailable"][name] in unescape(page)
    assert "<h2>Operators</h2>" in page
    assert "<h2>Operators</h2>" not in asyncio.run(read("csrf")).text
