"""Which FHIR Patients are taken, checked against the FHIR model of the fhir.resources library."""

import copy
from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.patient import Patient as ReferencePatient
from import_house import synthea
from patients.fhir_schemas import PATIENT
from patients_house import NHS, Json, patient
from pydantic import ValidationError
from r4_patients import BESIDE, EXAMPLE, FULL, MORE, REASON, VALUES, XHTML


@pytest.mark.parametrize(
    "resource", [{"resourceType": "Patient"}, patient(), patient("Cher", family="X"), FULL, EXAMPLE, synthea()]
)
def test_patients_are_taken_as_they_are_and_the_reference_model_agrees(resource: Json) -> None:
    resource = {name: value for name, value in resource.items() if name != "id"}
    assert PATIENT.validate_python(copy.deepcopy(resource)) == resource
    ReferencePatient.model_validate(resource)


@pytest.mark.parametrize("value", VALUES)
def test_extension_may_have_a_value_of_any_type_of_data(value: str) -> None:
    resource = patient(contact=[{"gender": "male", "extension": [{"url": "http://x.org/a", value: VALUES[value]}]}])
    assert PATIENT.validate_python(resource) == resource
    ReferencePatient.model_validate(resource)


@pytest.mark.parametrize("case", MORE)
def test_what_else_fhir_has_is_taken_as_it_is(case: str) -> None:
    resource = patient() | MORE[case]
    assert PATIENT.validate_python(resource) == resource
    if "_valueCode" not in str(resource):  # which the reference model does not have
        ReferencePatient.model_validate(resource)


def test_what_the_server_chooses_is_ignored() -> None:
    said = {"versionId": "7", "lastUpdated": "2020-01-01T00:00:00Z", "source": "#x"}
    assert PATIENT.validate_python(patient(id="mine", meta=said)) == patient()
    tagged = {"tag": [{"code": "a"}]}
    assert PATIENT.validate_python(patient(meta=tagged | said)) == patient(meta=tagged)


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
    "future birth date": ({"birthDate": str(date.today() + timedelta(days=2))}, ("birthDate",)),
    "ancient birth date": ({"birthDate": "1066-10-14"}, ("birthDate",)),
    "birth date with time": ({"birthDate": "1980-02-29T00:00:00Z"}, ("birthDate",)),
    "gender": ({"gender": "SECRET"}, ("gender",)),
    "active as text": ({"active": "true"}, ("active",)),
    "identifier without value": ({"identifier": [{"system": "urn:x"}]}, ("identifier", 0, "value")),
    "identifier with a reason for its value": ({"identifier": [{"_value": BESIDE}]}, ("identifier", 0, "value")),
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
    "telecom without system": ({"telecom": [{"value": "SECRET"}]}, ("telecom", 0)),
    "day in digits of another script": ({"deceasedDateTime": "2\u0660\u0662\u0660-01-01"}, ("deceasedDateTime",)),
    "unknown element's extension": ({"_nickname": BESIDE}, ("_nickname",)),
    "extension of a whole name": ({"_name": BESIDE}, ("_name",)),
    "extension that says nothing": ({"_birthDate": {}}, ("_birthDate",)),
    "extension of an id": ({"name": [{"id": "a", "_id": BESIDE}]}, ("name", 0, "_id")),
    "null without a reason": ({"name": [{"given": ["Ada", None], "_given": [BESIDE]}]}, ("name", 0)),
    "reason beyond the values": ({"name": [{"given": ["Ada"], "_given": [BESIDE, None]}]}, ("name", 0)),
    "list that is longer than what is said of it": (
        {"name": [{"given": ["Ada", "Uche"], "_given": [BESIDE]}]},
        ("name", 0),
    ),
    "list that is nowhere": ({"name": [{"_given": [BESIDE]}]}, ("name", 0)),
    "id of a value": ({"birthDate": "1980-02-29", "_birthDate": {"id": "a"}}, ("_birthDate",)),
    "many rare signs": ({"name": [{"family": "x" + "\U0001f600" * 384}]}, ("name", 0, "family")),
    "many rare signs in the name of a language": (
        {"communication": [{"language": {"text": "x" + "\U0001f600" * 384}}]},
        ("communication", 0, "language", "text"),
    ),
    "many rare signs in the name of its code": (
        {"communication": [{"language": {"coding": [{"display": "x" + "\U0001f600" * 384}]}}]},
        ("communication", 0, "language", "coding", 0, "display"),
    ),
    "null among names": ({"name": [{"family": "Fine"}, None]}, ("name", 1)),
    "id alone": ({"name": [{"id": "a"}]}, ("name", 0)),
    "id of two words": ({"name": [{"id": "a b", "family": "Fine"}]}, ("name", 0, "id")),
    "extension with a value and a reason for another": (
        {"extension": [{"url": "urn:x", "valueString": "a", "_valueCode": REASON}]},
        ("extension", 0),
    ),
    "id of an extension's value": (
        {"extension": [{"url": "urn:x", "valueCode": "a", "_valueCode": BESIDE}]},
        ("extension", 0, "_valueCode", "id"),
    ),
    "extension of its address": ({"extension": [{"url": "urn:x", "_url": BESIDE}]}, ("extension", 0, "_url")),
    "extension with a dosage": ({"extension": [{"url": "urn:x", "valueDosage": {}}]}, ("extension", 0, "valueDosage")),
    "number as text": ({"extension": [{"url": "urn:x", "valueDecimal": "1"}]}, ("extension", 0, "valueDecimal")),
    "number beyond measure": (
        {"extension": [{"url": "urn:x", "valueDecimal": 1e300}]},
        ("extension", 0, "valueDecimal"),
    ),
    "number as truth": ({"extension": [{"url": "urn:x", "valueDecimal": True}]}, ("extension", 0, "valueDecimal")),
    "photo of nothing": ({"photo": [{"data": ""}]}, ("photo", 0, "data")),
    "photo that is no base64": ({"photo": [{"data": "SECRET"}]}, ("photo", 0, "data")),
    "photo with bits to spare": ({"photo": [{"data": "QUJ="}]}, ("photo", 0, "data")),
    "photo beyond measure": ({"photo": [{"data": "QUJD" * 50_001}]}, ("photo", 0, "data")),
    "tag of a long display": ({"meta": {"tag": [{"code": "a", "display": "x" * 201}]}}, ("meta", "tag", 0, "display")),
    "label of a long display": (
        {"meta": {"security": [{"code": "a", "display": "x" * 201}]}},
        ("meta", "security", 0, "display"),
    ),
    "tag without a code": ({"meta": {"tag": [{"display": "a"}]}}, ("meta", "tag", 0, "code")),
    "tag of a long version": ({"meta": {"tag": [{"code": "a", "version": "x" * 31}]}}, ("meta", "tag", 0, "version")),
    "tag with an extension": ({"meta": {"tag": [{"code": "a", "_code": BESIDE}]}}, ("meta", "tag", 0, "_code")),
    "meta with an id": ({"meta": {"id": "a"}}, ("meta", "id")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_place_and_without_the_value(case: str) -> None:
    elements, place = REFUSED[case]
    with pytest.raises(ValidationError) as refusal:
        PATIENT.validate_python({"resourceType": "Patient", "name": [{"family": "Fine"}], **elements})
    assert place in [error["loc"] for error in refusal.value.errors()]
    told = str([error["msg"] for error in refusal.value.errors()])
    assert "SECRET" not in told
    assert "\u0660" not in told
