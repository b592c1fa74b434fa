"""A FHIR Patient as Demographics and back: what is shown can be changed, everything else stays."""

import copy
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patients.fhir import StoredPatient
from patients.mapping import demographics_of, merged, shown
from patients.schemas import Address, DemographicsUpdate, EmergencyContact, Identifier, Name, Telecom
from patients_house import NHS, Json, patient

RICH: Json = {
    "resourceType": "Patient",
    "extension": [{"url": "http://example.org/ethnicity", "valueString": "A"}],
    "identifier": [
        {"system": "http://hospital.example/mrn", "value": "M1", "type": {"text": "MRN"}},
        {"system": NHS, "value": "9434765919", "extension": [{"url": "http://x.org/status", "valueCode": "01"}]},
        {"value": "without a system"},
    ],
    "active": True,
    "name": [
        {"use": "maiden", "family": "Before"},
        {"use": "official", "family": "Okafor", "given": ["Ada", "Uche"], "prefix": ["Dr"], "suffix": ["MBE"]},
    ],
    "telecom": [
        {"system": "phone", "value": "1", "use": "home", "rank": 2},
        {"system": "email", "value": "a@b.example", "period": {"start": "2020"}},
        {"value": "no system"},
    ],
    "gender": "female",
    "birthDate": "1980-02-29",
    "_birthDate": {"extension": [{"url": "http://x.org/birthTime", "valueDateTime": "1980-02-29T10:00:00Z"}]},
    "address": [{"use": "home", "line": ["1 Road"], "city": "Leeds", "state": "WY", "text": "1 Road, Leeds"}],
    "maritalStatus": {"text": "married"},
    "contact": [
        {
            "relationship": [{"coding": [{"code": "N", "display": "Next-of-Kin"}]}],
            "name": {"family": "Okafor", "given": ["Bem"], "use": "usual"},
            "telecom": [{"system": "phone", "value": "2", "rank": 1}],
            "address": {"city": "York"},
        }
    ],
    "generalPractitioner": [{"display": "Dr Hale"}],
}


def change(resource: Json, **parts: Any) -> Json:
    return merged(resource, shown(resource).model_copy(update=parts))


def test_demographics_show_the_official_name_and_valid_parts() -> None:
    patient_id = uuid4()
    demographics = demographics_of(StoredPatient(patient_id, 7, RICH))
    assert (demographics.patient_id, demographics.version, demographics.active) == (patient_id, 7, True)
    assert demographics.name == Name(prefix=["Dr"], given=["Ada", "Uche"], family="Okafor")
    assert demographics.birth_date == date(1980, 2, 29)
    assert demographics.nhs_number == "9434765919"
    assert demographics.identifiers == [Identifier(system="http://hospital.example/mrn", value="M1")]
    assert [telecom.value for telecom in demographics.telecom] == ["1", "a@b.example"]
    assert demographics.addresses == [Address(use="home", lines=["1 Road"], city="Leeds")]
    assert demographics.emergency_contacts == [
        EmergencyContact(
            name="Bem Okafor", relationship="Next-of-Kin", telecom=[Telecom(system="phone", value="2", use=None)]
        )
    ]


def test_unchanged_demographics_leave_the_resource_as_it_is() -> None:
    assert merged(RICH, shown(RICH)) == RICH


def test_name_change_keeps_suffix_use_and_other_names() -> None:
    changed = change(RICH, name=Name(given=["Ada"], family="Hale"))
    assert changed["name"][0] == RICH["name"][0]
    assert changed["name"][1] == {"use": "official", "family": "Hale", "given": ["Ada"], "suffix": ["MBE"]}
    assert {**changed, "name": 0} == {**RICH, "name": 0}


def test_name_told_in_one_line_is_shown_and_gives_way_to_its_parts() -> None:
    told = patient() | {"name": [{"use": "official", "text": "Ada Okafor", "prefix": ["Dr"]}]}
    assert shown(told).name == Name(prefix=["Dr"], family="Ada Okafor")
    assert change(told, gender="other")["name"] == told["name"]
    parted = change(told, name=Name(given=["Ada"], family="Okafor"))["name"]
    assert parted == [{"use": "official", "given": ["Ada"], "family": "Okafor"}]
    both = patient() | {"name": [{"text": "Ada", "given": ["Ada"]}]}
    assert shown(both).name == Name(given=["Ada"])


def test_moved_nhs_number_drops_what_was_known_of_the_old_one() -> None:
    changed = change(RICH, nhs_number="4010232137")
    assert {"system": NHS, "value": "4010232137"} in changed["identifier"]
    assert len(changed["identifier"]) == 3
    removed = change(RICH, nhs_number=None)["identifier"]
    assert removed == [RICH["identifier"][0], RICH["identifier"][2]]


def test_changed_telecom_keeps_what_is_not_shown_and_the_hidden_entry() -> None:
    telecom = shown(RICH).telecom
    changed = change(RICH, telecom=[telecom[0].model_copy(update={"value": "9"}), telecom[1]])["telecom"]
    assert {"system": "phone", "value": "9", "use": "home", "rank": 2} in changed
    assert RICH["telecom"][1] in changed
    assert RICH["telecom"][2] in changed


def test_removed_entry_does_not_pass_its_details_to_another() -> None:
    telecom = shown(RICH).telecom
    new = Telecom(system="email", value="new@b.example")
    changed = change(RICH, telecom=[telecom[1], new])["telecom"]
    assert RICH["telecom"][1] in changed
    assert {"system": "email", "value": "new@b.example"} in changed
    assert RICH["telecom"][0] not in changed


def test_entry_of_another_kind_starts_afresh() -> None:
    changed = change(RICH, telecom=[Telecom(system="fax", value="1", use="home")])["telecom"]
    assert {"system": "fax", "value": "1", "use": "home"} in changed


def test_changed_address_keeps_the_state_but_not_the_text() -> None:
    changed = change(RICH, addresses=[Address(use="home", lines=["2 Road"], city="Leeds", postal_code="LS1")])
    assert changed["address"] == [
        {"use": "home", "line": ["2 Road"], "city": "Leeds", "postalCode": "LS1", "state": "WY"}
    ]


@pytest.mark.parametrize("before", [None, "home"])
def test_changed_use_of_an_address_keeps_what_is_not_shown(before: str | None) -> None:
    hidden = {"id": "a", "state": "WY", "type": "both", "period": {"start": "2020"}, "extension": [{"url": "urn:x"}]}
    entry = {"line": ["1 Road"], "city": "Leeds", **hidden, **({"use": before} if before else {})}
    resource = patient(address=[entry])
    (address,) = shown(resource).addresses
    changed = change(resource, addresses=[address.model_copy(update={"use": "work"})])
    assert changed["address"] == [entry | {"use": "work"}]


def test_address_in_the_place_of_a_removed_one_starts_afresh() -> None:
    resource = patient(address=[{"use": "home", "line": ["1 Road"], "state": "WY"}, {"use": "work", "city": "York"}])
    (_, work) = shown(resource).addresses
    changed = change(resource, addresses=[work.model_copy(update={"lines": ["2 Road"]})])
    assert changed["address"] == [{"use": "work", "line": ["2 Road"], "city": "York"}]


def test_only_what_is_changed_of_an_entry_loses_what_was_said_of_it() -> None:
    status = {"extension": [{"url": "http://x.org/status", "valueCode": "verified"}]}
    entry = {"line": ["1 Road", "Flat 2"], "_line": [None, status], "city": "Leeds", "_city": status, "_use": status}
    resource = patient(address=[entry])
    (address,) = shown(resource).addresses
    (changed,) = change(resource, addresses=[address.model_copy(update={"city": "York"})])["address"]
    assert changed == {"line": entry["line"], "_line": entry["_line"], "city": "York", "_use": status}
    name = {"given": ["Ada"], "_family": status}
    assert change(patient(name=[name]), name=Name(given=["Ann"]))["name"] == [{"given": ["Ann"], "_family": status}]


def test_name_without_a_value_but_with_a_reason_for_it_is_kept() -> None:
    resource = patient(name=[{"family": "Okafor", "given": [None, "Ada"], "_given": [{"id": "a"}, None]}])
    assert shown(resource).name == Name(given=["Ada"], family="Okafor")
    assert change(resource, name=Name(given=["Ada"], family="Hale"))["name"] == [
        {"family": "Hale", "given": [None, "Ada"], "_given": [{"id": "a"}, None]}
    ]


def test_changed_relationship_replaces_the_shown_one_only() -> None:
    emergency = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}]}
    next_of_kin, employer = {"coding": [{"code": "N", "display": "Next-of-Kin"}]}, {"text": "Employer"}
    resource = patient(contact=[{"name": {"text": "Bem"}, "relationship": [emergency, next_of_kin, employer]}])
    (contact,) = shown(resource).emergency_contacts
    for relationship, first in (("son", [{"text": "son"}]), (None, [])):
        wanted = contact.model_copy(update={"relationship": relationship})
        (changed,) = change(resource, emergency_contacts=[wanted])["contact"]
        assert changed["relationship"] == [*first, emergency, employer]
    bare = patient(contact=[{"name": {"text": "Bem"}, "relationship": [employer]}])
    (changed,) = change(bare, emergency_contacts=[contact.model_copy(update={"relationship": "son"})])["contact"]
    assert changed["relationship"] == [{"text": "son"}, emergency]


def test_changed_contact_keeps_what_is_not_shown() -> None:
    contact = shown(RICH).emergency_contacts[0]
    changed = change(RICH, emergency_contacts=[contact.model_copy(update={"telecom": []})])["contact"][0]
    assert changed == {key: value for key, value in RICH["contact"][0].items() if key != "telecom"}
    renamed = change(RICH, emergency_contacts=[contact.model_copy(update={"name": "Obi"})])["contact"][0]
    assert renamed == RICH["contact"][0] | {"name": {"text": "Obi"}}


def test_contact_in_the_place_of_another_person_starts_afresh() -> None:
    other = EmergencyContact(name="Zara", relationship="wife", telecom=[Telecom(system="sms", value="9")])
    changed = change(RICH, emergency_contacts=[other])["contact"]
    assert changed == change(patient(), emergency_contacts=[other])["contact"]
    assert "address" not in changed[0]


def test_birth_date_change_drops_the_time_of_the_old_one() -> None:
    changed = change(RICH, birth_date=date(1981, 1, 1))
    assert changed["birthDate"] == "1981-01-01"
    assert "_birthDate" not in changed


def test_generated_narrative_falls_with_what_it_told() -> None:
    told = RICH | {"text": {"status": "generated", "div": "<div>Ada Okafor</div>"}}
    assert merged(told, shown(told)) == told
    assert "text" not in change(told, gender="other")
    additional = RICH | {"text": {"status": "additional", "div": "<div>more</div>"}}
    assert change(additional, gender="other")["text"] == additional["text"]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": None, "birthDate": "1980", "gender": "none", "identifier": "x", "telecom": [1], "address": [{}]},
        {"name": [{"family": "x" * 500}], "contact": [{"telecom": [{}]}], "birthDate": "2999-01-01"},
        {"identifier": [{"system": NHS, "value": "1"}], "contact": [{"name": "text"}], "text": "text"},
        {"name": [{"given": [None, "A"]}], "address": [{"use": "moon", "city": "Leeds"}]},
    ],
)
def test_what_cannot_be_shown_is_kept(odd: Json) -> None:
    resource = {"resourceType": "Patient", **odd}
    before = copy.deepcopy(resource)
    assert merged(resource, shown(resource)) == before
    assert change(resource, active=False) == {**before, "active": False}


LINES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
TELECOM = st.builds(
    Telecom, system=st.sampled_from(["phone", "email", "sms"]), value=LINES, use=st.sampled_from([None, "home", "work"])
)
WANTED = st.builds(
    DemographicsUpdate,
    active=st.booleans(),
    name=st.builds(Name, prefix=st.lists(LINES, max_size=2), given=st.lists(LINES, max_size=3), family=LINES),
    birth_date=st.dates(date(1930, 1, 1), date(2020, 1, 1)),
    gender=st.sampled_from(["male", "female", "other", "unknown"]),
    nhs_number=st.sampled_from([None, "9434765919", "4010232137"]),
    identifiers=st.lists(st.builds(Identifier, system=st.just("http://x.org/y"), value=LINES), max_size=3),
    telecom=st.lists(TELECOM, max_size=3),
    addresses=st.lists(
        st.builds(Address, lines=st.lists(LINES, max_size=2), city=LINES, use=st.sampled_from([None, "home"])),
        max_size=3,
    ),
    emergency_contacts=st.lists(
        st.builds(
            EmergencyContact,
            name=LINES,
            relationship=st.none() | LINES,
            telecom=st.lists(TELECOM, max_size=2),
        ),
        max_size=3,
    ),
)


@given(first=WANTED, second=WANTED)
def test_what_was_written_is_shown_whatever_was_there(first: DemographicsUpdate, second: DemographicsUpdate) -> None:
    for resource in (RICH, patient(), {"resourceType": "Patient"}):
        once = merged(resource, first)
        assert shown(once) == first
        twice = merged(once, second)
        assert shown(twice) == second
        assert twice.get("maritalStatus") == resource.get("maritalStatus")
