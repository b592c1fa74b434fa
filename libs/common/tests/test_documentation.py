"""The pages and documents about events that every service shows."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from html.parser import HTMLParser

import httpx
import pytest
from common.app import Service, build_app
from common.events import FACTS
from common.settings import ServiceSettings
from pydantic import SecretStr

pytestmark = pytest.mark.anyio
EVENTS = "/api/docs/events"


class Links(HTMLParser):
    """Where a page leads to."""

    def __init__(self, text: str, *tags: str) -> None:
        super().__init__()
        self.found, self.tags = set[str](), tags or ("a",)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if tag in self.tags and name == "href" and value}


def browser_of(*, docs_enabled: bool) -> httpx.AsyncClient:
    settings = ServiceSettings.model_construct(pseudonym_key=SecretStr(""), docs_enabled=docs_enabled)
    app = build_app(Service(name="auth", routers=[], open_backend=nullcontext), settings)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://letters.example.org")


@pytest.fixture
async def browser(anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(docs_enabled=True) as client:
        yield client


@pytest.mark.parametrize("page", [EVENTS, f"{EVENTS}/contract", *(f"{EVENTS}/{fact.subject}" for fact in FACTS)])
async def test_page_about_events_leads_only_to_what_is_there(browser: httpx.AsyncClient, page: str) -> None:
    shown = await browser.get(page)
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    links = {str(shown.url.join(link)) for link in Links(shown.text).found if link != "/"}
    own = {link for link in links if link.startswith("https://letters.example.org/")}
    assert len(own) >= 3
    assert {link: (await browser.get(link)).status_code for link in own} == dict.fromkeys(own, 200)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
async def test_page_of_an_event_says_what_it_means_and_the_schema_stands_where_the_event_says(
    browser: httpx.AsyncClient, fact: type
) -> None:
    subject, schema_path = fact.subject, fact.schema_path()  # type: ignore[attr-defined]
    page = (await browser.get(f"{EVENTS}/{subject}")).text
    assert f"<h1>{subject}</h1>" in page
    assert all(f"<code>{name}</code>" in page for name in fact.model_fields)  # type: ignore[attr-defined]
    schema = (await browser.get(schema_path)).json()
    assert schema["$id"] == schema_path
    assert schema["description"] in page.replace("&quot;", '"')
    assert set(schema["properties"]) == set(fact.model_fields)  # type: ignore[attr-defined]


async def test_list_of_events_names_every_one(browser: httpx.AsyncClient) -> None:
    links = Links((await browser.get(EVENTS)).text).found
    assert {f"events/{fact.subject}" for fact in FACTS} <= links


@pytest.mark.parametrize("name", ["quill.none", "quill.none.json", "problems", "..%2Fproblems"])
async def test_event_that_is_not_there_has_no_page(browser: httpx.AsyncClient, name: str) -> None:
    answer = await browser.get(f"{EVENTS}/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
async def test_pages_of_problems_are_whole_whether_the_documentation_is_on_or_off(is_on: bool) -> None:
    async with browser_of(docs_enabled=is_on) as browser:
        for page in ("/problems", "/problems/not-found"):
            links = Links((await browser.get(page)).text, "a", "link").found - {"/"}
            assert "/api/docs/assets/docs.css" in links
            assert {link: (await browser.get(link)).status_code for link in links} == dict.fromkeys(links, 200)
            assert ("/api/docs" in links, "/problems" in links) == (is_on, True)
        for path in ("/api/docs", EVENTS, "/api/docs/assets/swagger-ui.css", "/api/docs/auth.json"):
            assert (await browser.get(path)).status_code == (200 if is_on else 404), path
