"""Text that would like to be a program, stored where people write and shown wherever that is shown."""

import pytest
from e2e.client import PASSWORD, Person, demo_person, link, new_patient, new_patient_account, unique
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.steps import heading
from web.windows import Windows

ATTEMPTS = (
    "<script>window.taken=1</script>",
    '<img src=x onerror="window.taken=2">',
    '"><svg onload=window.taken=3>',
    "[click me](javascript:window.taken=4)",
    "[click me](data:text/html;base64,PHNjcmlwdD53aW5kb3cudGFrZW49NTwvc2NyaXB0Pg==)",
    '<iframe srcdoc="<script>parent.taken=6</script>"></iframe>',
    "<a href='java&#115;cript:window.taken=7' onmouseover=window.taken=7>x</a>",
    "![pixel](https://evil.example/taken.png)",
    "<math><mtext></table><mglyph><style><img src=x onerror=window.taken=9>",
    "</title><body onpageshow=window.taken=10 style=background:url(https://evil.example/)>{{7*7}}${7*7}",
)
# What none of our screens has by itself, outside of the app's own frame.
_FOREIGN = """() => [...document.querySelectorAll(
  ':is(main, [role=dialog]) :is(script, iframe, math, style, object, img, [onerror], [onload], [onmouseover],'
  + ' a[href^="javascript" i], a[href^="data" i])')].map(each => each.outerHTML.slice(0, 80))"""
# What failed to load has said so by then.
_TAKEN = """async () => {
  for (let round = 0; round < 2; round += 1) await (await fetch('/quill.svg', {cache: 'no-store'})).blob();
  await new Promise(requestAnimationFrame);
  return window.taken;
}"""


@pytest.fixture(scope="module")
def victim(fleet: Fleet, clinician: Person) -> tuple[Person, str]:
    """A patient in whose names and letters every attempt is stored, and the account that reads them."""
    given, family = [each.replace("\n", " ") for each in ATTEMPTS[1:9]], ATTEMPTS[0]
    name = {"use": "official", "prefix": [ATTEMPTS[9]], "given": given, "family": family}
    patient_id, person = new_patient(clinician, name=[name]), new_patient_account(fleet)
    link(clinician, person, patient_id)
    for number, attempt in enumerate(ATTEMPTS):
        draft = {"title": attempt, "body": f"Dear patient,\n\n{attempt}\n\nEnd of attempt {number}."}
        assert clinician.post(f"/api/patients/{patient_id}/letters", draft).status_code == 201
    return person, patient_id


def assert_untouched(page: Page) -> None:
    """Nothing of what was stored has become a part of the page, or has run."""
    page.wait_for_load_state()
    assert page.evaluate(_TAKEN) is None
    assert page.evaluate(_FOREIGN) == []


def test_attempts_in_letters_are_text_to_the_patient(windows: Windows, victim: tuple[Person, str]) -> None:
    page = windows.open(victim[0])
    page.goto("/letters")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(len(ATTEMPTS))
    assert_untouched(page)
    for attempt in ATTEMPTS:
        page.get_by_role("link", name=attempt).click()
        expect(heading(page)).to_contain_text(attempt)
        expect(page.get_by_text("End of attempt")).to_be_visible()
        assert_untouched(page)
        page.go_back()


def test_attempts_are_text_to_the_clinician(fleet: Fleet, windows: Windows, victim: tuple[Person, str]) -> None:
    _, patient_id = victim
    page = windows.open(demo_person(fleet, "clinician"))
    for path, shown in (("", ATTEMPTS[0]), ("/letters", ATTEMPTS[1]), ("/letters/new", ATTEMPTS[0])):
        page.goto(f"/patients/{patient_id}{path}")
        expect(page.get_by_role("main").get_by_text(shown).first).to_be_visible()
        assert_untouched(page)


def test_attempts_are_text_in_a_letter_and_its_versions(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    patient_id = new_patient(clinician)
    draft = {"title": ATTEMPTS[0], "body": "\n\n".join(ATTEMPTS)}
    letter = clinician.post(f"/api/patients/{patient_id}/letters", draft).headers["Location"]
    amended = {"title": ATTEMPTS[1], "body": "\n\n".join(reversed(ATTEMPTS)), "reason": ATTEMPTS[2]}
    assert clinician.put(letter, amended, version=1).status_code == 200
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(letter.removeprefix("/api"))
    expect(heading(page)).to_have_text(ATTEMPTS[1])
    assert_untouched(page)
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_text(f"Reason: {ATTEMPTS[2]}")).to_be_visible()
    page.get_by_role("button", name="Read version 1").click()
    expect(page.get_by_role("heading", name=ATTEMPTS[0])).to_be_visible()
    expect(page.locator("section section ins").filter(has_text="window").first).to_be_visible()
    assert_untouched(page)


def test_attempts_in_a_draft_are_text_in_its_preview(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{new_patient(clinician)}/letters/new")
    page.get_by_label("Title").fill(ATTEMPTS[0])
    page.get_by_label("Letter", exact=True).fill("\n\n".join(ATTEMPTS))
    expect(page.get_by_role("region", name="Preview").get_by_text("window.taken=1").first).to_be_visible()
    assert_untouched(page)


def test_attempts_in_the_names_of_users_are_text_to_the_administrator(fleet: Fleet, windows: Windows) -> None:
    page, admin = windows.open(demo_person(fleet, "admin")), demo_person(fleet, "admin")
    stem = unique()
    for number, attempt in enumerate(ATTEMPTS):
        name = f"{stem}-{number}"
        form = {"username": name, "email": f"{name}@example.org", "display_name": attempt, "roles": ["patient"]}
        made = admin.post("/api/auth/users", form).json()
    page.goto("/admin/users")
    page.get_by_role("searchbox").fill(stem)
    expect(page.get_by_role("row")).to_have_count(1 + len(ATTEMPTS))
    assert_untouched(page)
    for attempt in ATTEMPTS:
        page.get_by_role("link", name=attempt).click()
        expect(heading(page)).to_contain_text(attempt)
        assert_untouched(page)
        page.go_back()
    with Person(fleet.url) as person:
        activation = {"activation_code": made["activation_code"], "password": PASSWORD}
        assert person.post("/api/auth/activate", activation).status_code == 204
        person.sign_in(name).sign_out()
    page.goto("/admin/audit")
    row = page.get_by_role("row").filter(has_text="Signed in").filter(has_text=ATTEMPTS[-1])
    row.first.get_by_role("button", name="Details").click()
    expect(page.get_by_role("dialog").get_by_text(ATTEMPTS[-1])).to_be_visible()
    page.get_by_role("button", name="Only this person").click()
    expect(page.get_by_role("combobox", name="Who acted")).to_have_value(ATTEMPTS[-1])
    assert_untouched(page)
