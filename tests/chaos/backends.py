"""What the openEHR server and the FHIR server keep, asked of them directly."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import httpx
from fleet import Fleet

AT_ONCE = 8
PAGE = 100  # as many as HAPI finds at most for who says no-store
NAMESPACE = "quill"
TITLE, BODY = "at0002", "at0004"  # in the template of letters
ALL_LETTERS = (
    "SELECT e/ehr_id/value AS ehr_id, c/uid/value AS uid "
    "FROM EHR e CONTAINS COMPOSITION c[openEHR-EHR-COMPOSITION.report.v1]"
)


class Text(NamedTuple):
    """What a version of a letter says."""

    title: str
    body: str


# By record and uid the versions of each letter in their order; by id those of each patient.
type Letters = Mapping[str, Mapping[str, Sequence[Text]]]
type Patients = Mapping[str, Sequence[dict[str, Any]]]


def letters_of(fleet: Fleet, records: Collection[str]) -> Letters:
    """Every letter that the openEHR server has; in the EHR of nobody of these, under the id of that EHR."""
    account = (fleet.openehr_user, fleet.openehr_password)
    with (
        httpx.Client(base_url=fleet.openehr_url, auth=account, timeout=10) as server,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        found = server.post("/query/aql", json={"q": ALL_LETTERS}).raise_for_status().json()["rows"]
        owners = dict(zip(pool.map(partial(_ehr_of, server), records), records, strict=True))
        letters: dict[str, dict[str, Sequence[Text]]] = {record: {} for record in records}
        versions = pool.map(lambda row: _versions(server, *row), found)
        for (ehr_id, uid), texts in zip(found, versions, strict=True):
            letters.setdefault(owners.get(ehr_id, ehr_id), {})[uid.partition("::")[0]] = texts
    return letters


def _ehr_of(server: httpx.Client, record: str) -> str:
    answer = server.get("/ehr", params={"subject_id": record, "subject_namespace": NAMESPACE})
    return "" if answer.status_code == 404 else str(answer.raise_for_status().json()["ehr_id"]["value"])


def _versions(server: httpx.Client, ehr_id: str, newest: str) -> list[Text]:
    uid, system, number = newest.split("::")
    names = [f"{uid}::{system}::{version}" for version in range(1, int(number) + 1)]
    answers = [server.get(f"/ehr/{ehr_id}/composition/{name}").raise_for_status() for name in names]
    return [_text(answer.json()) for answer in answers]


def _text(composition: dict[str, Any]) -> Text:
    items = composition["content"][0]["data"]["items"]
    values = {item["archetype_node_id"]: item["value"]["value"] for item in items}
    return Text(values[TITLE], values[BODY])


def patients_of(fleet: Fleet) -> Patients:
    """Every patient that the FHIR server has, with all versions."""
    fresh = {"Accept": "application/fhir+json", "Cache-Control": "no-store"}  # HAPI remembers what it found
    with (
        httpx.Client(base_url=fleet.fhir_url, headers=fresh, timeout=20) as server,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        found = list(_every_patient(server))
        return dict(zip((one["id"] for one in found), pool.map(partial(_history, server), found), strict=True))


def _every_patient(server: httpx.Client) -> Iterator[dict[str, Any]]:
    offset, page = 0, list[dict[str, Any]]()
    while offset == 0 or len(page) == PAGE:
        query = {"_sort": "_id", "_offset": str(offset), "_count": str(PAGE)}
        answer = server.post("/Patient/_search", data=query).raise_for_status()
        page = [entry["resource"] for entry in answer.json().get("entry", ())]
        yield from page
        offset += PAGE


def _history(server: httpx.Client, newest: dict[str, Any]) -> list[dict[str, Any]]:
    older = range(1, int(newest["meta"]["versionId"]))
    answers = [server.get(f"/Patient/{newest['id']}/_history/{version}").raise_for_status() for version in older]
    return [*(answer.json() for answer in answers), newest]
