"""The direct calls are those that our services send, byte for byte where they matter."""

import asyncio
import base64
import json
import re
from uuid import UUID

from speed.captured import TEXT, OpenEhr, read_patient
from speed.load import Call

TOLD = {
    "QUILL_EHRBASE_URL": "http://127.0.0.1:81/ehrbase/rest/openehr/v1",
    "QUILL_EHRBASE_USER": "letters",
    "QUILL_EHRBASE_PASSWORD": "secret",
    "QUILL_EHRBASE_SYSTEM_ID": "letters.quill.test",
}
EHR = UUID(int=9)
UIDS = re.compile(r'"([0-9a-f-]{36})::letters\.quill\.test::1"')


def parts(call: Call) -> tuple[str, dict[str, str], bytes]:
    """The request line, the headers by their lower-case names, the body."""
    head, _, body = call.make().partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    return line, {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}, body


def test_patient_is_read_as_patients_reads_them() -> None:
    call = asyncio.run(read_patient("http://127.0.0.1:82/fhir", UUID(int=5)))
    line, headers, body = parts(call)
    assert line == f"GET /fhir/Patient/{UUID(int=5)} HTTP/1.1"
    assert (headers["accept"], headers["cache-control"], headers["host"]) == (
        "application/fhir+json",
        "no-store",
        "127.0.0.1:82",
    )
    assert (call.port, call.status, body) == (82, 200, b"")


def test_letters_are_listed_as_letters_lists_them() -> None:
    line, headers, body = parts(asyncio.run(OpenEhr(TOLD).list_letters(EHR, limit=21)))
    assert line == "POST /ehrbase/rest/openehr/v1/query/aql HTTP/1.1"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"letters:secret"
    query = json.loads(body)
    assert (query["fetch"], query["query_parameters"]["ehr_id"]) == (21, str(EHR))
    assert "ORDER BY" in query["q"]
    assert int(headers["content-length"]) == len(body)


def test_each_commit_is_of_another_letter() -> None:
    call = asyncio.run(OpenEhr(TOLD).commit_letter(EHR))
    (line, headers, first), (_, _, second) = parts(call), parts(call)
    assert line == f"POST /ehrbase/rest/openehr/v1/ehr/{EHR}/contribution HTTP/1.1"
    assert json.dumps(TEXT) in first.decode()
    assert int(headers["content-length"]) == len(first) == len(second)
    assert set(UIDS.findall(first.decode())).isdisjoint(UIDS.findall(second.decode()))
    assert UIDS.sub("", first.decode()) == UIDS.sub("", second.decode())
