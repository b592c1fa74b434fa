"""A device that is told of letters: the server has another key, it is to be told no more, somebody else uses it, a
notification is pressed."""

from collections.abc import Callable

import pytest
from e2e.client import Person, eventually, new_linked_patient
from e2e.push_receiver import PushReceiver
from fleet import Fleet
from playwright.sync_api import Page, expect
from web.push import click, give_push_service, shown
from web.steps import LETTER, heading, sign_out, wait_for_worker
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


def remove_elsewhere(page: Page, person: Person) -> None:
    (device,) = person.every("/api/push/registrations")
    assert person.delete(f"/api/push/registrations/{device['id']}").status_code == 204
    page.reload()


def remove_here(page: Page, _: Person) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Remove:").click()
    expect(page.get_by_text("gets no more notifications")).to_be_visible()
    page.goto("/notifications")


@pytest.mark.parametrize("remove", [remove_elsewhere, remove_here])
def test_device_that_was_removed_does_not_come_back(
    windows: Windows, reader: Person, push_service: PushReceiver, remove: Callable[[Page, Person], None]
) -> None:
    page = windows.open(reader)
    give_push_service(page, push_service.subscribe(), before=push_service.subscribe())
    page.goto("/notifications")
    wait_for_worker(page)
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("Notifications are on for this device")).to_be_visible()
    remove(page, reader)
    expect(page.get_by_role("button", name="Turn on notifications")).to_be_visible()
    assert [*reader.every("/api/push/registrations")] == []


def test_next_user_of_a_browser_ends_the_pushes_of_the_one_before(
    windows: Windows, reader: Person, push_service: PushReceiver
) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    wait_for_worker(page)
    page.evaluate("localStorage.setItem('quill-notifications-of', 'somebody else')")
    give_push_service(page, push_service.subscribe(), before=push_service.subscribe())
    page.reload()
    eventually(lambda: page.evaluate("localStorage.getItem('quill-notifications-of')") is None)
    assert page.evaluate("navigator.serviceWorker.ready.then(each => each.pushManager.getSubscription())") is None


def notify(page: Page, notification_id: str = "") -> None:
    """Show a notification as the worker does when a push has come."""
    page.context.grant_permissions(["notifications"])
    show = "id => navigator.serviceWorker.ready.then(each => each.showNotification('There is news', {data: {id}}))"
    page.evaluate(show, notification_id)
    eventually(lambda: shown(page))


def test_signing_out_takes_notifications_off_the_screen(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    wait_for_worker(page)
    notify(page)
    sign_out(page)
    eventually(lambda: not shown(page))


def test_notification_that_is_pressed_leaves_a_way_back(windows: Windows, reader: Person) -> None:
    (told,) = eventually(lambda: reader.get("/api/notifications").json()["items"])
    page = windows.open(reader)
    page.goto("/record-access")
    expect(heading(page)).to_have_text("Who has looked at your record")
    wait_for_worker(page)
    notify(page, told["id"])
    click(page)
    expect(heading(page)).to_have_text(LETTER)
    page.go_back()
    expect(heading(page)).to_have_text("Who has looked at your record")


def test_notification_that_is_pressed_takes_no_window_that_is_not_the_apps(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    wait_for_worker(page)
    notify(page, "7")
    page.goto("/about.html")
    (worker,) = page.context.service_workers
    worker.evaluate("() => { clients.openWindow = async url => { self.opened = url; return null; }; }")
    click(page)
    assert eventually(lambda: worker.evaluate("self.opened ?? null")) == "/notifications#7"
