"""Writing a letter."""

from letters_house import House


def test_create_letter_by_clinician_answers_201_with_the_letter(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician", name="Dr Ines Varga")
    answer = house.write(patient_id, clinician, title="Review", body="Dear Dr Hale", letter_type="results")
    assert answer.status_code == 201
    letter = answer.json()
    assert letter["author"] == {"id": str(clinician.user_id), "name": "Dr Ines Varga"}
    assert (letter["title"], letter["body"], letter["letter_type"]) == ("Review", "Dear Dr Hale", "results")
    assert (letter["version"], letter["status"], letter["amended_at"], letter["read_at"]) == (1, "final", None, None)
    assert answer.headers["Location"] == f"/api/patients/{patient_id}/letters/{letter['uid']}"
    assert answer.headers["ETag"] == '"1"'
    assert house.read(answer.headers["Location"], clinician).json() == letter
