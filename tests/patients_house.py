"""What tests of patients stand on: a stand-in for the FHIR server with the behaviour measured of HAPI 8.8 and some bad
moods. The real FHIR server is met in tests/e2e."""

import json
import re
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from stand_in import Answer, Handler, Server, as_json

NHS = "https://fhir.nhs.uk/Id/nhs-number"

type Json = dict[str, Any]
type Told = tuple[int, Any]


class StandInFhir(Server):
    """Moods: open; closed (nothing arrives, no answer); deaf (writes arrive, their answers are lost); ill (500);
    stuck (the caller waits); lying (200 and `lie`); refusing (400 to writes, quoting the patient as HAPI does).
    `lost` is the mood for writes only; `dislikes` is a text that it refuses what it stands in for."""

    def __init__(self) -> None:
        super().__init__()
        self.mood = "open"
        self.lost: str | None = None
        self.dislikes: str | None = None
        self.lie: Any = {}
        self.versions: dict[str, list[Json | None]] = {}
        self.unlisted: set[str] = set()  # as a page misses somebody when others are deleted meanwhile
        self.writes = 0
        self._lock = threading.Lock()

    def reset(self) -> None:
        self.mood, self.lost, self.versions, self.unlisted, self.writes = "open", None, {}, set(), 0
        self.dislikes = None

    def put(self, resource: Json, *, by: str = "somebody-else") -> None:
        """Write past Quill, as another system does."""
        with self._lock:
            self._store(str(resource["id"]), resource, by)

    def delete(self, patient_id: UUID) -> None:
        self.versions[str(patient_id)].append(None)

    def current(self, patient_id: UUID) -> Json:
        resource = self.versions[str(patient_id)][-1]
        assert resource is not None
        return resource

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        told = self._react(request, body)
        return None if told is None else as_json(*told, media_type="application/fhir+json")

    def _react(self, request: Handler, body: bytes) -> Told | None:
        writes = request.command == "PUT" or request.path == "/fhir/"
        mood = (self.lost if writes else None) or self.mood
        if mood == "stuck":
            time.sleep(6)
        if mood in {"closed", "stuck"}:
            return None
        if mood == "ill":
            return 500, {"resourceType": "OperationOutcome"}
        if mood == "lying":
            return 200, self.lie
        disliked = self.dislikes is not None and self.dislikes.encode() in body
        if writes and (mood == "refusing" or disliked):
            return 400, {"resourceType": "OperationOutcome", "issue": [{"diagnostics": body.decode()}]}
        with self._lock:
            answer = self._say(request, body)
        return None if mood == "deaf" and writes else answer

    def _say(self, request: Handler, body: bytes) -> Told:
        if request.path == "/fhir/":
            return self._transaction(json.loads(body), request.headers["X-Request-Id"])
        path = request.path.removeprefix("/fhir/Patient/")
        if path == "_search":
            return 200, self._search({name: values[0] for name, values in parse_qs(body.decode()).items()})
        patient_id, _, version = path.partition("/_history/")
        if request.command == "PUT":
            headers = request.headers
            return self._put(patient_id, json.loads(body), expected=headers["If-Match"], by=headers["X-Request-Id"])
        versions = self.versions.get(patient_id, [])
        place = int(version) - 1 if version else len(versions) - 1
        if not versions or place >= len(versions):
            return 404, {}
        resource = versions[place]
        return (410, {}) if resource is None else (200, resource)

    def _transaction(self, bundle: Json, by: str) -> Told:
        before, written = {one: list(versions) for one, versions in self.versions.items()}, []
        for entry in bundle["entry"]:
            patient_id = entry["request"]["url"].removeprefix("Patient/")
            code, stored = self._put(patient_id, entry["resource"], expected=entry["request"]["ifMatch"], by=by)
            if code == 409:
                self.versions = before
                return code, stored
            location = f"Patient/{patient_id}/_history/{stored['meta']['versionId']}"
            written.append({"response": {"status": f"{code}", "location": location}})
        return 200, {"resourceType": "Bundle", "type": "transaction-response", "entry": written}

    def _put(self, patient_id: str, resource: Json, *, expected: str, by: str) -> Told:
        wanted = re.fullmatch(r'W/"(\d+)"', expected)
        assert wanted is not None
        versions = self.versions.get(patient_id, [])
        if versions and len(versions) != int(wanted[1]):
            return 409, {"resourceType": "OperationOutcome"}
        self.writes += 1
        if versions and versions[-1] is not None and _content(versions[-1]) == _content(resource):
            return 200, versions[-1]
        return 201 if not versions else 200, self._store(patient_id, resource, by)

    def _store(self, patient_id: str, resource: Json, by: str) -> Json:
        versions = self.versions.setdefault(patient_id, [])
        meta = {**resource.get("meta", {}), "versionId": str(len(versions) + 1), "source": f"#{by[:16]}"}
        stored = {**resource, "meta": meta}
        versions.append(stored)
        return stored

    def _search(self, query: dict[str, str]) -> Json:
        current = [self.versions[key][-1] for key in sorted(self.versions) if key not in self.unlisted]
        found = [resource for resource in current if resource is not None]
        if "identifier" in query:
            tokens = set(query["identifier"].split(","))
            found = [
                one for one in found if tokens & {f"{it['system']}|{it['value']}" for it in one.get("identifier", [])}
            ]
        first = int(query.get("_offset", 0))
        entries = [{"resource": one} for one in found[first : first + int(query["_count"])]]
        return {"resourceType": "Bundle", **({"entry": entries} if entries else {})}


def _content(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "meta"}


@dataclass(frozen=True)
class Numbers:
    """NHS numbers of the range for tests (999…), a new one each time."""

    used: list[int]

    def new(self) -> str:
        while True:
            self.used[0] += 1
            digits = f"999{self.used[0]:06d}"
            check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
            if check != 10:
                return digits + str(check % 11)


NUMBERS = Numbers([0])


def patient(*given: str, family: str = "Okafor", nhs_number: str | None = None, **elements: Any) -> Json:
    """A FHIR Patient."""
    resource: Json = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": list(given or ("Ada",))}],
        "gender": "female",
        "birthDate": "1980-02-29",
    }
    if nhs_number is not None:
        resource["identifier"] = [{"system": NHS, "value": nhs_number}]
    return resource | elements
