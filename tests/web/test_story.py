"""The main job in two browsers: a clinician writes, the patient's phone says so, she reads, the clinician sees it."""

import re

from e2e.client import Person, demo_person, eventually, new_linked_patient
from e2e.push_receiver import PushReceiver
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.push import click, deliver, give_push_service, shown
from web.steps import heading, send, wait_for_worker, write
from web.windows import PHONE, Windows

TITLE, SECRET = "Your clinic visit", "Your result is normal."


def find_and_write(page: Page, family: str) -> None:
    """Find the patient by name and send a letter."""
    page.goto("/patients")
    page.get_by_role("searchbox").fill(family)
    page.get_by_role("link", name=re.compile(family, re.IGNORECASE)).click()
    page.get_by_role("link", name="Write a letter").click()
    write(page, TITLE, f"Dear patient,\n\n{SECRET}\n\n- eat well\n- sleep **well**")
    send(page)
    expect(heading(page)).to_contain_text(TITLE)


def test_letter_is_written_announced_read_and_seen(
    fleet: Fleet, windows: Windows, clinician: Person, push_service: PushReceiver
) -> None:
    person, patient_id = new_linked_patient(fleet, clinician)
    family = clinician.get(f"/api/patients/{patient_id}/demographics").json()["name"]["family"]
    subscriber = push_service.subscribe()
    phone = windows.open(person, size=PHONE, has_touch=True)
    give_push_service(phone, subscriber)
    phone.goto("/notifications")
    wait_for_worker(phone)
    phone.get_by_role("button", name="Turn on notifications").click()
    expect(phone.get_by_text("Notifications are on for this device")).to_be_visible()

    desk = windows.open(demo_person(fleet, "clinician"))
    find_and_write(desk, family)
    expect(desk.get_by_text("Not read yet")).to_be_visible()

    (push,) = subscriber.wait()
    deliver(phone, push.payload)
    (notification,) = eventually(lambda: shown(phone))
    assert notification["tag"] == push.payload["notification_id"]  # so that a reminder takes its place
    assert "letter" in notification["title"].lower()
    assert TITLE not in str(notification)
    assert SECRET not in str(notification)
    click(phone)
    expect(heading(phone)).to_contain_text(TITLE)
    expect(phone.get_by_text(SECRET)).to_be_visible()
    expect(phone.get_by_role("listitem").filter(has_text="sleep well").locator("strong")).to_have_text("well")

    desk.reload()
    expect(desk.get_by_text("Read by the patient on")).to_be_visible()
