"""A device that is told of letters, when the server has another key than the one that it subscribed with."""

from e2e.client import Person, new_linked_patient
from e2e.push_receiver import PushReceiver
from fleet import Fleet
from playwright.sync_api import expect
from web.push import give_push_service
from web.steps import heading, wait_for_worker
from web.windows import Windows


def test_device_subscribes_anew_when_the_key_of_the_server_has_changed(
    fleet: Fleet, windows: Windows, clinician: Person, push_service: PushReceiver
) -> None:
    person, patient_id = new_linked_patient(fleet, clinician)
    before, after = push_service.subscribe(), push_service.subscribe()
    page = windows.open(person)
    page.goto("/letters")
    wait_for_worker(page)
    page.evaluate("id => localStorage.setItem('quill-notifications-of', id)", person.user["id"])
    give_push_service(page, after, before=before)
    with page.expect_response(lambda response: response.url.endswith("/api/push/register")) as told:
        page.reload()
    assert told.value.ok
    expect(heading(page)).to_have_text("Your letters")
    draft = {"title": "Your new letter", "body": "Dear patient,\n\nall is well."}
    assert clinician.post(f"/api/patients/{patient_id}/letters", draft).status_code == 201
    assert len(after.wait()) == 1
    assert before.pushes == []
