"""Which FHIR Patients are taken, checked against the FHIR model of the fhir.resources library."""

from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.patient import Patient as ReferencePatient
from patients.fhir_schemas import Patient
from patients_house import NHS, Json, patient
from pydantic import ValidationError

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
FULL: Json = {
    "resourceType": "Patient",
    "meta": {
        "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"],
        "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}],
        "tag": [{"system": "http://x.org/tags", "code": "imported"}],
    },
    "language": "en-GB",
    "text": {"status": "additional", "div": f'<div {XHTML} lang="en">More&nbsp;<b>here</b> <a href="#x">1</a></div>'},
    "extension": [
        {"url": "http://x.org/a", "valueCodeableConcept": {"coding": [{"system": "urn:x", "code": "A"}], "text": "a"}},
        {"url": "http://x.org/b", "extension": [{"url": "part", "valueDate": "2020-01-31"}]},
    ],
    "identifier": [
        {"system": NHS, "value": "9434765919", "use": "official"},
        {"system": "http://x.org/mrn", "value": "1", "type": {"text": "MRN"}, "period": {"start": "2020-01"}},
        {"value": "2", "assigner": {"display": "Leeds", "identifier": {"system": "http://x.org/org", "value": "L"}}},
    ],
    "active": False,
    "name": [
        {"use": "official", "family": "Okafor", "given": ["Ada"], "prefix": ["Dr"], "suffix": ["MBE"]},
        {"use": "old", "text": "Ada Before", "period": {"end": "2001"}},
    ],
    "telecom": [{"system": "phone", "value": "1", "use": "mobile", "rank": 1}],
    "gender": "female",
    "birthDate": "1980-02-29",
    "deceasedDateTime": "2020-01-01T10:00:00+01:00",
    "address": [
        {"use": "home", "type": "both", "line": ["1 Road"], "city": "Leeds", "postalCode": "LS1 1AA"},
        {"text": "2 Road\nLeeds"},
    ],
    "maritalStatus": {"text": "married"},
    "multipleBirthInteger": 2,
    "contact": [{"name": {"text": "Bem"}, "relationship": [{"text": "son"}], "gender": "male"}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
    "generalPractitioner": [{"display": "Dr Hale", "identifier": {"system": "http://x.org/gp", "value": "G1"}}],
    "managingOrganization": {"display": "Quill Hospital"},
    "link": [{"other": {"reference": "Patient/6f1c1b9e-0f0e-4a53-9d0a-6f2f5f2f8c11"}, "type": "seealso"}],
}


def test_full_patient_is_taken_as_it_is_and_the_reference_model_agrees() -> None:
    taken = Patient.model_validate(FULL).to_json()
    assert taken == FULL
    ReferencePatient.model_validate(taken)


@pytest.mark.parametrize("resource", [{"resourceType": "Patient"}, patient(), patient("Cher", family="X")])
def test_small_patients_are_taken(resource: Json) -> None:
    assert Patient.model_validate(resource).to_json() == resource
    ReferencePatient.model_validate(resource)


def test_what_the_server_chooses_is_ignored() -> None:
    sent = patient(id="mine", meta={"versionId": "7", "lastUpdated": "2020-01-01T00:00:00Z", "source": "#x"})
    assert Patient.model_validate(sent).to_json() == patient()


REFUSED: dict[str, tuple[Json, tuple[Any, ...]]] = {
    "another type": ({"resourceType": "Practitioner"}, ("resourceType",)),
    "unknown element": ({"nickname": "SECRET"}, ("nickname",)),
    "unknown nested element": ({"name": [{"famly": "SECRET"}]}, ("name", 0, "famly")),
    "contained": ({"contained": []}, ("contained",)),
    **{
        f"narrative {div}": ({"text": {"status": "generated", "div": div}}, ("text", "div"))
        for div in (
            "SECRET",
            "<div>no XHTML</div>",
            f"<div {XHTML}> </div>",
            f"<div {XHTML}><b>open</div>",
            f"<div {XHTML}><script>SECRET</script></div>",
            f"<div {XHTML}><img src='x'/>a</div>",
            f"<div {XHTML} onclick='x'>a</div>",
            f"<div {XHTML}><a href='javascript:x'>a</a></div>",
            f"<!DOCTYPE div [<!ENTITY a 'b'>]><div {XHTML}>a</div>",
        )
    },
    "narrative of an unknown status": ({"text": {"status": "x", "div": f"<div {XHTML}>a</div>"}}, ("text", "status")),
    "implicit rules": ({"implicitRules": "http://x.org/rules"}, ("implicitRules",)),
    "replaced patient": (
        {"link": [FULL["link"][0] | {"type": "replaced-by"}]},
        ("link", 0, "type"),
    ),
    "link to nobody": ({"link": [{"other": {"display": "x"}, "type": "refer"}]}, ("link", 0, "other", "reference")),
    "born twice": ({"multipleBirthBoolean": True, "multipleBirthInteger": 2}, ()),
    "blank address": ({"address": [{"text": "\n"}]}, ("address", 0, "text")),
    "modifier": ({"modifierExtension": []}, ("modifierExtension",)),
    "literal reference": (
        {"managingOrganization": {"reference": "Organization/1"}},
        ("managingOrganization", "reference"),
    ),
    "number as family": ({"name": [{"family": 7}]}, ("name", 0, "family")),
    "empty name": ({"name": [{}]}, ("name", 0)),
    "empty list": ({"name": []}, ("name",)),
    "blank family": ({"name": [{"family": " "}]}, ("name", 0, "family")),
    "two lines": ({"name": [{"family": "SEC\nRET"}]}, ("name", 0, "family")),
    "long name": ({"name": [{"family": "x" * 1001}]}, ("name", 0, "family")),
    "many names": ({"name": [{"family": "x"}] * 21}, ("name",)),
    "partial birth date": ({"birthDate": "1980-02"}, ("birthDate",)),
    "impossible birth date": ({"birthDate": "1981-02-29"}, ("birthDate",)),
    "future birth date": ({"birthDate": str(date.today() + timedelta(days=1))}, ("birthDate",)),
    "ancient birth date": ({"birthDate": "1066-10-14"}, ("birthDate",)),
    "birth date with time": ({"birthDate": "1980-02-29T00:00:00Z"}, ("birthDate",)),
    "gender": ({"gender": "SECRET"}, ("gender",)),
    "active as text": ({"active": "true"}, ("active",)),
    "identifier without value": ({"identifier": [{"system": "urn:x"}]}, ("identifier", 0, "value")),
    "wrong NHS number": ({"identifier": [{"system": NHS, "value": "9434765918"}]}, ("identifier", 0)),
    "two NHS numbers": (
        {"identifier": [{"system": NHS, "value": "9434765919"}, {"system": NHS, "value": "4010232137"}]},
        ("identifier",),
    ),
    "deceased twice": ({"deceasedBoolean": True, "deceasedDateTime": "2020"}, ()),
    "bad moment": ({"deceasedDateTime": "2020-01-01T10:00:00"}, ("deceasedDateTime",)),
    "moment without a zone that exists": ({"deceasedDateTime": "2020-01-01T10:00:00+14:30"}, ("deceasedDateTime",)),
    "impossible day": ({"deceasedDateTime": "2023-02-30"}, ("deceasedDateTime",)),
    "moment of an impossible day": ({"deceasedDateTime": "2023-02-29T10:00:00Z"}, ("deceasedDateTime",)),
    "null": ({"birthDate": None}, ("birthDate",)),
    "nested null": ({"name": [{"family": "Fine", "given": None}]}, ("name", 0, "given")),
    "NHS number of zeros": ({"identifier": [{"system": NHS, "value": "0000000000"}]}, ("identifier", 0)),
    "extension without content": ({"extension": [{"url": "urn:x"}]}, ("extension", 0)),
    "extension with two values": (
        {"extension": [{"url": "urn:x", "valueString": "a", "valueCode": "b"}]},
        ("extension", 0),
    ),
    "telecom without system": ({"telecom": [{"value": "SECRET"}]}, ("telecom", 0, "system")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_place_and_without_the_value(case: str) -> None:
    elements, place = REFUSED[case]
    with pytest.raises(ValidationError) as refusal:
        Patient.model_validate({"resourceType": "Patient", "name": [{"family": "Fine"}], **elements})
    assert place in [error["loc"] for error in refusal.value.errors()]
    assert "SECRET" not in str([error["msg"] for error in refusal.value.errors()])
