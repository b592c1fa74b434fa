"""The documentation that every service can answer for the fleet: API, events, and what problem types mean."""

import json
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from common import openapi
from common.errors import NotFound
from common.policy import ANYONE, PolicyRouter, allow
from common.settings import ServiceSettings

# The pages load their own files and nothing else; the API itself answers with a policy that allows nothing.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
PLACES = {"/api/docs": "API", "/api/docs/events": "Events", "/problems": "Problems"}
PROBLEM_PARTS = ("cause", "cure", "operators")
OWN_FILES = resources.files("common").joinpath("data")
SWAGGER_UI = resources.files("fastapi_offline").joinpath("static")
STYLE = "docs.css"
ASSETS = {
    STYLE: (OWN_FILES, "text/css"),
    "docs.js": (OWN_FILES, "text/javascript"),
    "swagger-ui.css": (SWAGGER_UI, "text/css"),
    "swagger-ui-bundle.js": (SWAGGER_UI, "text/javascript"),
}


def router(name: str, settings: ServiceSettings) -> PolicyRouter:
    """Routes under /api/docs (switchable off) and /problems, with the style sheet of both."""
    routes = PolicyRouter()

    def add(path: str, endpoint: Any) -> None:
        routes.add_api_route(path, allow(ANYONE)(endpoint), include_in_schema=False)

    @cache  # making it takes longer than the event loop may stand still for everybody else
    def document(app: FastAPI) -> bytes:
        return json.dumps(openapi.create_document(app.state.routes, app.state.error_forms, name=name)).encode()

    async def openapi_document(request: Request) -> Response:
        return Response(document(request.app), media_type="application/json")

    if settings.docs_enabled:
        add("/docs", _api_page)
        add("/docs/events", _events_page)
        add("/docs/events.json", _events_document)
        add("/docs/events/{subject}.json", _event_schema)
        add("/docs/events/{subject}", _event_page)
        add("/docs/assets/{file}", _asset)
        add(f"/docs/{name}.json", openapi_document)
    else:
        add(f"/docs/assets/{STYLE}", _style)
    routes.prefix = ""
    add("/problems", _problems_page)
    add("/problems/{slug}", _problem_page)
    return routes


@cache
def _data(file: str) -> Any:
    return json.loads(OWN_FILES.joinpath(file).read_text())


async def _style() -> Response:
    return await _asset(STYLE)


async def _asset(file: str) -> Response:
    if file not in ASSETS:
        raise NotFound
    folder, media_type = ASSETS[file]
    return Response(folder.joinpath(file).read_bytes(), media_type=media_type)


async def _api_page(request: Request) -> HTMLResponse:
    head = '<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">'
    scripts = ("swagger-ui-bundle.js", "docs.js")
    body = '<nav id="services" aria-label="Services"></nav><div id="api"></div>' + "".join(
        f'<script src="/api/docs/assets/{file}"></script>' for file in scripts
    )
    return _page(request, "API", body, head=head)


async def _events_document() -> JSONResponse:
    return JSONResponse(_data("asyncapi.json"))


async def _event_schema(subject: str) -> JSONResponse:
    message = _data("asyncapi.json")["components"]["messages"].get(subject)
    if message is None:
        raise NotFound
    return JSONResponse(message["payload"], media_type="application/schema+json")


async def _events_page(request: Request) -> HTMLResponse:
    return _page(request, "Events", _data("events.json")["index"])


async def _event_page(request: Request, subject: str) -> HTMLResponse:
    if (body := _data("events.json").get(subject)) is None:
        raise NotFound
    return _page(request, subject, body)


async def _problems_page(request: Request) -> HTMLResponse:
    items = [f'<li><a href="/problems/{slug}">{escape(one["title"])}</a></li>' for slug, one in _problems().items()]
    return _page(request, "Problems", f"<h1>Problem types</h1><ul>{''.join(items)}</ul>")


async def _problem_page(request: Request, slug: str) -> HTMLResponse:
    problem = _problems().get(slug)
    if problem is None:
        raise NotFound
    told = "".join(
        f"<h2>{name.title()}</h2><p>{escape(problem[name])}</p>" for name in PROBLEM_PARTS if name in problem
    )
    body = f"<h1>{escape(problem['title'])}</h1><p>HTTP status {problem['status']}</p>{told}"
    return _page(request, problem["title"], body)


def _problems() -> dict[str, dict[str, Any]]:
    problems: dict[str, dict[str, Any]] = _data("problems.json")
    return problems


def _page(request: Request, title: str, body: str, *, head: str = "") -> HTMLResponse:
    shown = {route.path for route in request.app.state.routes}
    links = " ".join(f'<a href="{path}">{name}</a>' for path, name in PLACES.items() if path in shown)
    document = (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} – Quill</title><link rel="stylesheet" href="/api/docs/assets/{STYLE}">{head}</head>'
        f'<body><header><a href="/">Quill</a> <nav aria-label="Documentation">{links}</nav></header>'
        f"<main>{body}</main></body></html>"
    )
    return HTMLResponse(document, headers={"Content-Security-Policy": PAGE_POLICY})
