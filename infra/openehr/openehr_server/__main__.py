"""`python -m openehr_server`: serve on 127.0.0.1 until SIGTERM."""

import asyncio
import logging
import sys

import asyncpg
import uvicorn

from openehr_server import IMITATES, PRODUCT, VERSION
from openehr_server.app import create_app
from openehr_server.database import open_pool
from openehr_server.settings import BASE_PATH, SettingMissing, Settings

GRACEFUL_SECONDS = 1


def main() -> int:
    """Answers 1, after one sentence, where a setting or the database is missing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = Settings.from_environment()
    except (SettingMissing, OSError) as error:
        logging.error("%s does not start: %s", PRODUCT, error)
        return 1
    return asyncio.run(serve(settings))


async def serve(settings: Settings) -> int:
    """Serves until it is told to stop."""
    try:
        pool = await open_pool(settings.database_url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        logging.error("%s does not start: no database (%s)", PRODUCT, type(error).__name__)
        return 1
    logging.info(
        "%s %s, answering as %s does. For development and tests; NOT FOR CLINICAL USE.", PRODUCT, VERSION, IMITATES
    )
    logging.info("http://127.0.0.1:%d%s as system %s", settings.port, BASE_PATH, settings.system_id)
    config = uvicorn.Config(
        create_app(settings, pool),
        host="127.0.0.1",
        port=settings.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        pool.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
