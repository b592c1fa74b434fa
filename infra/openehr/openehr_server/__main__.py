"""`python -m openehr_server`: serve on 127.0.0.1 until SIGTERM."""

import logging
import sys

import uvicorn

from openehr_server import IMITATES, PRODUCT, VERSION
from openehr_server.app import create_app
from openehr_server.settings import BASE_PATH, SettingMissing, Settings


def main() -> int:
    """Answers 1 with one sentence where a setting is missing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = Settings.from_environment()
    except (SettingMissing, OSError) as error:
        logging.error("%s does not start: %s", PRODUCT, error)
        return 1
    logging.info(
        "%s %s, answering as %s does. For development and tests; NOT FOR CLINICAL USE.", PRODUCT, VERSION, IMITATES
    )
    logging.info("http://127.0.0.1:%d%s as system %s", settings.port, BASE_PATH, settings.system_id)
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=settings.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
