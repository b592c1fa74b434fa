"""The declared policies are those of the contract, route by route; the contract's side is written by hand."""

import json
import re
from pathlib import Path

import pytest
from access import Call, read_calls

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts/access.json").read_text())
PARAMETER = re.compile(r"\{\w+\}")
# What the contract's words mean to: anonymous, a patient, a linked patient, a clinician, an administrator.
WHO = {
    "anyone": "yes yes yes yes yes",
    "refresh cookie + CSRF": "401 yes yes yes yes",
    "signed in": "401 yes yes yes yes",
    "own": "401 own own own own",
    "patient": "401 yes yes 403 403",
    "clinician": "401 403 403 yes 403",
    "admin": "401 403 403 403 yes",
    "clinician, admin": "401 403 403 yes yes",
    "clinician, the linked patient": "401 404 own yes 403",
    "clinician, admin, the linked patient": "401 404 own yes yes",
}


# Both by method and path; the contract names some parameters otherwise than we do.
PROMISED = {(method, PARAMETER.sub("{}", path)): who for method, path, who in CONTRACT["calls"]}
DECLARED = {(call.method, PARAMETER.sub("{}", call.path)): call for call in read_calls()}


def test_every_call_of_the_contract_is_declared_and_no_other() -> None:
    assert set(DECLARED) == set(PROMISED)


@pytest.mark.parametrize("call", DECLARED.values(), ids=str)
def test_call_that_refuses_by_role_or_record_is_audited(call: Call) -> None:
    assert ("audited as" in call.rule) == bool({"403", "404"} & set(call.cells.values()))


@pytest.mark.parametrize(("key", "call"), DECLARED.items(), ids=[str(call) for call in DECLARED.values()])
def test_declaration_admits_whom_the_contract_names(key: tuple[str, str], call: Call) -> None:
    assert " ".join(call.cells.values()) == WHO[PROMISED[key]]
