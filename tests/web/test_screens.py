"""Every screen as different people meet it: in light and dark, on a phone and on a desk, by ear, by keys, by thumb."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from e2e.client import Person, demo_person, new_patient
from fleet import Fleet
from playwright.sync_api import Browser, Page, expect

from web.accessibility import OF_COLOUR, cut_off, small_targets, unreached, violations, wider_than_screen
from web.screens import SCREENS, Screen, declared_paths
from web.steps import LETTER, heading
from web.windows import PHONE, WIDE, Windows

type Show = Callable[[Screen], Page]
type Titles = dict[Screen, str]

_COLOUR = "element => getComputedStyle(element).color"
TALL = 5000  # so that nothing is left out because it would be below the screen


@pytest.fixture(scope="module")
def house(chromium: Browser, fleet: Fleet) -> Iterator[Windows]:
    """Windows for the whole file; what they complained of is looked at in the end."""
    windows = Windows(chromium, fleet.url)
    windows.expect_complaint("/nowhere: .*status of 404")
    windows.expect_complaint("/api/health: .*status of 503")  # that too is an answer, of a machine that is busy
    yield windows
    windows.close()
    assert windows.unexpected() == []


def ids_of(fleet: Fleet, role: str | None) -> dict[str, str]:
    """What stands for the parameters of a role's addresses: the demo's first patient, a letter of hers, her account."""
    patient = fleet.account("patient")
    if role == "admin":
        with demo_person(fleet, "admin") as admin:
            users = admin.get(f"/api/auth/users?q={patient['username']}").json()["items"]
        return {"id": next(user["id"] for user in users if user["username"] == patient["username"])}
    with demo_person(fleet, "clinician") as clinician:
        letters = clinician.every(f"/api/patients/{patient['patient_id']}/letters")
        letter = next(each for each in letters if each["title"] == "Your blood test results")
    return {"id": patient["patient_id"], "uid": letter["uid"]}


@pytest.fixture(scope="module")
def titles_seen() -> Titles:
    """Of the screens that other tests have brought up."""
    return {}


@pytest.fixture(scope="module")
def show(house: Windows, fleet: Fleet, titles_seen: Titles) -> Show:
    """Brings a screen up in the window of its role."""
    pages: dict[str | None, tuple[Page, dict[str, str]]] = {}

    def bring(screen: Screen) -> Page:
        role = screen.role
        if role not in pages:
            pages[role] = (house.open(demo_person(fleet, role)), ids_of(fleet, role)) if role else (house.open(), {})
        page, ids = pages[role]
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.emulate_media(color_scheme="light")
        page.goto(screen.address(**ids))
        expect(heading(page)).to_contain_text(screen.heading)
        expect(page.locator(".loading")).to_have_count(0)
        titles_seen[screen] = page.title()
        return page

    return bring


@pytest.fixture(scope="module", params=SCREENS, ids=lambda screen: screen.name)
def page(request: pytest.FixtureRequest, show: Show) -> Page:
    """A screen, brought up once for all that is looked at on it."""
    return show(request.param)


def test_every_address_of_the_app_is_looked_at() -> None:
    assert {screen.path for screen in SCREENS} - {"/nowhere"} == set(declared_paths())


def test_screen_has_no_barrier_that_axe_knows(page: Page) -> None:
    assert page.get_by_role("main").count() == page.get_by_role("banner").count() == heading(page).count() == 1
    looks: list[tuple[int, list[Literal["light", "dark"]]]] = [
        (WIDE[0], ["light", "dark"]),
        (PHONE[0], ["dark", "light"]),
    ]
    for width, schemes in looks:
        page.set_viewport_size({"width": width, "height": TALL})
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            assert violations(page, only=OF_COLOUR if scheme == "dark" else ()) == []


def test_screen_is_reached_by_keyboard_and_thumb(page: Page) -> None:
    for width, height in (WIDE, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert wider_than_screen(page) == []
        assert cut_off(page) == []
        assert small_targets(page) == []
        missed, unseen = unreached(page)
        assert missed == []
        assert unseen == []


@pytest.mark.parametrize("role", ["patient", "admin"])
def test_places_stand_in_one_row_on_a_phone(windows: Windows, fleet: Fleet, role: str) -> None:
    page = windows.open(demo_person(fleet, role), size=PHONE)
    page.goto("/account")
    places = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(places.nth(3)).to_be_visible()
    tops = places.evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")
    assert len(set(tops)) == 1


@pytest.mark.parametrize("role", [None, "patient", "clinician", "admin"])
def test_titles_tell_the_screens_of_a_role_apart(show: Show, titles_seen: Titles, role: str | None) -> None:
    titles = [titles_seen.get(screen) or show(screen).title() for screen in SCREENS if screen.role == role]
    assert len(set(titles)) == len(titles)
    assert all(title.endswith(" – Quill") for title in titles)


def test_long_words_and_the_banner_leave_room_on_a_screen_enlarged_to_400_percent(
    house: Windows, fleet: Fleet, clinician: Person
) -> None:
    patient_id = new_patient(clinician, name=[{"family": "Wolfeschlegelsteinhausenbergerdorff", "given": ["Hubert"]}])
    title = "Pneumonoultramicroscopicsilicovolcanoconiosis"
    written = clinician.post(f"/api/patients/{patient_id}/letters", {"title": title, "body": "Dear patient,"})
    page = house.open(demo_person(fleet, "clinician"), size=(320, 256))
    page.goto(written.headers["Location"].removeprefix("/api"))
    expect(heading(page)).to_contain_text(title)
    assert wider_than_screen(page) == []
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("region", name="Patient")).not_to_be_in_viewport()


def test_letter_is_printed_in_ink_whatever_colours_are_chosen(house: Windows, reader: Person) -> None:
    page = house.open(reader)
    page.add_init_script("localStorage.setItem('quill-theme', 'dark')")
    page.goto("/letters")
    page.get_by_role("link", name=LETTER).click()
    expect(heading(page)).to_contain_text(LETTER)
    assert page.get_by_role("article").evaluate(_COLOUR) == "rgb(238, 242, 241)"
    page.emulate_media(media="print")
    assert page.get_by_role("article").evaluate(_COLOUR) == "rgb(23, 38, 43)"


def test_colours_are_chosen_in_the_menu(house: Windows, reader: Person) -> None:
    page = house.open(reader)
    page.goto("/letters")
    page.get_by_role("banner").get_by_role("button", expanded=False).click()
    page.locator("label").filter(has=page.get_by_role("radio", name="Dark")).click()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_place_where_one_is_shows_in_ones_own_colours(windows: Windows, fleet: Fleet) -> None:
    page = windows.open(demo_person(fleet, "patient"), forced_colors="active")
    page.goto("/notifications")
    places, tabs = page.get_by_role("navigation").get_by_role("link"), page.get_by_role("tab")
    expect(tabs).to_have_count(2)
    edge = "(element) => getComputedStyle(element).borderBottomColor"
    for here, elsewhere in ((places.nth(2), places.nth(1)), (tabs.nth(0), tabs.nth(1))):
        assert here.evaluate(edge) != elsewhere.evaluate(edge)
