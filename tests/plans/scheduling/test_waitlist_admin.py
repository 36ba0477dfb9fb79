"""The waitlist and the series in the console."""

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_book, waitlist_add
from tests.console import House, said, toasts, url, words
from tests.factories import local, make_location, make_patient, make_plan, make_practitioner, make_user

DESK, PRACTITIONER, ASSISTANT = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
LIST, ADD = "/admin/plans/waitlistentry/", "/admin/plans/waitlistentry/add/"


@pytest.fixture
def house(db: None, frozen: Any) -> House:
    return House()


def book(house: House, clock: str = "10:00", day: date = MONDAY, **fields: Any) -> Appointment:
    if not {"session", "follow_up", "consultation_for"} & fields.keys():
        fields["consultation_for"] = make_patient(house.location)
    return appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, day, clock),
        **fields,
    )


def wait(house: House, name: str = "Ash", **fields: Any) -> WaitlistEntry:
    patient = make_patient(house.location, first_name="Ada", last_name=name)
    return waitlist_add(by=None, patient=patient, **fields)


def key_of(page: str, act: str, entry: WaitlistEntry) -> str:
    """The time behind the button of an act."""
    form = page.split(f'action="{url(entry, act)}"')[1].split("</form>")[0]
    return form.split('name="slot" value="')[1].split('"')[0]


def test_a_patients_page_says_what_they_wait_for(house: House) -> None:
    def buttons() -> str:
        return words(house.get(DESK, url(entry.patient))).split('aria-label="Who"')[1].split("</section>")[0]

    entry = wait(house, weekdays=[2])
    page = words(house.get(DESK, url(entry.patient)))
    panel = " ".join(page.split('aria-label="On the waitlist"')[1].split("</section>")[0].split())
    assert re.search(r"On the waitlist since [^:]+ \d\d:\d\d: Tuesday", panel), panel
    assert url(entry) in page
    assert ADD not in buttons()
    house.act(DESK, entry, "withdraw", reason="Found one elsewhere")
    assert "On the waitlist" not in words(house.get(DESK, url(entry.patient)))
    assert ADD in buttons()


def test_after_a_cancellation_the_desk_is_led_to_those_who_fit_and_books_one(house: House) -> None:
    visit = book(house)
    first, second = wait(house, "Ash"), wait(house, "Birch", is_urgent=True)
    wait(house, "Cedar", weekdays=[2])
    told = toasts(house.act(DESK, visit, "cancel", reason="patient"))[0]
    assert told.link_title == "2 people on the waitlist fit the time that came free"
    page = words(house.get(DESK, told.link_url))
    assert page.index("Ada Birch") < page.index("Ada Ash")
    assert "Comes on Tuesday only." in page
    assert f"Given back by {visit.patient}" in page
    here = told.link_url
    response = house.act(DESK, second, "offer", slot=key_of(page, "offer", second), next=here)
    assert urlsplit(response.headers["Location"]).path == "/admin/plans/waitlistentry/gap/"
    page = words(house.get(DESK, here))
    assert "Told, to answer" in page
    assert url(second, "decline") in page
    assert url(second, "offer") not in page, "told already"
    response = house.act(DESK, second, "accept", slot=key_of(page, "accept", second), next=here)
    assert "Mon 9 Mar 10:00 with Dr Rowan" in said(response)[-1]
    assert Appointment.objects.get(status="booked").patient == second.patient
    response = house.act(DESK, first, "accept", slot=key_of(page, "accept", first))
    assert response.status_code == 409
    assert "The practitioner is booked at this time." in words(response)
    assert "Nobody on the waitlist fits" in words(house.get(DESK, here))


def test_after_a_move_the_old_time_is_offered_and_without_anybody_nothing_is_said(house: House) -> None:
    visit = book(house)

    def move(day: str) -> str:
        own = {"own_time_day": day, "own_time_time": "10:00", "practitioner": str(house.practitioner.pk)}
        return toasts(house.act(DESK, visit, "reschedule", **own))[-1].link_title

    assert move("2026-03-10") == ""
    wait(house)
    assert move("2026-03-11") == "1 person on the waitlist fits the time that came free"


def test_who_moves_to_an_earlier_time_leaves_one_that_is_offered_on(house: House) -> None:
    entry = wait(house, "Ash")
    book(house, "14:00", consultation_for=entry.patient)
    wait(house, "Birch")
    slot = f"{house.practitioner.pk}|{local(house.location, MONDAY, '10:00').isoformat()}"
    told = toasts(house.act(DESK, entry, "accept", slot=slot))[0]
    assert "Moved to Mon 9 Mar 10:00 with Dr Rowan" in told.words
    assert told.link_title == "1 person on the waitlist fits the time that came free"
    assert "14%3A00" in told.link_url or "18%3A00" in told.link_url, "the time that they had"


def test_somebody_gets_on_the_list_from_every_page_that_concerns_it(house: House) -> None:
    patient = make_patient(house.location)
    Patient.objects.filter(pk=patient.pk).update(preferred_weekdays=[2, 4], preferred_from="09:00")
    plan = make_plan(patient, house.practitioner, start_date=MONDAY)
    session, follow_up = plan.sessions.get(sequence=1), plan.follow_ups.earliest("target_date")
    visit = book(house, session=session)
    for page, about in ((visit, f"session={session.pk}"), (session, f"session={session.pk}")):
        assert f"{ADD}?{about}" in words(house.get(DESK, url(page)))
        assert ADD not in words(house.get(ASSISTANT, url(page)))
    assert f"{ADD}?follow_up={follow_up.pk}" in words(house.get(DESK, url(follow_up)))
    of_patient = words(house.get(DESK, url(patient)))
    assert f"{ADD}?patient={patient.pk}" in of_patient
    assert f"{ADD}?follow_up={follow_up.pk}" in of_patient
    unbooked = plan.sessions.get(sequence=2)
    assert f"{ADD}?follow_up={follow_up.pk}" in words(house.get(DESK, url(plan)))
    choices = house.get(DESK, f"{ADD}?patient={patient.pk}").context["choices"]
    assert (unbooked.title, f"?session={unbooked.pk}", False) in choices
    assert choices[-1] == ("Consultation", f"?patient={patient.pk}", True)

    form = house.get(DESK, f"{ADD}?session={session.pk}").context["adminform"].form
    assert (form.initial["weekdays"], str(form.initial["time_from"])) == ([2, 4], "09:00:00")
    response = house.post(DESK, f"{ADD}?session={session.pk}&next=/admin/", weekdays=["2"], note="Wedding")
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/")
    entry = WaitlistEntry.objects.get()
    assert (entry.session, entry.weekdays, entry.note) == (session, [2], "Wedding")
    assert url(entry) in words(house.get(DESK, url(visit)))
    known = house.get(DESK, f"{ADD}?session={session.pk}")
    assert (known.status_code, known.headers["Location"]) == (302, url(entry))
    assert "is on the waitlist for this already" in words(house.post(DESK, f"{ADD}?session={session.pk}"))


def test_the_list_says_what_the_desk_needs_to_call(house: House, frozen: Any) -> None:
    entry = wait(house, weekdays=[1, 2], practitioner=house.practitioner, latest=date(2026, 4, 1), note="Rings back")
    page = words(house.get(DESK, LIST))
    for said_there in ("Ada Ash", "+1 212 555 0141", "Monday and Tuesday", "Dr Rowan", "Rings back", "until Wed 1 Apr"):
        assert said_there in page
    frozen.shift(60)
    visit = book(house, day=TUESDAY, consultation_for=entry.patient)
    assert "Ada Ash" not in words(house.get(DESK, LIST)), "they got a visit that suits them, and wait no more"
    assert url(visit) in words(house.get(DESK, f"{LIST}?show=over"))


def test_the_page_of_an_entry_books_a_time_that_fits_now(house: House) -> None:
    patient = make_patient(house.location)
    visit = book(house, day=TUESDAY, consultation_for=patient)
    entry = waitlist_add(by=None, patient=patient)
    page = words(house.get(DESK, url(entry)))
    assert page.count(f'action="{url(entry, "accept")}"') == 5
    response = house.act(DESK, entry, "accept", slot=key_of(page, "accept", entry))
    assert response.status_code == 303
    visit.refresh_from_db()
    assert visit.starts_at < local(house.location, MONDAY, "08:00")
    entry.refresh_from_db()
    assert (entry.status, entry.appointment) == ("booked", visit)


def test_a_stale_page_moves_no_visit_that_it_does_not_show(house: House) -> None:
    entry = wait(house)
    slot = f"{house.practitioner.pk}|{local(house.location, MONDAY, '10:00').isoformat()}"
    assert 'name="revision" value="0"' in words(house.get(DESK, url(entry)))
    visit = book(house, "14:00", consultation_for=entry.patient)
    late = house.act(DESK, entry, "accept", slot=slot, revision="0")
    assert late.status_code == 409
    page = words(late)
    assert "They were booked meanwhile, for Mon 9 Mar 14:00. Look again." in page
    assert "Has now: Mon 9 Mar 14:00 with Dr Rowan, Room 1" in page
    visit.refresh_from_db()
    assert visit.revision == 1
    assert 'name="revision" value="1"' in page, "the next press is about what the page shows by now"
    assert house.act(DESK, entry, "accept", slot=slot, revision="1").status_code == 303
    visit.refresh_from_db()
    assert visit.starts_at == local(house.location, MONDAY, "10:00")


@pytest.mark.parametrize("slot", ["x", "a|b", "{practitioner}|2026-03-09T10:00:00", "{practitioner}|nonsense"])
def test_a_time_that_was_never_offered_is_refused(house: House, slot: str) -> None:
    entry = wait(house)
    for act in ("offer", "accept"):
        response = house.act(DESK, entry, act, slot=slot.format(practitioner=house.practitioner.pk))
        assert "no longer on offer" in words(response)
    entry.refresh_from_db()
    assert entry.status == "waiting"


@pytest.mark.parametrize(
    "change",
    [
        {"location": "nonsense"},
        {"practitioner": ""},
        {"starts_at": "2026-03-09T10:00:00"},
        {"starts_at": "nonsense"},
        {"ends_at": "2026-03-09T09:00:00-04:00"},
        {"ends_at": "2026-04-09T09:00:00-04:00"},
        {"room": "nonsense"},
        {"left_by": "nonsense"},
    ],
)
def test_the_page_of_a_time_that_is_none_is_not_found(house: House, change: dict[str, str]) -> None:
    asked = {
        "location": str(house.location.pk),
        "practitioner": str(house.practitioner.pk),
        "starts_at": "2026-03-09T10:00:00-04:00",
        "ends_at": "2026-03-09T11:00:00-04:00",
    }
    assert house.clients[DESK].get(f"{LIST}gap/", asked).status_code == 200
    assert house.clients[DESK].get(f"{LIST}gap/", asked | change).status_code == 404


def test_a_free_time_elsewhere_is_not_found(house: House) -> None:
    elsewhere = make_location()
    asked = {
        "location": str(elsewhere.pk),
        "practitioner": str(make_practitioner(elsewhere).pk),
        "starts_at": "2026-03-09T10:00:00-04:00",
        "ends_at": "2026-03-09T11:00:00-04:00",
    }
    assert house.clients[DESK].get(f"{LIST}gap/", asked).status_code == 404


def chosen(response: Any) -> dict[str, str]:
    """What the preview would book."""
    return {
        row.name: next(choice.key for _, choices in row.days for choice in choices if choice.is_chosen)
        for row in response.context["rows"]
    }


def test_a_series_is_looked_at_changed_and_booked(house: House) -> None:
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    series = url(plan, "book_series")
    assert series in words(house.get(DESK, url(plan)))
    page = house.get(DESK, f"{series}?weekdays=2&time_from=09:00")
    picked = chosen(page)
    assert len(picked) == plan.sessions.count()
    assert not Appointment.objects.exists()
    first = page.context["rows"][0]
    other = next(choice.key for _, choices in first.days for choice in choices if not choice.is_chosen)
    response = house.post(DESK, series, **(picked | {first.name: other}))
    assert (response.status_code, response.headers["Location"]) == (303, url(plan))
    (told,) = said(response)
    assert told.startswith(f"{plan.patient}: 3 visits booked. ")
    visits = list(Appointment.objects.order_by("starts_at"))
    assert [visit.session for visit in visits] == list(plan.sessions.order_by("sequence"))
    assert visits[0].starts_at.isoformat() == other.split("|")[1]
    assert series not in words(house.get(DESK, url(plan)))
    assert "Every session of this plan is booked" in words(house.get(DESK, series))


def test_a_series_of_which_one_time_is_taken_books_none_and_keeps_what_was_chosen(house: House) -> None:
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    series = url(plan, "book_series")
    picked = chosen(house.get(DESK, series))
    second = plan.sessions.get(sequence=2)
    book(house, "08:00", second.target_date)
    response = house.post(DESK, series, **picked)
    page = words(response)
    assert response.status_code == 409
    assert f"{second.title}: The practitioner is booked at this time." in page
    assert Appointment.objects.count() == 1
    assert picked[f"visit-{plan.sessions.get(sequence=1).pk}"] in page


@pytest.mark.parametrize("value", ["x", "a|b", "|", ""])
def test_a_series_that_was_never_offered_is_refused(house: House, value: str) -> None:
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    name = f"visit-{plan.sessions.get(sequence=1).pk}"
    response = house.post(DESK, url(plan, "book_series"), **{name: value})
    assert response.status_code == 409
    assert "no longer on offer" in words(response)
    assert not Appointment.objects.exists()


def test_the_pages_cost_the_same_for_many_who_wait(house: House, django_assert_max_num_queries: Any) -> None:
    gap = f"{LIST}gap/?location={house.location.pk}&practitioner={house.practitioner.pk}"
    gap += "&starts_at=2026-03-09T10:00:00-04:00&ends_at=2026-03-09T11:00:00-04:00".replace("+", "%2B")
    wait(house, "Ash")
    counts = {}
    for path in (LIST, gap):
        with django_assert_max_num_queries(22) as made:
            house.get(DESK, path)
        counts[path] = len(made)
    for hour, name in enumerate(("Birch", "Cedar", "Dogwood"), start=10):
        entry = wait(house, name)
        book(house, day=MONDAY + timedelta(days=7), clock=f"{hour}:00", consultation_for=entry.patient)
    for path, count in counts.items():
        with django_assert_max_num_queries(count + 1):  # the visits that they have
            house.get(DESK, path)


def test_somebody_of_another_location_is_on_no_list_here(house: House) -> None:
    wait(house)
    stranger = make_user((make_location(), DESK))
    house.clients[DESK].force_login(stranger)
    assert "Ada Ash" not in words(house.get(DESK, LIST))
