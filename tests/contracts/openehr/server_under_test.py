"""The openEHR server that a test talks to: where it is, who may call it, and how to call it."""

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

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

    def version_uid(self, object_id: str | uuid.UUID, version: int = 1) -> str:
        """A version uid of this server."""
        return f"{object_id}::{self.system_id}::{version}"
