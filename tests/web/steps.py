"""What people do on the screens, by the names that they read there."""

from e2e.client import BIRTH_DATE, Person
from playwright.sync_api import Locator, Page, expect

LETTER = "Your scan was clear"  # the one letter of the fixture `reader`


def heading(page: Page) -> Locator:
    """The one heading that says where one is."""
    return page.get_by_role("heading", level=1)


def sign_in(page: Page, username: str, password: str) -> None:
    """Give name and password on the sign-in page; what comes then is the test's to say."""
    page.goto("/sign-in")
    page.get_by_label("User name or e-mail address").fill(username)
    give_password(page, password)


def give_password(page: Page, password: str) -> None:
    """Fill in the password that is asked for, on the page or in the dialog, and sign in."""
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    """Leave by the menu that carries one's name."""
    menu = page.get_by_role("banner")
    menu.get_by_role("button", expanded=False).click()
    menu.get_by_role("button", name="Sign out").click()
    expect(heading(page)).to_have_text("Sign in to Quill")


def wait_for_worker(page: Page) -> None:
    """Wait until the service worker has stored the app and answers for this page."""
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    if not page.evaluate("Boolean(navigator.serviceWorker.controller)"):
        page.reload()
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")


def tick(page: Page, name: str) -> None:
    """Press a checkbox where people do, on its words: the real one lies unseen under them."""
    page.locator("label").filter(has=page.get_by_role("checkbox", name=name)).click()
    expect(page.get_by_role("checkbox", name=name)).to_be_checked()


def give_birth_date(page: Page) -> None:
    """Fill in the birth date of every patient of these tests."""
    for part, digits in zip(("Year", "Month", "Day"), BIRTH_DATE.split("-"), strict=True):
        page.get_by_label(part).fill(digits)


def write(page: Page, title: str, body: str) -> None:
    """Fill in a letter on the screen that is for it."""
    page.get_by_label("Title").fill(title)
    page.get_by_label("Letter", exact=True).fill(body)


def send(page: Page) -> None:
    """Send what is written, past the last look at it."""
    page.get_by_role("button", name="Send").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()


def titles(person: Person, patient_id: str) -> list[str]:
    """The titles of the patient's letters, as the services have them."""
    return [letter["title"] for letter in person.every(f"/api/patients/{patient_id}/letters")]
