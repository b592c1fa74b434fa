"""Whether an answer says what the recording says: status, headers and body, apart from ids and times."""

import json
import re
from datetime import datetime
from typing import Any

import httpx
from contracts.openehr.not_compared import ANY_ROWS, BODY_NOT_COMPARED, MESSAGE_BEGINS, TIES_IN_ORDER
from contracts.openehr.recording import Exchange, Translator

_HEADERS = ("etag", "location", "www-authenticate")
_RECORDED_AT = re.compile(r"2026-11-23T03:\d\d:\d\d")
_ABOUT_EHRBASE = {
    "EHRbase",
    "EHRbase Internal quill-letters",
    "EHRbase Security Authentication User",
    "quill-letters",
}


def differences(exchange: Exchange, answer: httpx.Response, translator: Translator) -> list[str]:
    """What differs, one line each; empty where the answers agree."""
    recorded = exchange.response
    found = []
    if answer.status_code != recorded["status"]:
        found.append(f"status {answer.status_code}, recorded {recorded['status']}: {answer.text[:400]}")
    found += _header_differences(exchange, answer, translator)
    if exchange.name not in BODY_NOT_COMPARED:
        found += _body_differences(exchange, answer, translator)
    return found


def _header_differences(exchange: Exchange, answer: httpx.Response, translator: Translator) -> list[str]:
    found = []
    recorded = exchange.response["headers"]
    for name in _HEADERS:
        if not _texts_agree(recorded.get(name, ""), answer.headers.get(name, ""), translator):
            found.append(f"{name} {answer.headers.get(name)!r}, recorded {recorded.get(name)!r}")
    if exchange.name not in BODY_NOT_COMPARED:
        kinds = [str(headers.get("content-type", "")).split(";")[0] for headers in (recorded, answer.headers)]
        found += [f"content-type {kinds[1]!r}, recorded {kinds[0]!r}"] if kinds[0] != kinds[1] else []
    return found


def _body_differences(exchange: Exchange, answer: httpx.Response, translator: Translator) -> list[str]:
    recorded = exchange.response["body"]
    try:
        body: Any = answer.json() if isinstance(recorded, dict | list) else answer.text
    except json.JSONDecodeError:
        return [f"no JSON: {answer.text[:200]!r}"]
    begins = MESSAGE_BEGINS.get(exchange.name)
    if begins is not None:
        told = str(body.get("message", "")).removeprefix("JSON parse error: ")
        return [] if told.startswith(begins) else [f"message {told!r} should begin {begins!r}"]
    if isinstance(recorded, dict) and "rows" in recorded:
        return _result_differences(exchange, recorded, body, translator)
    if isinstance(recorded, list):  # templates: others than this run's may be there
        body = [item for item in body if item["template_id"] == translator.template_id]
    return compare(recorded, body, translator)


def _result_differences(exchange: Exchange, recorded: Any, body: Any, translator: Translator) -> list[str]:
    found = compare(_without_rows(recorded), _without_rows(body), translator)
    if exchange.name in ANY_ROWS:
        same_number = len(recorded["rows"]) == len(body["rows"])
        return found + ([] if same_number else [f"{len(body['rows'])} rows, recorded {len(recorded['rows'])}"])
    if "ORDER BY" in recorded["q"] and exchange.name not in TIES_IN_ORDER:
        return found + compare(recorded["rows"], body["rows"], translator, "rows")
    left = list(body["rows"])
    for row in recorded["rows"]:
        same = next((other for other in left if not compare(row, other, translator)), None)
        if same is None:
            found.append(f"no row like {row}")
        else:
            left.remove(same)
    return found + [f"unexpected row {row}" for row in left]


def _without_rows(result: dict[str, Any]) -> dict[str, Any]:
    """Nor `_executed_aql`, which EHRbase can be told to leave out and the development server never writes."""
    meta = {key: value for key, value in result["meta"].items() if key != "_executed_aql"}
    return {**result, "meta": meta, "rows": []}


def compare(recorded: Any, answered: Any, translator: Translator, path: str = "") -> list[str]:
    """Structural differences; the order of an object's fields does not matter."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        found = (
            [f"{path}: fields {sorted(answered)}, recorded {sorted(recorded)}"]
            if _fields_differ(recorded, answered)
            else []
        )
        for key in recorded.keys() & answered.keys():
            found += compare(recorded[key], answered[key], translator, f"{path}/{key}")
        return found
    if isinstance(recorded, list) and isinstance(answered, list):
        if len(recorded) != len(answered):
            return [f"{path}: {len(answered)} items, recorded {len(recorded)}"]
        pairs = enumerate(zip(recorded, answered, strict=True))
        return [line for n, (one, other) in pairs for line in compare(one, other, translator, f"{path}/{n}")]
    if isinstance(recorded, str) and isinstance(answered, str):
        agree = _texts_agree(recorded, answered, translator)
    else:
        agree = recorded == answered and type(recorded) is type(answered)
    return [] if agree else [f"{path}: {answered!r}, recorded {recorded!r}"]


def _fields_differ(recorded: dict[str, Any], answered: dict[str, Any]) -> bool:
    return recorded.keys() != answered.keys()


def _texts_agree(recorded: str, answered: str, translator: Translator) -> bool:
    if recorded in _ABOUT_EHRBASE:
        return bool(answered)
    if _RECORDED_AT.match(recorded):
        return datetime.fromisoformat(answered).tzinfo is not None
    return translator.pattern(recorded).fullmatch(answered) is not None
