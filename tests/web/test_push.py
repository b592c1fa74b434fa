"""A device that is told of letters: its subscription is good for nothing any more, it is to be told no more, somebody
else uses it, a push comes, a notification is pressed."""

from collections.abc import Callable

import pytest
from e2e.client import Person, eventually, inbox, new_linked_patient
from e2e.push_receiver import PushReceiver
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.push import click, deliver, drop_subscription, give_push_service, shown, watch_badge
from web.steps import LETTER, heading, sign_out, wait_for_worker
from web.windows import Windows


@pytest.mark.parametrize("is_dropped", [False, True], ids=["key-changed", "dropped"])
def test_device_subscribes_anew_at_start_when_its_subscription_is_good_for_nothing(
    fleet: Fleet, windows: Windows, clinician: Person, push_service: PushReceiver, *, is_dropped: bool
) -> None:
    person, patient_id = new_linked_patient(fleet, clinician)
    before, after = push_service.subscribe(), push_service.subscribe()
    page = windows.open(person)
    page.goto("/letters")
    wait_for_worker(page)
    page.evaluate("id => localStorage.setItem('quill-notifications-of', id)", person.user["id"])
    give_push_service(page, after, before=None if is_dropped else before)
    with page.expect_response(lambda response: response.url.endswith("/api/push/register")) as told:
        page.reload()
    assert told.value.ok
    expect(heading(page)).to_have_text("Your letters")
    draft = {"title": "Your new letter", "body": "Dear patient,\n\nall is well."}
    assert clinician.post(f"/api/patients/{patient_id}/letters", draft).status_code == 201
    assert len(after.wait()) == 1
    assert before.pushes == []


def switch_on(page: Page) -> None:
    page.goto("/notifications")
    wait_for_worker(page)
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("Notifications are on for this device")).to_be_visible()


def remove(person: Person) -> None:
    (device,) = person.every("/api/push/registrations")
    assert person.delete(f"/api/push/registrations/{device['id']}").status_code == 204


def test_device_subscribes_anew_when_the_browser_says_that_it_has_dropped_the_subscription(
    windows: Windows, reader: Person, push_service: PushReceiver
) -> None:
    page = windows.open(reader)
    give_push_service(page, push_service.subscribe())
    switch_on(page)
    remove(reader)  # as the server does once the push service no longer knows the address
    with page.expect_response(lambda response: response.url.endswith("/api/push/register")) as told:
        drop_subscription(page)
    assert told.value.ok
    assert len([*reader.every("/api/push/registrations")]) == 1
    page.reload()
    expect(page.get_by_text("Notifications are on for this device")).to_be_visible()


def remove_elsewhere(page: Page, person: Person) -> None:
    remove(person)
    page.reload()


def remove_here(page: Page, _: Person) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Remove:").click()
    expect(page.get_by_text("gets no more notifications")).to_be_visible()
    page.goto("/notifications")


@pytest.mark.parametrize("take_away", [remove_elsewhere, remove_here])
def test_device_that_was_removed_does_not_come_back(
    windows: Windows, reader: Person, push_service: PushReceiver, take_away: Callable[[Page, Person], None]
) -> None:
    page = windows.open(reader)
    give_push_service(page, push_service.subscribe(), before=push_service.subscribe())
    switch_on(page)
    take_away(page, reader)
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


def test_push_renews_what_is_on_the_screen(windows: Windows, clinician: Person, reader: Person) -> None:
    eventually(lambda: inbox(reader)["items"])
    page = windows.open(reader)
    page.context.grant_permissions(["notifications"])
    page.goto("/")
    wait_for_worker(page)
    expect(page.get_by_text("1 not opened")).to_be_visible()
    draft = {"title": "Your new letter", "body": "Dear patient,\n\nall is well."}
    assert clinician.post(f"/api/patients/{reader.user['patient_id']}/letters", draft).status_code == 201
    told, _ = eventually(lambda: (items := inbox(reader)["items"])[1:] and items)
    assert page.get_by_text("1 not opened").count() == 1
    deliver(page, {"title": told["title"], "notification_id": told["id"]})
    expect(page.get_by_text("2 not opened")).to_be_visible()
    expect(page.get_by_role("link", name="Your new letter")).to_be_visible()


def test_notification_that_is_pressed_is_read_and_leaves_a_way_back(windows: Windows, reader: Person) -> None:
    (told,) = eventually(lambda: inbox(reader)["items"])
    page = windows.open(reader)
    watch_badge(page)
    page.goto("/record-access")
    expect(heading(page)).to_have_text("Who has looked at your record")
    wait_for_worker(page)
    eventually(lambda: page.evaluate("window.badge") == 1)
    notify(page, told["id"])
    click(page)
    expect(heading(page)).to_have_text(LETTER)
    eventually(lambda: page.evaluate("window.badge") == 0)
    page.go_back()
    expect(heading(page)).to_have_text("Who has looked at your record")
    page.evaluate("window.badge = 1")  # as the worker does when a push has come that was read elsewhere
    notify(page, told["id"])
    click(page)
    eventually(lambda: page.evaluate("window.badge") == 0)


def test_notification_that_is_pressed_leads_to_its_letter_though_its_reading_cannot_be_noted(
    windows: Windows, reader: Person
) -> None:
    (told,) = eventually(lambda: inbox(reader)["items"])
    page = windows.open(reader)
    windows.expect_complaint("ERR_FAILED")
    page.route("**/api/notifications/*/read", lambda route: route.abort())
    page.goto(f"/notifications#{told['id']}")
    expect(heading(page)).to_have_text(LETTER)


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
