"""Contributions: the way to name the clinician who wrote, amended or withdrew a letter."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from contracts.openehr import letters_data
from contracts.openehr.letters_data import AMENDMENT, CREATION, DELETED, MODIFICATION, composition, version, without
from contracts.openehr.server_under_test import OpenEhrServer


class Clinic:
    """Commits changes to one EHR in a clinician's name."""

    def __init__(self, server: OpenEhrServer, ehr_id: str) -> None:
        self.server = server
        self.ehr_id = ehr_id

    def audit(self, change: dict[str, Any], description: str = "") -> dict[str, Any]:
        return letters_data.audit(
            change, name="Dr Ines Varga", description=description or "Sent", system_id=self.server.system_id
        )

    def new(self, uid: str | None = None, **parts: Any) -> dict[str, Any]:
        return version(self.audit(CREATION), composition(uid, **parts))

    def commit(self, *versions: dict[str, Any]) -> int:
        return self.server.contribute(self.ehr_id, *versions).status_code

    def get(self, path: str) -> Any:
        answer = self.server.call("GET", f"/ehr/{self.ehr_id}/{path}")
        assert answer.status_code == 200
        return answer.json()

    def history(self, uid: str) -> list[dict[str, Any]]:
        items = self.get(f"versioned_composition/{uid.split('::')[0]}/revision_history")["items"]
        return [item["audits"][0] for item in items]


@pytest.fixture
def clinic(letters: OpenEhrServer, ehr_id: str) -> Clinic:
    return Clinic(letters, ehr_id)


@pytest.fixture
def uid(clinic: Clinic) -> str:
    """The version uid of a letter just written."""
    uid = clinic.server.version_uid(uuid4())
    assert clinic.commit(clinic.new(uid)) == 201
    return uid


def test_the_committer_and_the_reason_come_back_with_the_version(clinic: Clinic, uid: str) -> None:
    audit = clinic.get(f"versioned_composition/{uid.split('::')[0]}/version/{uid}")["commit_audit"]
    assert audit["committer"]["name"] == "Dr Ines Varga"
    assert audit["committer"]["external_ref"]["namespace"] == "quill"
    assert audit["description"]["value"] == "Sent"
    assert audit["time_committed"]["value"]


def test_a_contribution_names_its_versions(clinic: Clinic) -> None:
    uid = clinic.server.version_uid(uuid4())
    answer = clinic.server.contribute(clinic.ehr_id, clinic.new(uid))
    found = clinic.get(f"contribution/{answer.json()['uid']['value']}")
    assert [reference["id"]["value"] for reference in found["versions"]] == [uid]
    assert found == answer.json()


def test_a_composition_uid_is_taken_once(clinic: Clinic, uid: str) -> None:
    assert clinic.commit(clinic.new(uid)) == 412


def test_of_20_contributions_with_one_composition_uid_one_is_made(clinic: Clinic) -> None:
    change = clinic.new(clinic.server.version_uid(uuid4()))
    with ThreadPoolExecutor(20) as pool:
        counted = Counter(pool.map(lambda _: clinic.commit(change), range(20)))
    assert counted[201] == 1
    assert counted.keys() <= {201, 412, 500}


def test_a_contribution_uid_chosen_twice_is_500(clinic: Clinic) -> None:
    body = {**letters_data.contribution(clinic.new()), "uid": {"_type": "HIER_OBJECT_ID", "value": str(uuid4())}}
    path = f"/ehr/{clinic.ehr_id}/contribution"
    assert clinic.server.call("POST", path, body).status_code == 204
    assert clinic.server.call("POST", path, body).status_code == 500


def test_amendments_and_deletions_are_versions_with_their_reasons(clinic: Clinic, uid: str) -> None:
    second, third = (clinic.server.version_uid(uid.split("::")[0], number) for number in (2, 3))
    assert clinic.commit(version(clinic.audit(AMENDMENT, "dose"), composition(title="2"), uid)) == 201
    assert clinic.commit(version(clinic.audit(MODIFICATION, "typo"), composition(title="3"), second)) == 201
    assert clinic.commit(version(clinic.audit(DELETED, "wrong patient"), None, third)) == 201
    told = [(audit["change_type"]["value"], audit["description"]["value"]) for audit in clinic.history(uid)]
    expected = [("creation", "Sent"), ("amendment", "dose"), ("modification", "typo"), ("deleted", "wrong patient")]
    assert told == expected


def test_a_change_of_an_old_version_is_412(clinic: Clinic, uid: str) -> None:
    change = version(clinic.audit(AMENDMENT), composition(), uid)
    assert clinic.commit(change) == 201
    assert clinic.commit(change) == 412
    assert len(clinic.history(uid)) == 2


def test_of_10_amendments_of_one_version_one_is_made(clinic: Clinic, uid: str) -> None:
    change = version(clinic.audit(AMENDMENT), composition(), uid)
    with ThreadPoolExecutor(10) as pool:
        counted = Counter(pool.map(lambda _: clinic.commit(change), range(10)))
    assert counted[201] == 1
    assert counted.keys() <= {201, 412, 500}
    assert len(clinic.history(uid)) == 2


def test_all_versions_of_a_contribution_are_made_or_none(clinic: Clinic) -> None:
    good = clinic.server.version_uid(uuid4())
    bad = version(clinic.audit(CREATION), without(composition(), "at0002"))
    assert clinic.commit(clinic.new(good), bad) == 400
    assert clinic.server.call("GET", f"/ehr/{clinic.ehr_id}/composition/{good}").status_code == 404


@pytest.mark.parametrize("missing", ["committer", "system_id", "change_type"])
def test_an_audit_without_a_mandatory_part_is_400(clinic: Clinic, missing: str) -> None:
    audit = clinic.audit(CREATION)
    del audit[missing]
    body = letters_data.contribution(clinic.new())
    body["versions"][0]["commit_audit"] = audit
    assert clinic.server.call("POST", f"/ehr/{clinic.ehr_id}/contribution", body).status_code == 400


def test_a_time_of_commit_of_our_own_is_400(clinic: Clinic) -> None:
    body = letters_data.contribution(clinic.new())
    body["audit"]["time_committed"] = {"_type": "DV_DATE_TIME", "value": "2020-01-01T00:00:00Z"}
    assert clinic.server.call("POST", f"/ehr/{clinic.ehr_id}/contribution", body).status_code == 400


def test_a_change_must_say_what_it_changes_and_a_creation_must_not(clinic: Clinic, uid: str) -> None:
    assert clinic.commit(version(clinic.audit(AMENDMENT), composition())) == 400
    assert clinic.commit(version(clinic.audit(CREATION), composition(), uid)) == 400


def test_a_contribution_without_versions_or_to_an_unknown_ehr_is_refused(clinic: Clinic) -> None:
    body = letters_data.contribution(clinic.new())
    assert clinic.server.call("POST", f"/ehr/{uuid4()}/contribution", body).status_code == 404
    body["versions"] = []
    assert clinic.server.call("POST", f"/ehr/{clinic.ehr_id}/contribution", body).status_code == 400


def test_an_unknown_contribution_is_404(clinic: Clinic) -> None:
    assert clinic.server.call("GET", f"/ehr/{clinic.ehr_id}/contribution/{uuid4()}").status_code == 404
