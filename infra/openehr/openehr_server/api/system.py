"""Status and health. These answers say plainly that this is a development server."""

import asyncio
import platform

import asyncpg
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openehr_server import IMITATES, PRODUCT, VERSION
from openehr_server.server import Here, Server

READINESS_SECONDS = 1.0
router = APIRouter()


@router.get("/ehrbase/rest/status")
async def get_status(here: Here) -> dict[str, str]:
    """What this is, and what it stands in for."""
    async with here.transaction() as connection:
        postgres = await connection.fetchval("SELECT version()")
    return {
        "product": PRODUCT,
        "version": VERSION,
        "purpose": "development and tests; not for clinical use",
        "imitates": IMITATES,
        "python_version": platform.python_version(),
        "postgres_version": postgres,
    }


@router.get("/ehrbase/management/health")
async def get_health(here: Here) -> JSONResponse:
    """Overall health, with the product's name."""
    up = await database_answers(here)
    status = "UP" if up else "DOWN"
    body = {"status": status, "product": PRODUCT, "groups": ["liveness", "readiness"]}
    return JSONResponse({**body, "components": {"db": {"status": status}}}, 200 if up else 503)


@router.get("/ehrbase/management/health/liveness")
async def get_liveness() -> dict[str, str]:
    """The event loop answers."""
    return {"status": "UP"}


@router.get("/ehrbase/management/health/readiness")
async def get_readiness(here: Here) -> JSONResponse:
    """503 while the database does not answer."""
    up = await database_answers(here)
    return JSONResponse({"status": "UP" if up else "DOWN"}, 200 if up else 503)


async def database_answers(server: Server) -> bool:
    """Within a second."""
    try:
        async with asyncio.timeout(READINESS_SECONDS), server.transaction() as connection:
            await connection.fetchval("SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True
