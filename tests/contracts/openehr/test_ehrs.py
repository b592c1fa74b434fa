"""One EHR per patient."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from contracts.openehr.letters_data import composition, ehr_status
from contracts.openehr.server_under_test import OpenEhrServer


def by_subject(server: OpenEhrServer, subject_id: str) -> tuple[int, str]:
    """Status, and the EHR's id where there is one."""
    answer = server.call("GET", f"/ehr?subject_id={subject_id}&subject_namespace=quill")
    return answer.status_code, answer.json().get("ehr_id", {}).get("value", "")


def test_a_new_ehr_is_found_by_id_and_by_subject(server: OpenEhrServer) -> None:
    subject = str(uuid4())
    ehr_id = server.create_ehr(subject)
    assert by_subject(server, subject) == (200, ehr_id)
    assert server.call("GET", f"/ehr/{ehr_id}").json()["ehr_id"]["value"] == ehr_id


def test_a_second_ehr_for_a_subject_is_409(server: OpenEhrServer) -> None:
    subject = str(uuid4())
    server.create_ehr(subject)
    assert server.call("POST", "/ehr", ehr_status(subject)).status_code == 409
    assert server.call("PUT", f"/ehr/{uuid4()}", ehr_status(subject)).status_code == 409


def test_of_20_callers_for_one_subject_one_creates_the_ehr(server: OpenEhrServer) -> None:
    status = ehr_status(str(uuid4()))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.call("POST", "/ehr", status), range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}


def test_an_id_may_be_chosen_once(server: OpenEhrServer) -> None:
    ehr_id = str(uuid4())
    first = server.call("PUT", f"/ehr/{ehr_id}", ehr_status(str(uuid4())))
    assert (first.status_code, first.headers["ETag"]) == (201, f'"{ehr_id}"')
    assert server.call("PUT", f"/ehr/{ehr_id}", ehr_status(str(uuid4()))).status_code == 409


def test_a_subject_of_another_namespace_is_another_subject(server: OpenEhrServer) -> None:
    subject = str(uuid4())
    server.create_ehr(subject)
    assert server.call("GET", f"/ehr?subject_id={subject}&subject_namespace=other").status_code == 404


def test_unknown_subjects_and_ids_are_404(server: OpenEhrServer) -> None:
    assert by_subject(server, str(uuid4())) == (404, "")
    assert server.call("GET", f"/ehr/{uuid4()}").status_code == 404
    assert server.call("GET", "/ehr/not-a-uuid").status_code == 404


def test_a_status_without_its_flags_is_400(server: OpenEhrServer) -> None:
    status = ehr_status(str(uuid4()))
    del status["is_queryable"]
    assert server.call("POST", "/ehr", status).status_code == 400


def test_an_ehr_that_is_not_modifiable_takes_no_letters(letters: OpenEhrServer) -> None:
    made = letters.call("POST", "/ehr", ehr_status(str(uuid4()), is_modifiable=False))
    ehr_id = made.headers["ETag"].strip('"')
    assert letters.post_letter(ehr_id, composition()).status_code == 409
