"""What the patients service relies on in the FHIR server, checked on a live one."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from import_house import synthea
from r4_patients import EXAMPLE, FULL, MORE, VALUES

NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
AT_ONCE = 20


def new_patient(*, family: str = "Contract", given: str = "Ada", nhs_number: str | None = None) -> dict[str, Any]:
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "id": str(uuid4()),
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "gender": "female",
        "birthDate": "1970-01-02",
    }
    if nhs_number is not None:
        patient["identifier"] = [{"system": NHS_SYSTEM, "value": nhs_number}]
    return patient


def unique_family() -> str:
    """Searches of one test must not find the patients of another."""
    return f"Contract{uuid4().hex}"


def path_of(patient: dict[str, Any]) -> str:
    return f"/Patient/{patient['id']}"


def put(fhir: httpx.Client, patient: dict[str, Any], **headers: str) -> httpx.Response:
    return fhir.put(path_of(patient), json=patient, headers={"Content-Type": "application/fhir+json", **headers})


def renamed(patient: dict[str, Any], given: str) -> dict[str, Any]:
    return {**patient, "name": [{**patient["name"][0], "given": [given]}]}


def search(fhir: httpx.Client, **parameters: str) -> dict[str, Any]:
    cache = parameters.pop("cache", "no-store")
    answer = fhir.post("/Patient/_search", data=parameters, headers={"Cache-Control": cache})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def at_once(call: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, range(AT_ONCE)))


def test_put_new_id_is_created_as_version_1(fhir: httpx.Client) -> None:
    patient = new_patient()
    answer = put(fhir, patient)
    assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"1"')
    assert answer.headers["content-location"].endswith(f"{path_of(patient)}/_history/1")


def test_put_changed_patient_makes_a_new_version(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    answer = put(fhir, renamed(patient, "Grace"))
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


def test_put_identical_patient_keeps_the_version(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    answer = put(fhir, patient)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')


def test_put_with_current_if_match_is_stored(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    answer = put(fhir, renamed(patient, "Grace"), **{"If-Match": 'W/"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


@pytest.mark.parametrize("version", ["1", "9"])
def test_put_with_stale_or_future_if_match_is_409_and_changes_nothing(fhir: httpx.Client, version: str) -> None:
    patient = new_patient()
    put(fhir, patient)
    put(fhir, renamed(patient, "Grace"))
    answer = put(fhir, renamed(patient, "Lost"), **{"If-Match": f'W/"{version}"'})
    assert answer.status_code == 409
    assert fhir.get(path_of(patient)).json()["name"][0]["given"] == ["Grace"]


def test_put_with_if_match_on_unknown_id_creates(fhir: httpx.Client) -> None:
    assert put(fhir, new_patient(), **{"If-Match": 'W/"1"'}).status_code == 201


def test_put_with_if_none_match_overwrites_all_the_same(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    assert put(fhir, renamed(patient, "Grace"), **{"If-None-Match": "*"}).status_code == 200


def test_put_of_another_id_than_the_address_is_400(fhir: httpx.Client) -> None:
    body = new_patient()
    assert fhir.put(f"/Patient/{uuid4()}", json=body).status_code == 400


def test_parallel_puts_of_one_new_id_create_once_and_never_fail(fhir: httpx.Client) -> None:
    patient = new_patient()
    answers = at_once(lambda n: put(fhir, renamed(patient, f"Racer{n}")))
    codes = Counter(answer.status_code for answer in answers)
    assert codes[201] == 1
    assert set(codes) <= {200, 201, 409}


def test_parallel_updates_with_one_if_match_have_exactly_one_winner(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    answers = at_once(lambda n: put(fhir, renamed(patient, f"Racer{n}"), **{"If-Match": 'W/"1"'}))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert fhir.get(path_of(patient)).json()["meta"]["versionId"] == "2"


def test_write_refused_by_the_database_answers_without_the_patient(fhir: httpx.Client) -> None:
    patient = new_patient(family="Unspoken\0", nhs_number="9434765919")
    answer = put(fhir, patient)
    assert answer.status_code == 409
    assert "Unspoken" not in answer.text
    assert "9434765919" not in answer.text


def transaction(fhir: httpx.Client, *patients: dict[str, Any], mark: str = "together") -> httpx.Response:
    """New patients, as an import writes them."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": path_of(one)[1:], "ifMatch": 'W/"0"'}} for one in patients
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return fhir.post("/", json=bundle, headers={"Content-Type": "application/fhir+json", "X-Request-Id": mark})


def test_transaction_stores_each_patient_under_the_mark_of_its_request(fhir: httpx.Client) -> None:
    patients, mark = [new_patient() for _ in range(25)], uuid4().hex[:16]
    answer = transaction(fhir, *patients, mark=mark)
    assert answer.status_code == 200
    told = [entry["response"]["location"] for entry in answer.json()["entry"]]
    assert told == [f"{path_of(one)[1:]}/_history/1" for one in patients]
    for one in patients:
        assert fhir.get(f"{path_of(one)}/_history/1").json()["meta"]["source"] == f"#{mark}"


@pytest.mark.parametrize("deleted", [False, True])
def test_transaction_with_one_who_is_there_is_409_and_stores_nobody(fhir: httpx.Client, deleted: bool) -> None:
    known, *others = (new_patient() for _ in range(4))
    put(fhir, known)
    if deleted:
        assert fhir.delete(path_of(known)).status_code == 200
    assert transaction(fhir, others[0], known, *others[1:]).status_code == 409
    assert [fhir.get(path_of(one)).status_code for one in others] == [404] * 3


def test_transaction_with_one_who_is_invalid_is_400_and_stores_nobody(fhir: httpx.Client) -> None:
    patients = [new_patient(), {**new_patient(), "birthDate": "nonsense"}]
    assert transaction(fhir, *patients).status_code == 400
    assert fhir.get(path_of(patients[0])).status_code == 404


def test_parallel_transactions_of_the_same_patients_store_them_once(fhir: httpx.Client) -> None:
    patients = [new_patient() for _ in range(5)]
    answers = at_once(lambda n: transaction(fhir, *(patients if n % 2 else reversed(patients)), mark=f"racer-{n}"))
    assert Counter(answer.status_code for answer in answers)[200] == 1
    found = [fhir.get(path_of(one)).json()["meta"] for one in patients]
    assert {meta["versionId"] for meta in found} == {"1"}
    assert len({meta["source"] for meta in found}) == 1


def test_identifiers_of_several_are_searched_for_at_once(fhir: httpx.Client) -> None:
    patients = [new_patient(nhs_number=uuid4().hex) for _ in range(3)]
    transaction(fhir, *patients)
    tokens = ",".join(f"{NHS_SYSTEM}|{one['identifier'][0]['value']}" for one in patients)
    assert set(ids(search(fhir, identifier=tokens))) == {one["id"] for one in patients}


def test_read_and_vread_return_the_version_asked_for(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    put(fhir, renamed(patient, "Grace"))
    assert fhir.get(path_of(patient)).json()["name"][0]["given"] == ["Grace"]
    assert fhir.get(f"{path_of(patient)}/_history/1").json()["name"][0]["given"] == ["Ada"]
    assert fhir.get(f"{path_of(patient)}/_history/3").status_code == 404


def test_history_lists_all_versions_newest_first(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    put(fhir, renamed(patient, "Grace"))
    entries = fhir.get(f"{path_of(patient)}/_history").json()["entry"]
    assert [entry["resource"]["meta"]["versionId"] for entry in entries] == ["2", "1"]


def test_read_of_absent_patient_is_404(fhir: httpx.Client) -> None:
    assert fhir.get(f"/Patient/{uuid4()}").status_code == 404


def test_read_of_deleted_patient_is_410_until_put_again(fhir: httpx.Client) -> None:
    patient = new_patient()
    put(fhir, patient)
    assert fhir.delete(path_of(patient)).status_code == 200
    assert fhir.get(path_of(patient)).status_code == 410
    assert put(fhir, patient).headers["etag"] == 'W/"3"'
    assert fhir.get(path_of(patient)).status_code == 200


def test_offset_pages_cover_all_patients_once_in_order(fhir: httpx.Client) -> None:
    family = unique_family()
    patients = [new_patient(family=family) for _ in range(5)]
    for patient in patients:
        put(fhir, patient)
    query = {"family": family, "_sort": "family,_id", "_count": "2"}
    pages = [ids(search(fhir, **query, _offset=str(offset))) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [patient_id for page in pages for patient_id in page] == sorted(patient["id"] for patient in patients)


def test_offset_search_is_never_cached(fhir: httpx.Client) -> None:
    query = {"family": unique_family(), "_offset": "0", "_count": "5", "cache": ""}
    assert ids(search(fhir, **query)) == []
    patient = new_patient(family=query["family"])
    put(fhir, patient)
    assert ids(search(fhir, **query)) == [patient["id"]]


def test_plain_search_is_cached_and_no_store_is_not(fhir: httpx.Client) -> None:
    number = uuid4().hex
    identifier = f"{NHS_SYSTEM}|{number}"
    assert ids(search(fhir, identifier=identifier, cache="")) == []
    patient = new_patient(nhs_number=number)
    put(fhir, patient)
    assert ids(search(fhir, identifier=identifier, cache="")) == []
    assert ids(search(fhir, identifier=identifier)) == [patient["id"]]


def test_accurate_total_counts_beyond_the_page(fhir: httpx.Client) -> None:
    family = unique_family()
    for _ in range(3):
        put(fhir, new_patient(family=family))
    page = search(fhir, family=family, _total="accurate", _count="1", _offset="0")
    assert (page["total"], len(ids(page))) == (3, 1)


def test_name_search_matches_the_start_of_words_in_any_case(fhir: httpx.Client) -> None:
    family = unique_family()
    patient = new_patient(family=family, given="Zoë Anne")
    put(fhir, patient)
    assert ids(search(fhir, family=family[:20].upper())) == [patient["id"]]
    assert ids(search(fhir, family=family, given="zoe")) == [patient["id"]]
    assert ids(search(fhir, family=family, birthdate="1970-01-02", gender="female")) == [patient["id"]]
    assert ids(search(fhir, family=family, birthdate="1970-01-03")) == []


def test_comma_in_a_search_value_means_or_unless_escaped(fhir: httpx.Client) -> None:
    family = unique_family()
    patient = new_patient(family=family)
    put(fhir, patient)
    assert ids(search(fhir, family=f"nobody,{family}")) == [patient["id"]]
    assert ids(search(fhir, family=f"nobody\\,{family}")) == []


def test_elements_keeps_id_and_version(fhir: httpx.Client) -> None:
    family = unique_family()
    put(fhir, new_patient(family=family))
    (entry,) = search(fhir, family=family, _elements="birthDate")["entry"]
    assert {"id", "meta", "birthDate"} <= set(entry["resource"])
    assert "name" not in entry["resource"]


SAID = {
    **{"all of it": FULL, "HL7's example": EXAMPLE, "Synthea's": synthea()},
    **MORE,
    **{name: {"extension": [{"url": "http://x.org/a", name: value}]} for name, value in VALUES.items()},
}


@pytest.mark.parametrize("case", SAID)
def test_what_quill_takes_of_fhir_is_given_back_as_it_was_sent(fhir: httpx.Client, case: str) -> None:
    elements = {name: value for name, value in SAID[case].items() if name not in {"id", "link", "text"}}
    patient = {"resourceType": "Patient", "id": str(uuid4()), **elements}
    assert put(fhir, patient).status_code == 201
    read = fhir.get(path_of(patient)).json()
    for said_by_the_server in ("versionId", "lastUpdated", "source"):
        del read["meta"][said_by_the_server]
    assert read == patient | {"meta": patient.get("meta", {})}


@pytest.mark.parametrize("member", ["system", "code", "display"])
def test_tag_is_kept_up_to_the_length_of_its_column_and_dropped_beyond(fhir: httpx.Client, member: str) -> None:
    for length, kept in ((200, True), (201, False)):
        tag = {"system": "urn:x", "code": uuid4().hex} | {member: "x" * length}
        patient = {**new_patient(), "meta": {"tag": [tag]}}
        assert put(fhir, patient).status_code == 201
        assert ("tag" in fhir.get(path_of(patient)).json()["meta"]) is kept


def test_several_tags_beyond_their_column_are_409_for_a_new_patient(fhir: httpx.Client) -> None:
    tags = [{"system": "urn:x", "code": uuid4().hex, "display": "x" * 201} for _ in range(5)]
    patient = {**new_patient(), "meta": {"tag": tags}}
    assert put(fhir, patient).status_code == 409
    assert fhir.get(path_of(patient)).status_code == 404


def test_sign_that_is_cut_where_the_index_ends_is_500(fhir: httpx.Client) -> None:
    for signs, status in ((383, 201), (384, 500)):
        assert put(fhir, new_patient(family="x" + "\U0001f600" * signs)).status_code == status


@pytest.mark.parametrize("field", ["birthDate", "gender"])
def test_put_with_bad_value_is_400(fhir: httpx.Client, field: str) -> None:
    assert put(fhir, {**new_patient(), field: "nonsense"}).status_code == 400


def test_put_of_malformed_json_is_400(fhir: httpx.Client) -> None:
    answer = fhir.put(f"/Patient/{uuid4()}", content=b"{", headers={"Content-Type": "application/fhir+json"})
    assert answer.status_code == 400
