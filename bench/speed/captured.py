"""The very requests that our services send to the clinical servers, so that the direct calls are the same calls."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from letters.ehrbase import EHRbase
from letters.letter import Author, StoredLetter
from patients.fhir import FhirServer

from speed.load import Call, request

TEXT = "Dear reader,\n\nall is well. " + "We looked at everything, and everything was as it should be. " * 20
LETTER = {"title": "Your visit", "body": TEXT}
_AUTHOR = Author(id=UUID(int=7), name="Dr Measured")
_FROM_CLIENT = ("host", "content-length", "connection", "accept-encoding", "user-agent")


class Captured(Exception):
    """What would have been sent."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request


def _taking(*, method: str) -> httpx.MockTransport:
    def take(request: httpx.Request) -> httpx.Response:
        if request.method == method:
            raise Captured(request)
        return httpx.Response(200, json={})  # an earlier question: whether the template is there

    return httpx.MockTransport(take)


def _client(base_url: str, auth: tuple[str, str] | None, *, method: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base_url, auth=auth, transport=_taking(method=method))


def _bytes(sent: httpx.Request) -> tuple[str, int, bytes]:
    headers = {name: value for name, value in sent.headers.items() if name not in _FROM_CLIENT}
    return request(sent.method, str(sent.url), headers, sent.content)


async def read_patient(fhir_url: str, patient_id: UUID) -> Call:
    """How patients reads a patient at the FHIR server."""
    async with _client(f"{fhir_url}/", None, method="GET") as client:
        try:
            await FhirServer(client).read(patient_id)
        except Captured as captured:
            host, port, content = _bytes(captured.request)
            return Call(host, port, lambda: content)
    raise AssertionError("nothing was sent")


class OpenEhr:
    """The openEHR server, asked as letters asks it."""

    def __init__(self, told: dict[str, str]) -> None:
        """
        Args:
            told: the settings of letters.
        """
        self._url, self._system_id = told["QUILL_EHRBASE_URL"].rstrip("/"), told["QUILL_EHRBASE_SYSTEM_ID"]
        self._auth = (told["QUILL_EHRBASE_USER"], told["QUILL_EHRBASE_PASSWORD"])

    def _ehrbase(self, client: httpx.AsyncClient) -> EHRbase:
        return EHRbase(client, system_id=self._system_id)

    async def list_letters(self, ehr_id: UUID, *, limit: int) -> Call:
        """The query of a first page."""
        async with _client(self._url, self._auth, method="POST") as client:
            try:
                await self._ehrbase(client).list_letters(ehr_id, limit=limit, after=None)
            except Captured as captured:
                host, port, content = _bytes(captured.request)
                return Call(host, port, lambda: content)
        raise AssertionError("nothing was sent")

    async def commit_letter(self, ehr_id: UUID) -> Call:
        """The commit of a new letter, each time under another uid."""
        mark = uuid4()
        sent: dict[str, Any] = {"uid": mark, "version": 1, "author": _AUTHOR, "sent_at": datetime.now(UTC)}
        letter = StoredLetter(**sent, title=LETTER["title"], body=TEXT, letter_type="clinic")
        async with _client(self._url, self._auth, method="POST") as client:
            try:
                await self._ehrbase(client).commit_letter(ehr_id, letter, committer=_AUTHOR, reason="Letter sent")
            except Captured as captured:
                host, port, content = _bytes(captured.request)
                old = str(mark).encode()
                return Call(host, port, lambda: content.replace(old, str(uuid4()).encode()), status=204)
        raise AssertionError("nothing was sent")
