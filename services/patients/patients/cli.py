"""Commands of patients: `python -m patients.cli rebuild-index`, in the service's environment."""

import argparse
import asyncio

from common.db import Database
from common.outbox import Relay
from common.work import Work
from nats.aio.client import Client

from patients.fhir import open_fhir
from patients.index import rebuild
from patients.settings import Settings


async def _rebuild_index(settings: Settings) -> tuple[int, int]:
    database = Database(settings.database_url.get_secret_value())
    try:
        async with open_fhir(settings.fhir_url, timeout=60.0) as fhir:
            return await rebuild(Work("patients", database, fhir, Relay(database, Client())))
    finally:
        await database.close()


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="patients")
    parser.add_argument("command", choices=["rebuild-index"], help="make the search index anew from the FHIR server")
    parser.parse_args()
    indexed, forgotten = asyncio.run(_rebuild_index(Settings()))
    print(f"{indexed} patients indexed, {forgotten} forgotten")  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
