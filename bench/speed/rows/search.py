"""Patients' list and name search with 100, 10,000 and 100,000 patients, each in a database and a replica of its own.

They are put into the search index, not into the FHIR server, which neither answers from: a hundred by the service's own
code, the rest as their copies under ids of their own. So a name is as frequent as among the hundred.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from common.db import Database
from made_up_patients import patients
from patients.fhir import StoredPatient
from patients.index import index_patients

from speed.budgets import figure
from speed.figures import Figure
from speed.load import Call
from speed.rows.shape import Measurement
from speed.stage import Stage

SIZES = (100, 10_000, 100_000)
ORIGINALS = 100
PAGES = {"list": "/api/patients?limit=20", "name search": "/api/patients?limit=20&q=smi"}

_COPY = """
    WITH copied AS (
        SELECT patient_id AS old, gen_random_uuid() AS new FROM indexed_patients, generate_series(2, $1)
    ), people AS (
        INSERT INTO indexed_patients
            (patient_id, version, sort_key, name, birth_date, gender, nhs_number, active, seen_at)
        SELECT new, version, sort_key, name, birth_date, gender, NULL, active, seen_at
        FROM indexed_patients JOIN copied ON old = patient_id RETURNING patient_id
    )
    INSERT INTO indexed_words (patient_id, word, sort_key, in_family, in_given)
    SELECT new, word, sort_key, in_family, in_given FROM indexed_words JOIN copied ON old = patient_id
"""


async def fill(url: str, number: int) -> None:
    """Index so many patients."""
    people = [StoredPatient(UUID(one["id"]), 1, one) for one in patients(ORIGINALS, seed=1)]
    database = Database(url)
    async with database.transaction() as session:
        await index_patients(session, people)
    await database.close()
    connection = await asyncpg.connect(url)
    await connection.execute(_COPY.replace("$1", str(number // ORIGINALS)))
    await connection.execute("VACUUM ANALYZE indexed_patients")
    await connection.execute("VACUUM ANALYZE indexed_words")
    await connection.close()


async def measure(stage: Stage) -> Sequence[Figure]:
    """The sizes in turns, so that the machine does to each what it does to the others."""
    sizes = [size for size in SIZES if size <= stage.pace.count(max(SIZES))]
    headers = await stage.session()
    async with AsyncExitStack() as replicas:
        ports = {}
        for size in sizes:
            mark = f"{datetime.now(UTC):%H%M%S}"
            url = await stage.new_database(f"speed_{size}_{mark}", like="patients")
            await fill(url, size)
            ports[size] = (await replicas.enter_async_context(stage.replica("patients", QUILL_DATABASE_URL=url))).url
        figures = []
        for name, path in PAGES.items():
            ways: dict[str, Call] = {f"{size:,}": stage.call(path, headers, origin=ports[size]) for size in sizes}
            seen = await stage.turns(ways, callers=1)
            small, *larger = ways
            figures += [
                figure(
                    f"Patients {name}: p50 with {large} to p50 with {small}",
                    seen.slower(large, small),
                    "×",
                    seen.told(),
                )
                for large in larger
            ]
    return figures


MEASUREMENT = Measurement("search", measure)
