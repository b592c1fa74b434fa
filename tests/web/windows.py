"""People's browsers: windows of a headless Chromium, and what went wrong in them that nobody should have seen."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from e2e.client import CSRF_COOKIE, REFRESH_COOKIE, Person
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Worker, expect, sync_playwright

type Scheme = Literal["light", "dark"]

WIDE, PHONE = (1280, 800), (375, 812)
PATIENCE = 30_000  # milliseconds; the machine has other tests to run
# Chromium tells of a broken policy on the console; this tells of it again, with the place.
_TELL_OF_VIOLATIONS = """
addEventListener('securitypolicyviolation', ({effectiveDirective, blockedURI, sourceFile, lineNumber, sample}) =>
  console.error(`CSP violation: ${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber} ${sample}`))
"""


@dataclass
class Windows:
    """The browsers of the people of one test; each `open` is another person's, with nothing kept from before."""

    browser: Browser
    origin: str
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, person: Person | None = None, *, size: tuple[int, int] = WIDE, **options: Any) -> Page:
        """A new browser with one empty tab; a person's session moves into it, and must not be refreshed elsewhere."""
        context = self.browser.new_context(
            base_url=self.origin,
            locale="en-GB",
            timezone_id="Europe/London",
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.on("page", self._watch)
        context.on("serviceworker", self._watch_worker)
        self.contexts.append(context)
        if person:
            _carry(person, context, self.origin)
        return context.new_page()

    def expect_complaint(self, pattern: str) -> None:
        """What matches this is part of the test: a refusal by the server, a connection that is cut."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        """What the consoles of all tabs and workers told that no test expects."""
        return [told for told in self.complaints if not any(re.search(each, told) for each in self.expected)]

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def _watch(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _watch_worker(self, worker: Worker) -> None:
        worker.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.location['url']}: {message.text}")


def _carry(person: Person, context: BrowserContext, origin: str) -> None:
    cookies = person.http.cookies
    context.add_cookies(
        [
            {"name": name, "value": str(cookies[name]), "url": origin, "httpOnly": name == REFRESH_COOKIE}
            for name in (REFRESH_COOKIE, CSRF_COOKIE)
        ]
    )


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The Chromium of this machine (`make browser`)."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(), args=_arguments())
        yield browser
        browser.close()


@contextmanager
def kept_browser(browser: Browser, folder: Path) -> Iterator[BrowserContext]:
    """Another of the same kind that keeps what it learns, as people's do: windows of a private one install no apps."""
    context = browser.browser_type.launch_persistent_context(folder, executable_path=_executable(), args=_arguments())
    yield context
    context.close()


def _arguments() -> list[str]:
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def _executable() -> str:
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    path = next(found, None)
    if path is None:
        pytest.fail("No Chromium is there: `make browser` brings it", pytrace=False)
    return path
