"""The openEHR server that a test talks to: where it is, who may call it, and how to call it."""

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
from contracts.openehr import letters_data

BASE_PATH = "/ehrbase/rest/openehr/v1"


@dataclass(frozen=True)
class OpenEhrServer:
    """`url` is the API's base, ending in BASE_PATH."""

    url: str
    user: str
    password: str = field(repr=False)
    is_real: bool = False

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.url.removesuffix(BASE_PATH)

    @cached_property
    def client(self) -> httpx.Client:
        """One client per server; tests never close it before the session ends."""
        client = httpx.Client(base_url=self.origin, auth=(self.user, self.password), timeout=60)
        del client.headers["accept"]  # the recordings say themselves what is accepted
        return client

    @cached_property
    def system_id(self) -> str:
        """The server's node name, as the EHRs tell it."""
        made = self.call("POST", "/ehr", headers={"Prefer": "return=representation"})
        return str(made.json()["system_id"]["value"])

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One call of the API; `body` is sent as JSON."""
        url = f"{BASE_PATH}{path}"
        accept = {"Accept": "application/json", **(headers or {})}
        if body is None:
            return self.client.request(method, url, headers=accept)
        return self.client.request(method, url, json=body, headers=accept)

    def upload_template(self, document: str) -> httpx.Response:
        """Sends an operational template."""
        path = f"{BASE_PATH}/definition/template/adl1.4"
        return self.client.post(path, content=document.encode(), headers={"Content-Type": "application/xml"})

    def create_ehr(self, subject_id: str) -> str:
        """A new EHR for the subject; answers its id."""
        answer = self.call("POST", "/ehr", letters_data.ehr_status(subject_id))
        assert answer.status_code == 201
        return answer.headers["ETag"].strip('"')

    def post_letter(self, ehr_id: str, letter: dict[str, Any]) -> httpx.Response:
        """Sends a letter as a composition of its own."""
        return self.call("POST", f"/ehr/{ehr_id}/composition", letter)

    def contribute(self, ehr_id: str, *versions: dict[str, Any]) -> httpx.Response:
        """Sends a contribution and asks for all of it."""
        body = letters_data.contribution(*versions)
        return self.call("POST", f"/ehr/{ehr_id}/contribution", body, headers={"Prefer": "return=representation"})

    def query(self, text: str, **extra: Any) -> httpx.Response:
        """Runs an AQL query; `extra` are other fields of the request, as `fetch`."""
        return self.call("POST", "/query/aql", {"q": text, **extra})

    def version_uid(self, object_id: str | uuid.UUID, version: int = 1) -> str:
        """A version uid of this server."""
        return f"{object_id}::{self.system_id}::{version}"
