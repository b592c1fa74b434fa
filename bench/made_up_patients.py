"""Patients whom nobody has, as NDJSON: the same for the same seed, their NHS numbers of the range for tests (999…)."""

import json
import random
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from nhs_number.validate import calculate_checksum, is_valid

GIVEN = {
    "female": "Amelia Olivia Isla Ava Freya Mary Priya Aisha Bronwen Eilidh Siân Chloe Nkechi Agnieszka Grace Ruth",
    "male": "Oliver George Noah Arthur Muhammad Leo Rhys Callum Angus Owain Tomasz Kwame Arjun Harry William Seán",
}
FAMILY = (
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts "
    "Green Hall Wood Khan Begum O'Neill MacDonald Campbell Okafor Kowalska Ahmed Singh Hughes Ap-Rhys Fraser Murphy"
)
STREETS = "High Street,Station Road,Church Lane,Mill Lane,Victoria Road,The Green,Park Avenue,Albert Terrace"
TOWNS = {
    "Leeds": "LS",
    "York": "YO",
    "Cardiff": "CF",
    "Bristol": "BS",
    "Glasgow": "G",
    "Belfast": "BT",
    "Norwich": "NR",
}
NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
NUMBERS = 1_000_000  # of the range for tests, before those without a check digit


def nhs_numbers(start: int) -> Iterator[str]:
    """Every valid number of the range for tests once, from some place on."""
    for place in range(start, start + NUMBERS):
        digits = f"999{place % NUMBERS:06d}"
        number = f"{digits}{calculate_checksum(digits)}"
        if is_valid(number):  # some have no check digit
            yield number


def patients(number: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """So many patients; one in ten has no NHS number."""
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    numbers = nhs_numbers(chance.randrange(NUMBERS))
    for _ in range(number):
        yield _patient(chance, next(numbers) if chance.random() < 0.9 else None)


def _patient(chance: random.Random, nhs_number: str | None) -> dict[str, Any]:
    gender = chance.choice(list(GIVEN))
    town = chance.choice(list(TOWNS))
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(93 * 365))
    local = {"system": "https://pas.example.org/Id/local", "value": f"L{chance.randrange(10**8):08d}"}
    known_by = [{"system": NHS_NUMBER_SYSTEM, "value": nhs_number}] if nhs_number else []
    given = chance.sample(GIVEN[gender].split(), k=chance.choice((1, 1, 2)))
    return {
        "resourceType": "Patient",
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "identifier": [*known_by, local],
        "name": [{"use": "official", "family": chance.choice(FAMILY.split()), "given": given}],
        "telecom": [{"system": "phone", "value": f"07700 900{chance.randrange(1000):03d}", "use": "mobile"}],
        "gender": gender,
        "birthDate": born.isoformat(),
        "address": [
            {
                "use": "home",
                "line": [f"{chance.randrange(1, 200)} {chance.choice(STREETS.split(','))}"],
                "city": town,
                "postalCode": f"{TOWNS[town]}{chance.randrange(1, 20)} {chance.randrange(1, 10)}ZZ",
            }
        ],
    }


def main(
    number: Annotated[int, typer.Argument(min=1, max=900_000, help="How many")],
    seed: Annotated[int, typer.Option(help="Another seed makes other people")] = 1,
) -> None:
    """Write patients to standard output."""
    for patient in patients(number, seed=seed):
        sys.stdout.write(f"{json.dumps(patient)}\n")


if __name__ == "__main__":
    typer.run(main)
