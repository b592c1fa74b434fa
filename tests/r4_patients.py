"""FHIR R4 Patients with what Quill takes and keeps: patients checks them, and the FHIR server gives them back."""

from import_house import HL7
from patients_house import NHS, Json

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

# HL7's example, but for the reference to an organization of the server that it stands on.
EXAMPLE: Json = {
    "resourceType": "Patient",
    "text": {
        "status": "generated",
        "div": f"<div {XHTML}>\n\t\t\t<table>\n<tbody><tr><td>Name</td><td>Peter James <b>Chalmers</b> (&quot;Jim"
        "&quot;)</td></tr></tbody></table>\n</div>",
    },
    "identifier": [
        {
            "use": "usual",
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
            "system": "urn:oid:1.2.36.146.595.217.0.1",
            "value": "12345",
            "period": {"start": "2001-05-06"},
            "assigner": {"display": "Acme Healthcare"},
        }
    ],
    "active": True,
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "maiden", "family": "Windsor", "given": ["Peter", "James"], "period": {"end": "2002"}},
    ],
    "telecom": [
        {"use": "home"},
        {"system": "phone", "value": "(03) 5555 6473", "use": "work", "rank": 1},
        {"system": "phone", "value": "(03) 5555 8834", "use": "old", "period": {"end": "2014"}},
    ],
    "gender": "male",
    "birthDate": "1974-12-25",
    "_birthDate": {"extension": [{"url": f"{HL7}/patient-birthTime", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
    "deceasedBoolean": False,
    "address": [
        {
            **{"use": "home", "type": "both", "text": "534 Erewhon St PeasantVille, Rainbow, Vic  3999"},
            **{"line": ["534 Erewhon St"], "city": "PleasantVille", "district": "Rainbow", "state": "Vic"},
            **{"postalCode": "3999", "period": {"start": "1974-12-25"}},
        }
    ],
    "contact": [
        {
            "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "N"}]}],
            "name": {
                "family": "du Marché",
                "_family": {"extension": [{"url": f"{HL7}/humanname-own-prefix", "valueString": "VV"}]},
                "given": ["Bénédicte"],
            },
            "telecom": [{"system": "phone", "value": "+33 (237) 998327"}],
            "gender": "female",
            "period": {"start": "2012"},
        }
    ],
    "managingOrganization": {"display": "Acme Healthcare"},
}

# Of an extension, a value of each type.
VALUES: Json = {
    **{"valueBase64Binary": "QUI=", "valueBoolean": False, "valueCanonical": "http://x.org/a|1", "valueCode": "a b"},
    **{"valueDate": "2020-02", "valueDateTime": "2020-02-29T10:00:00.123456789Z", "valueDecimal": -71.25},
    **{"valueId": "a-1.B", "valueInstant": "2020-02-29T10:00:00+00:00", "valueInteger": -(2**31)},
    **{"valueMarkdown": "a\n*b*", "valueOid": "urn:oid:1.2.3", "valuePositiveInt": 1, "valueString": "two\nlines"},
    **{"valueTime": "10:00:00.5", "valueUnsignedInt": 0, "valueUri": "part", "valueUrl": "https://x.org/a?b#c"},
    "valueUuid": "urn:uuid:6f1c1b9e-0f0e-4a53-9d0a-6f2f5f2f8c11",
    "valueAddress": {"city": "Leeds", "period": {"end": "2020"}},
    **{f"value{kind}": {"value": 3, "unit": "a", "code": "a"} for kind in ("Age", "Count", "Distance", "Duration")},
    "valueAnnotation": {"authorString": "Dr Hale", "text": "a\nb"},
    "valueAttachment": {"contentType": "image/png", "data": "QUJD", "title": "Face", "size": 3},
    "valueCodeableConcept": {"text": "a"},
    "valueCoding": {"system": "urn:x", "code": "A", "userSelected": True},
    "valueContactPoint": {"system": "phone", "value": "1"},
    "valueHumanName": {"family": "Before"},
    "valueIdentifier": {"system": "urn:x", "value": "1"},
    "valueMoney": {"value": 1.5, "currency": "GBP"},
    "valuePeriod": {"start": "2020"},
    "valueQuantity": {"value": 1, "comparator": "<", "system": "http://unitsofmeasure.org", "code": "kg"},
    "valueRange": {"low": {"value": 1}, "high": {"value": 2.5}},
    "valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 2}},
    "valueReference": {"display": "Dr Hale", "type": "Practitioner"},
    "valueSampledData": {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2"},
    "valueSignature": {"type": [{"code": "x"}], "when": "2020-02-29T10:00:00Z", "who": {"display": "Dr Hale"}},
    "valueTiming": {"event": ["2020"], "repeat": {"boundsPeriod": {"start": "2020"}, "timeOfDay": ["10:00:00"]}},
}

REASON: Json = {"extension": [{"url": f"{HL7}/data-absent-reason", "valueCode": "asked-declined"}]}
BESIDE: Json = {"id": "a1", **REASON}
MORE: dict[str, Json] = {
    "ids of elements": {"name": [{"id": "n", "family": "Fine", "period": {"id": "p", "start": "2020"}}]},
    "extension of a date": {"birthDate": "1980-02-29", "_birthDate": BESIDE},
    "extension instead of a date": {"_birthDate": BESIDE},
    "extensions of some of a list": {"name": [{"given": ["Ada", "Uche"], "_given": [None, BESIDE]}]},
    "extension instead of one of a list": {"name": [{"given": [None, "Uche"], "_given": [BESIDE, None]}]},
    "rare signs": {"name": [{"family": "x" + "\U0001f600" * 383}]},
    "extension of a choice": {"deceasedBoolean": True, "_deceasedBoolean": BESIDE},
    "extension of an extension's value": {"extension": [{"url": "urn:x", "valueCode": "a", "_valueCode": REASON}]},
    "extension instead of its value": {"extension": [{"url": "urn:x", "_valueCode": REASON}]},
    "extension of meta": {"meta": {"extension": [{"url": "urn:x", "valueCode": "a"}]}},
    "extension of a narrative": {"text": {**FULL["text"], "id": "t", "_status": BESIDE}},
    "photo": {"photo": [{"contentType": "image/png", "data": "QUJD"}, {"url": "https://x.org/1.png"}]},
    "telecom without a value": {"telecom": [{"system": "phone", "_value": BESIDE}, {"use": "home"}]},
    "telecom of an unknown system": {"telecom": [{"_system": BESIDE, "value": "1"}]},
    "tag": {
        "meta": {
            "tag": [{"code": "as-long-as-can-be", "display": "x" * 200, "version": "x" * 30, "userSelected": True}]
        }
    },
}
