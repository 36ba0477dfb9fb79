"""Two records of one person, merged at the desk in a browser: by mouse, and by keyboard alone."""

import pytest
from playwright.sync_api import expect

from patients.models import Patient
from tests.browser.test_console import House, sign_in  # noqa: F401
from tests.factories import make_patient


@pytest.fixture
def house(page):
    return House()


@pytest.fixture
def two(house):
    """Two records of Bea Birch; the second one lacks the phone."""
    return tuple(
        make_patient(house.location, first_name="Bea", last_name="Birch", phone=phone)
        for phone in ("+1 212 555 0155", "")
    )


def address(patient):
    return f"/admin/patients/patient/{patient.pk}/change/"


def is_merged(gone, kept):
    gone.refresh_from_db()
    kept.refresh_from_db()
    return gone.merged_into == kept and kept.phone == "+1 212 555 0155"


def test_the_desk_picks_the_likely_other_switches_which_stays_and_merges(page, house, two, sign_in):  # noqa: F811
    first, second = two
    sign_in(house.desk)
    page.goto(address(second))
    page.get_by_role("link", name="Merge…").click()
    page.get_by_role("link", name=f"Compare with Bea Birch, {first.mrn}").click()
    records = page.get_by_role("region", name="The two records")
    expect(records).to_contain_text(f"{second.mrn} goes")
    page.get_by_role("link", name=f"Keep {second.mrn} instead").click()
    expect(records).to_contain_text(f"{first.mrn} goes")
    expect(records).to_contain_text("taken over")
    page.get_by_role("button", name="Merge the two").click()
    expect(page.get_by_text(f"{first.mrn} was merged into {second.mrn}, Bea Birch.")).to_be_visible()
    assert is_merged(first, second)
    page.goto(f"/admin/patients/patient/?q={first.mrn}")
    expect(page.get_by_role("link", name="Birch, Bea")).to_have_count(1)
    page.goto(address(first))
    expect(page.get_by_role("region", name="Merged")).to_contain_text(second.mrn)


def test_the_same_by_keyboard_alone(page, house, two, sign_in):  # noqa: F811
    first, second = two
    Patient.objects.filter(pk=second.pk).update(last_name="Maple")
    sign_in(house.desk)
    page.goto(address(first))
    press_on(page, page.get_by_role("link", name="Merge…"))
    search = page.get_by_role("searchbox", name="Find the other record by name, record number or phone")
    expect(search).to_be_focused()
    page.keyboard.type("bea mapel")
    page.keyboard.press("Enter")
    press_on(page, page.get_by_role("link", name=f"Compare with Bea Maple, {second.mrn}"))
    press_on(page, page.get_by_role("button", name="Merge the two"))
    expect(page.get_by_text(f"{first.mrn} was merged into {second.mrn}, Bea Maple.")).to_be_visible()
    assert is_merged(first, second)


def press_on(page, target):
    """Go to it with Tab, and press Enter."""
    expect(target).to_be_visible()
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    pytest.fail("Tab does not lead there")
