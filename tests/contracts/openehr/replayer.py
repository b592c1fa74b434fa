"""Sends the recorded requests to a server, in order, and notes what differs."""

import json
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from contracts.openehr import letters_data, seeds
from contracts.openehr.comparison import differences
from contracts.openehr.not_compared import NOT_REPLAYED
from contracts.openehr.recording import Exchange, Translator, exchanges
from contracts.openehr.server_under_test import OpenEhrServer

_RACES = {40: 20, 41: 20, 42: 20, 105: 20, 120: 10, 178: 20}  # how many callers sent the request at once


@dataclass
class Replayer:
    """One run through the recording; `outcomes` holds the differences of each exchange."""

    server: OpenEhrServer
    translator: Translator
    outcomes: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Every exchange that NOT_REPLAYED does not name."""
        for recorded in exchanges():
            seeds.plant(recorded.number, self.server, self.translator)
            if recorded.name not in NOT_REPLAYED:
                self.outcomes[recorded.name] = self._replay(recorded)

    def _replay(self, recorded: Exchange) -> list[str]:
        if recorded.number in _RACES:
            return self._race(recorded, _RACES[recorded.number])
        answer = self.server.client.send(self._request(recorded), auth=self._credentials(recorded))
        self._learn(recorded, answer)
        return differences(recorded, answer, self.translator)

    def _race(self, recorded: Exchange, callers: int) -> list[str]:
        """One caller wins, every other is told so; the recording holds one of the answers."""
        requests = [self._request(recorded) for _ in range(callers)]
        if recorded.number == 42:  # each caller brought an id of its own
            requests = [self._request(recorded, last_digits=secrets.token_hex(6)) for _ in range(callers)]
        auth = self._credentials(recorded)
        with ThreadPoolExecutor(callers) as pool:
            answers = list(pool.map(lambda request: self.server.client.send(request, auth=auth), requests))
        counted = Counter(answer.status_code for answer in answers)
        alike = next((answer for answer in answers if answer.status_code == recorded.response["status"]), answers[0])
        self._learn(recorded, alike)
        won = sum(count for status, count in counted.items() if status < 300)
        return differences(recorded, alike, self.translator) + ([] if won == 1 else [f"{dict(counted)}"])

    def _learn(self, recorded: Exchange, answer: httpx.Response) -> None:
        if "/query/" in recorded.request["path"] or answer.status_code != recorded.response["status"]:
            return
        for name in ("etag", "location"):
            self.translator.learn(recorded.response["headers"].get(name), answer.headers.get(name))
        if isinstance(recorded.response["body"], dict):
            self.translator.learn(recorded.response["body"], answer.json())

    def _credentials(self, recorded: Exchange) -> httpx.Auth | tuple[str, str]:
        if "Authorization" not in recorded.request["headers"]:
            return httpx.Auth()
        return (self.server.user, "wrong" if recorded.name == "002-auth-wrong" else self.server.password)

    def _request(self, recorded: Exchange, last_digits: str | None = None) -> httpx.Request:
        headers = dict(recorded.request["headers"])
        headers.pop("Authorization", None)
        headers = {name: self.translator.text(value) for name, value in headers.items()}
        path = self.translator.text(recorded.request["path"])
        if last_digits is not None:
            path = path[:-12] + last_digits
        return self.server.client.build_request(
            recorded.request["method"], path, headers=headers, content=self._content(recorded)
        )

    def _content(self, recorded: Exchange) -> bytes | None:
        body = recorded.request["body"]
        if body is None:
            return None
        if isinstance(body, dict) and "trimmed" in body:
            body = letters_data.composition(body="x" * body["characters"])
        if isinstance(body, str) and body.startswith("<?xml"):
            body = letters_data.TEMPLATE.replace("concept>", "koncept>" if "<koncept>" in body else "concept>")
        text = body if isinstance(body, str) else json.dumps(body)
        return self.translator.text(text).encode("utf-8")
