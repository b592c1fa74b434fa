"""What of other systems' patients is kept, left out, refused, and told."""

import copy
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.patient import Patient as ReferencePatient
from hypothesis import given
from hypothesis import strategies as st
from import_house import MARK, SYNTHEA, synthea
from patients import mapping
from patients.fhir_schemas import PATIENT
from patients.importing.fitting import fit, patient_id_of
from patients.importing.sources import Refused, Row
from patients_house import NHS, Json, patient

SOURCE = "https://pas.example.org/fhir"


def refusal_of(resource: Json) -> tuple[tuple[str, str], ...]:
    with pytest.raises(Refused) as refused:
        fit(copy.deepcopy(resource))
    return refused.value.problems


def test_patient_of_synthea_is_taken_whole() -> None:
    fitted, dropped = fit(synthea())
    assert dropped == {}
    assert fitted == {name: value for name, value in SYNTHEA.items() if name != "id"}
    ReferencePatient.model_validate(fitted)
    assert mapping.shown(fitted).name.family == f"{MARK}511"


@pytest.mark.parametrize(
    ("elements", "kinds"),
    [
        ({"photo": [{"url": "http://x.org/1"}, {"data": "*"}]}, {"Patient.photo": 1}),
        ({"contained": [{"resourceType": "Organization"}]}, {"Patient.contained": 1}),
        ({"_birthDate": {"extension": [{"url": "http://x.org"}]}}, {"Patient._*.extension": 1}),
        ({"_birthDate": {}, "_nickname": {"id": "a"}}, {"Patient._*": 2}),
        ({"maritalStatus": {"text": "M", "id": "a b"}}, {"Patient.maritalStatus.id": 1}),
        ({"meta": {"id": "a"}}, {"Patient.meta.id": 1}),
        ({"text": {"status": "generated", "div": "<div>no namespace</div>"}}, {"Patient.text": 1}),
        ({"generalPractitioner": [{"reference": "Practitioner/1"}]}, {"Patient.generalPractitioner.reference": 1}),
        ({"managingOrganization": {"reference": "#1"}}, {"Patient.managingOrganization.reference": 1}),
        ({"link": [{"type": "seealso", "other": {"reference": "Patient/2"}}] * 2}, {"Patient.link": 2}),
        ({"identifier": [{"system": "http://x.org", "id": "1", "_value": {}}]}, {"Patient.identifier": 1}),
        ({"extension": [{"url": "http://x.org", "valueAge": {}}, {}]}, {"Patient.extension": 2}),
        (
            {"contact": [{"gender": "male", "organization": {"reference": "#1"}, "telecom": [{"_x": {}}]}]},
            {"Patient.contact.organization.reference": 1, "Patient.contact.telecom._*": 1},
        ),
    ],
)
def test_what_says_nothing_about_who_it_is_is_left_out_and_counted(elements: Json, kinds: dict[str, int]) -> None:
    fitted, dropped = fit(patient() | elements)
    assert dropped == kinds
    left: Json = {"contact": [{"gender": "male"}], "maritalStatus": {"text": "M"}}
    assert fitted == patient() | {name: left[name] for name in elements if name in left}


def test_what_a_reference_names_stays_when_it_points_nowhere() -> None:
    named = {"display": "Dr Hale", "identifier": {"system": "http://x.org/gp", "value": "G1"}, "id": "x"}
    fitted, dropped = fit(patient(generalPractitioner=[{**named, "reference": "Practitioner/1"}]))
    assert fitted["generalPractitioner"] == [named]
    assert dropped == {"Patient.generalPractitioner.reference": 1}


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ({"birthDate": "1980"}, "Patient.birthDate"),
        ({"birthDate": "2999-01-01"}, "Patient.birthDate"),
        ({"gender": "F"}, "Patient.gender"),
        ({"identifier": [{"system": NHS, "value": "9434765918"}]}, "Patient.identifier[0]"),
        ({"identifier": [{"system": NHS, "value": value} for value in ("9434765919", "9990000018")]}, None),
        ({"modifierExtension": [{"url": "http://x.org", "valueBoolean": True}]}, "Patient.modifierExtension"),
        ({"implicitRules": "http://x.org"}, "Patient.implicitRules"),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/2"}}]}, None),
        ({"name": [{"family": "A", "given": ["B", None]}]}, "Patient.name[0]"),
        ({"name": []}, "Patient.name"),
        ({"telecom": [{"value": "1"}]}, "Patient.telecom[0]"),
        ({MARK: 1}, "Patient"),
        ({"name": [{"family": "A", MARK: 1}]}, "Patient.name[0]"),
        ({"deceasedBoolean": True, "deceasedDateTime": "2001"}, "Patient"),
    ],
)
def test_what_tells_who_it_is_or_changes_the_meaning_is_refused(elements: Json, path: str | None) -> None:
    problems = refusal_of(patient() | elements)
    assert path is None or path in {told for told, _ in problems}


def test_a_refused_row_tells_all_its_problems() -> None:
    problems = refusal_of(patient(gender="F", birthDate="1980", photo=[{}]))
    assert [path for path, _ in problems] == ["Patient.gender", "Patient.birthDate"]


def test_id_follows_from_the_source_and_the_id_there() -> None:
    row = Row("x:1", {})
    first = patient_id_of(row, {"id": "17"}, source=SOURCE)
    assert first == UUID("0d81b42f-3053-56d8-adc0-f387489a1e67")
    assert first == patient_id_of(Row("y:9", {}, "other"), {"id": "17"}, source=SOURCE)
    assert first != patient_id_of(row, {"id": "18"}, source=SOURCE)
    assert first != patient_id_of(row, {"id": "17"}, source="https://other.example.org/fhir")


def test_bundle_can_give_the_id() -> None:
    known_as = "5b0e7a5e-1c11-9f5e-7c1c-5d0d3b7c9a01"
    assert patient_id_of(Row("x:1", {}, known_as), {}, source=SOURCE) == patient_id_of(
        Row("x:2", {}), {"id": known_as}, source=SOURCE
    )


@pytest.mark.parametrize("theirs", [{}, {"id": ""}, {"id": 17}, {"id": "a b"}, {"id": "x" * 65}, {"id": None}])
def test_patient_without_an_id_is_refused(theirs: Json) -> None:
    with pytest.raises(Refused):
        patient_id_of(Row("x:1", {}), theirs, source=SOURCE)


def containers(value: Any) -> list[Any]:
    """All objects and lists in a value that hold something."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(found for item in inner for found in containers(item))] if inner else []


MARKED: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([MARK, f"{MARK} 9434765919", 17, True, None, {}, []]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([MARK, f"_{MARK}", "id"]), inner),
    max_leaves=4,
)


@given(st.data())
def test_whatever_is_wrong_no_value_of_it_is_told(data: st.DataObject) -> None:
    resource = synthea()
    for _ in range(data.draw(st.integers(1, 3))):
        target = data.draw(st.sampled_from(containers(resource)))
        names = [MARK, f"_{MARK}", "link", "modifierExtension", "photo", "reference"]
        place = st.integers(0, len(target) - 1) if isinstance(target, list) else st.sampled_from([*target, *names])
        target[data.draw(place)] = data.draw(MARKED)
    try:
        fitted, dropped = fit(resource)
    except Refused as refusal:
        told = str(refusal.problems)
    else:
        told = str(dropped)
        assert PATIENT.validate_python(fitted) == fitted
        assert fit(copy.deepcopy(fitted)) == (fitted, {})
    assert MARK not in told
    assert "9434765919" not in told
