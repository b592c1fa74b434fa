"""/query/aql"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from openehr_server.api.exchange import location, read_json
from openehr_server.aql.parser import parse_query
from openehr_server.aql.syntax import Path, Query
from openehr_server.aql.translation import Page, translate
from openehr_server.audits import format_time
from openehr_server.errors import BadRequest, InternalError, Unprocessable
from openehr_server.server import Here

router = APIRouter(prefix="/query/aql")


@router.post("")
async def post_query(request: Request, here: Here) -> dict[str, Any]:
    """A query with its parameters in the body."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise BadRequest("JSON parse error: an object is expected")
    return await _run(here, body)


@router.get("")
async def get_query(request: Request, here: Here) -> dict[str, Any]:
    """A query in the URL, without parameters."""
    answer = await _run(here, dict(request.query_params))
    answer["meta"] = {"_href": location(request, "/query/aql"), **answer["meta"]}
    return answer


async def _run(here: Here, body: dict[str, Any]) -> dict[str, Any]:
    text, parameters = body.get("q"), body.get("query_parameters") or {}
    if not text:
        raise BadRequest("No query provided.")
    if not isinstance(text, str) or not isinstance(parameters, dict):
        raise BadRequest("JSON parse error: `q` is a text and `query_parameters` an object")
    query = parse_query(text)
    page = _page(query, fetch=_number(body, "fetch"), offset=_number(body, "offset"))
    statement = translate(query, parameters, page=page, system_id=here.system_id)
    async with here.transaction() as connection:
        rows = [list(row) for row in await connection.fetch(statement.sql, *statement.arguments)]
    return {"meta": _meta(page, len(rows)), "q": text, "columns": _columns(query), "rows": rows}


def _number(body: dict[str, Any], name: str) -> int | None:
    """A number, or a text of digits. A negative one is EHRbase's 500."""
    value = body.get(name)
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise BadRequest(f"invalid '{name}' value '{value}'") from None
    if not 0 <= number < 2**63:
        raise InternalError
    return number


def _page(query: Query, *, fetch: int | None, offset: int | None) -> Page:
    if query.limit is not None:
        if fetch is not None or offset is not None:
            raise Unprocessable(
                "Query contains a LIMIT clause, fetch and offset parameters must not be used"
                " (with fetch precedence REJECT)"
            )
        return Page(query.limit, query.offset or 0)
    if fetch is None and offset is not None:
        raise Unprocessable("Query parameter for offset provided, but no fetch parameter")
    return Page(fetch, offset or 0)


def _meta(page: Page, size: int) -> dict[str, Any]:
    paging = {} if page.limit is None else {"fetch": page.limit, "offset": page.offset}
    created = format_time(datetime.now(UTC))
    return {"_type": "RESULTSET", "_schema_version": "1.0.3", "_created": created, **paging, "resultsize": size}


def _columns(query: Query) -> list[dict[str, str]]:
    columns = []
    ehrs = {item.variable for item in query.containments if item.rm_type == "EHR"}
    for number, column in enumerate(query.columns):
        named = {"name": column.alias or f"#{number}"}
        path = {"path": _shown(column.expression, ehrs)} if isinstance(column.expression, Path) else {}
        columns.append({**path, **named})
    return columns


def _shown(path: Path, ehrs: set[str]) -> str:
    """EHRbase rewrites paths through e/ehr_status to a variable of its own, `s`."""
    text = str(path)
    prefix = f"{path.variable}/ehr_status/"
    return f"s/{text.removeprefix(prefix)}" if path.variable in ehrs and text.startswith(prefix) else text
