"""Keeping a visit that wants rebooking: a person decides, with a reason, and it leaves the list until it moves on."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic.access.roles import Role, roles_that_may
from clinic.audit.history import Actor, acting
from clinic.console.reader import Reader
from clinic.errors import Conflict, Invalid, InvalidTransition
from clinic.people.models import Qualification, User
from clinic.places.models import Room
from plans.messages.models import PatientMessage
from plans.scheduling.admin.keeping import may_keep, read_limits
from plans.scheduling.admin.story import story_of
from plans.scheduling.looks import decisions, override_flags
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, visits_to_rebook, why_rebook
from plans.scheduling.services import (
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_keep,
    appointment_reschedule,
    appointment_undo,
)
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_hold, plan_resume
from tests import factories
from tests.api import Api, errors
from tests.console import House, url, words
from tests.plans.scheduling.conftest import Clinic, Written
from tests.plans.scheduling.test_rebooking import shift
from tests.plans.scheduling.test_refusals import refused

MONDAY, THURSDAY = date(2026, 3, 9), date(2026, 3, 12)
WHY = "Travels until then"


def wanted(visit: Appointment) -> str | None:
    """Why it wants another time; the list says the same."""
    found = why_rebook(in_full(Appointment.objects.all()).get(pk=visit.pk))
    assert (visits_to_rebook(Appointment.objects.all()).filter(pk=visit.pk).first() is not None) == bool(found)
    return found


def keep(visit: Appointment, by: User | None, reason: str = WHY) -> Appointment:
    return appointment_keep(appointment_id=visit.pk, by=by, reason=reason)


@pytest.fixture
def doctor(clinic: Clinic) -> User:
    return clinic.practitioner.user


@pytest.fixture
def late(clinic: Clinic) -> Appointment:
    """A visit on the last day but one of a window that closes before it by now."""
    visit = clinic.book("10:00", THURSDAY, session=clinic.sessions[0])
    shift(clinic.sessions[0], -5)
    assert str(wanted(visit)).startswith("Too late now")
    return visit


@pytest.fixture
def soon(clinic: Clinic) -> Appointment:
    """A visit whose window opens after it by now."""
    visit = clinic.book("10:00", session=clinic.sessions[0])
    shift(clinic.sessions[0], 2)
    assert str(wanted(visit)).startswith("Too early now")
    return visit


def test_a_visit_that_is_too_late_stays_until_its_window_moves_again(clinic: Clinic, late: Appointment) -> None:
    before = list(PatientMessage.objects.order_by("pk").values())

    kept = keep(late, clinic.desk, f" {WHY} ")

    assert wanted(late) is None
    assert (kept.is_kept, kept.kept_because, kept.override_reason, kept.is_early) == (True, WHY, "", False)
    assert (kept.starts_at, kept.status, kept.revision) == (late.starts_at, "booked", 1)
    assert list(PatientMessage.objects.order_by("pk").values()) == before
    shift(clinic.sessions[0], 1)
    assert wanted(late) is None
    shift(clinic.sessions[0], -2)
    assert str(wanted(late)).startswith("Too late now")


def test_a_visit_that_takes_longer_now_stays_as_short_as_it_is(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    longer = clinic.sessions[0].duration_minutes + 30
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer)
    assert wanted(visit)

    kept = keep(visit, clinic.desk)

    assert wanted(visit) is None
    moved = appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("14:00"))
    assert moved.ends_at - moved.starts_at == kept.ends_at - kept.starts_at
    assert not moved.is_kept
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer + 30)
    assert wanted(visit)


def test_after_a_hold_a_visit_that_its_window_has_left_is_kept(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)
    second = clinic.sessions[1]
    visit = clinic.book("10:00", second.target_date + timedelta(days=3), session=second)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")
    assert refused(lambda: keep(visit, clinic.desk), Conflict).code == "cannot_be_kept"
    plan_resume(plan_id=clinic.plan.pk)
    shift(second, -10)

    keep(visit, clinic.desk)

    assert wanted(visit) is None


def test_too_early_needs_the_right_to_book_early_and_is_marked_so(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    before = Written.now()
    for nobody in (clinic.desk, None):
        refusal = refused(lambda nobody=nobody: keep(soon, nobody), PermissionDenied)  # type: ignore[misc]
        assert "Move it, or ask a practitioner to decide." in str(refusal)
    assert Written.now() == before

    kept = keep(soon, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, "", WHY)
    assert wanted(soon) is None
    shift(clinic.sessions[0], 1)
    assert str(wanted(soon)).startswith("Too early now")
    refused(lambda: keep(soon, clinic.desk, "Still"), PermissionDenied)
    assert keep(soon, doctor, "Still").kept_because == "Still"


def test_who_decides_about_an_early_visits_length_leaves_that_decision_as_it_stands(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    keep(soon, doctor)
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=240)
    assert wanted(soon)

    kept = keep(soon, clinic.desk, "Short is enough")

    assert wanted(soon) is None
    assert (kept.is_early, kept.kept_because) == (True, WHY)


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
def test_a_decision_has_a_reason(clinic: Clinic, late: Appointment, reason: str) -> None:
    refusal = refused(lambda: keep(late, clinic.desk, reason), Invalid)

    assert (refusal.code, refusal.attr) == ("required", "reason")
    assert wanted(late)


def test_what_cannot_stay_is_refused_with_what_to_do_instead(clinic: Clinic, late: Appointment) -> None:
    def because() -> str:
        refusal = refused(lambda: keep(late, clinic.desk), Conflict)
        assert refusal.code == "cannot_be_kept"
        return refusal.detail

    held = Qualification.objects.filter(practitioner=clinic.practitioner, modality="prp")
    before = Written.now()
    held.update(valid_until=MONDAY)
    assert because() == (
        f"{clinic.practitioner} is not qualified for PRP on that day. "
        "Move the visit to somebody who is, or to another day."
    )
    held.update(valid_until=None)
    Room.objects.filter(appointments=late).update(modalities=["exosome"])
    assert because() == "Room 1 is not fit for PRP. Move the visit to a room that is."
    Room.objects.filter(appointments=late).update(modalities=["prp"])
    type(clinic.plan).objects.filter(pk=clinic.plan.pk).update(
        status="on_hold", activated_at=late.created_at, held_at=late.created_at
    )
    assert because() == "The plan is on hold. Let it go on first, or cancel the visit."
    assert Written.now() == before


def test_where_nothing_is_to_decide_nothing_is_decided(clinic: Clinic, late: Appointment) -> None:
    fine = [
        clinic.book("14:00", session=clinic.sessions[2], day=clinic.sessions[2].window_start),
        clinic.book("15:00", consultation_for=clinic.another_patient()),
        keep(late, clinic.desk),
    ]

    for visit in fine:
        assert refused(lambda visit=visit: keep(visit, clinic.desk), Conflict).code == "nothing_to_keep"  # type: ignore[misc]


def test_only_a_visit_that_is_still_to_come_is_kept(clinic: Clinic, late: Appointment) -> None:
    appointment_arrive(appointment_id=late.pk, by=None)
    refused(lambda: keep(late, clinic.desk), InvalidTransition)
    appointment_cancel(appointment_id=late.pk, by=None, reason="patient")
    refused(lambda: keep(late, clinic.desk), InvalidTransition)


def test_a_confirmed_visit_stays_confirmed(clinic: Clinic, late: Appointment) -> None:
    appointment_confirm(appointment_id=late.pk, by=None)

    assert keep(late, clinic.desk).status == "confirmed"


# What was decided before stays


EMERGENCY, MONDAY_AFTER = "In pain, cannot wait", date(2026, 3, 16)


@pytest.fixture
def early(clinic: Clinic, doctor: User) -> Appointment:
    """A visit that was booked early by decision, and whose window has moved on since."""
    friday = clinic.sessions[0].window_start - timedelta(days=3)
    visit = clinic.book("10:00", friday, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], 2)
    assert visit.is_early
    assert str(wanted(visit)).startswith("Too early now")
    return visit


@pytest.fixture
def crowded(clinic: Clinic, doctor: User) -> Appointment:
    """A visit that was booked over another one, and whose window closes before it by now."""
    clinic.book("10:00", THURSDAY, consultation_for=clinic.another_patient())
    visit = clinic.book("10:15", THURSDAY, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], -5)
    assert visit.overbooked
    assert str(wanted(visit)).startswith("Too late now")
    return visit


def told(visit: Appointment) -> dict[str, Any]:
    """What was decided in each line of its story."""
    return {one.what: one.decisions for one in story_of(visit)}


def test_why_it_was_booked_early_stays_beside_why_it_was_kept(clinic: Clinic, early: Appointment, doctor: User) -> None:
    kept = keep(early, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)
    revision = kept.revisions.get()
    assert (revision.override_reason, revision.kept_because) == (EMERGENCY, WHY)
    assert told(kept) == {"Booked": (("early", EMERGENCY),), "Kept": (("", WHY),)}


def test_an_early_visit_that_is_too_late_by_now_was_booked_early_all_the_same(
    clinic: Clinic, early: Appointment, doctor: User
) -> None:
    shift(clinic.sessions[0], -20)
    assert str(wanted(early)).startswith("Too late now")

    kept = keep(early, clinic.desk)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)


def test_an_overbooked_visit_that_is_kept_says_why_of_both(clinic: Clinic, crowded: Appointment) -> None:
    kept = keep(crowded, clinic.desk)

    assert wanted(kept) is None
    assert (kept.overbooked, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)
    assert [flag.word for flag in override_flags(kept)] == ["Overbooked", "Kept"]
    assert decisions(kept) == [("Overbooked because", EMERGENCY), ("Kept because", WHY)]


def test_with_a_free_practitioner_it_is_overbooked_no_more_and_kept_still(clinic: Clinic, crowded: Appointment) -> None:
    keep(crowded, clinic.desk)

    moved = appointment_reschedule(
        appointment_id=crowded.pk,
        by=clinic.desk,
        starts_at=crowded.starts_at,
        practitioner=clinic.another_practitioner(),
    )

    assert (moved.overbooked, moved.override_reason, moved.kept_because) == (False, "", WHY)
    assert wanted(moved) is None
    assert told(moved) == {
        "Booked": (("over another visit", EMERGENCY),),
        "Kept": (("", WHY),),
        "Moved": (("kept", WHY),),
    }
    undone = appointment_undo(appointment_id=crowded.pk, by=clinic.desk)
    assert (undone.overbooked, undone.override_reason, undone.kept_because) == (True, EMERGENCY, WHY)


def test_an_overbooked_visit_that_is_kept_early_was_not_booked_early(clinic: Clinic, doctor: User) -> None:
    clinic.book("10:00", MONDAY, consultation_for=clinic.another_patient())
    visit = clinic.book("10:15", MONDAY, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], 2)

    kept = keep(visit, doctor)

    assert (kept.is_early, kept.overbooked, kept.override_reason) == (True, True, EMERGENCY)
    assert told(kept)["Booked"] == (("over another visit", EMERGENCY),)


def test_a_visit_kept_early_takes_longer_with_another_practitioner_and_is_early_for_the_same_reason(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    keep(soon, doctor)
    longer = clinic.sessions[0].duration_minutes + 30
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer)

    moved = appointment_reschedule(
        appointment_id=soon.pk, by=clinic.desk, starts_at=soon.starts_at, practitioner=clinic.another_practitioner()
    )

    assert (moved.ends_at - moved.starts_at, moved.is_early) == (timedelta(minutes=longer), True)
    assert (moved.override_reason, moved.kept_because) == ("", WHY)


@pytest.fixture
def hemmed(clinic: Clinic) -> Appointment:
    """A visit that its window has left behind, on a day that a later session is too near to by now."""
    first, second = clinic.sessions[:2]
    visit = clinic.book("10:00", THURSDAY, session=first)
    clinic.book("10:00", second.target_date, session=second)
    Appointment.objects.filter(session=second).update(**at_once(clinic, MONDAY_AFTER))
    shift(first, -5)
    assert str(wanted(visit)).startswith("Too late now")
    return visit


def at_once(clinic: Clinic, day: date) -> dict[str, Any]:
    """The columns of a visit from ten to eleven on this day."""
    start, end = clinic.at("10:00", day), clinic.at("11:00", day)
    busy = DateTimeTZRange(start, end)
    return {"starts_at": start, "ends_at": end, "practitioner_busy": busy, "room_busy": busy}


def test_too_near_to_the_next_session_takes_the_right_and_is_not_early(
    clinic: Clinic, hemmed: Appointment, doctor: User
) -> None:
    before = Written.now()
    refused(lambda: keep(hemmed, clinic.desk), PermissionDenied)
    assert Written.now() == before

    kept = keep(hemmed, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (False, "", WHY)
    assert wanted(kept) is None


def test_the_desk_is_offered_what_the_service_lets_it_keep_and_nothing_else(
    clinic: Clinic, hemmed: Appointment, doctor: User, django_assert_num_queries: Any
) -> None:
    third = clinic.sessions[2]
    late = clinic.book("10:00", third.window_end, session=third)
    shift(third, -5)
    rows = list(visits_to_rebook(Appointment.objects.order_by("starts_at")).filter(pk__in=[hemmed.pk, late.pk]))
    desk, senior = Reader(clinic.desk), Reader(doctor)
    assert desk.locations
    assert senior.locations
    with django_assert_num_queries(1):
        read_limits(desk, rows)
        assert [may_keep(desk, row) for row in rows] == [False, True]
    with django_assert_num_queries(0):
        assert [may_keep(senior, row) for row in rows] == [True, True]

    keep(late, clinic.desk)
    refused(lambda: keep(hemmed, clinic.desk), PermissionDenied)


# Moving and undoing


def test_another_practitioner_at_the_same_time_leaves_it_kept_and_another_time_ends_it(
    clinic: Clinic, late: Appointment
) -> None:
    keep(late, clinic.desk)

    same = appointment_reschedule(
        appointment_id=late.pk, by=clinic.desk, starts_at=late.starts_at, practitioner=clinic.another_practitioner()
    )
    assert same.kept_because == WHY
    assert wanted(same) is None
    moved = appointment_reschedule(appointment_id=late.pk, by=clinic.desk, starts_at=clinic.at("11:00", THURSDAY))
    assert moved.kept_because == ""


@pytest.mark.parametrize("is_early", [False, True])
def test_an_undo_brings_the_decision_back_with_the_time(clinic: Clinic, doctor: User, is_early: bool) -> None:
    visit = clinic.book("10:00", THURSDAY, session=clinic.sessions[0])
    shift(clinic.sessions[0], 5 if is_early else -5)
    keep(visit, doctor)

    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert (undone.is_early, undone.kept_because) == (is_early, WHY)
    assert wanted(visit) is None

    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("10:00", date(2026, 3, 19)))
    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert (undone.is_early, undone.kept_because) == (is_early, WHY)
    assert wanted(visit) is None


def test_an_undo_of_a_move_takes_back_what_was_decided_about_the_new_time(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    visit = clinic.book("10:00", MONDAY, session=session)
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("10:00", THURSDAY))
    shift(session, -5)
    keep(visit, clinic.desk)

    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)

    assert (undone.starts_at, undone.kept_because) == (clinic.at("10:00"), "")


# Over HTTP and in the console


def test_the_api_keeps_a_visit_at_the_version_that_was_read(clinic: Clinic, late: Appointment) -> None:
    desk = Api(clinic.desk)
    path = f"/appointments/{late.pk}/keep/"
    read = desk.get(f"/appointments/{late.pk}/")
    assert read.json()["rebook"]
    assert errors(desk.post(path, {})) == {"reason": "required"}
    assert desk.post(path, {"reason": "x" * 301}).status_code == 400
    assert desk.post(path, {"reason": WHY}, If_Match='"0"').status_code == 412
    assert wanted(late)

    answer = desk.post(path, {"reason": WHY}, If_Match=read.headers["ETag"])

    assert answer.status_code == 200
    said = answer.json()
    assert (said["rebook"], said["kept_because"], said["override_reason"], said["is_early"]) == (None, WHY, "", False)
    assert answer.headers["ETag"] != read.headers["ETag"]
    assert desk.get("/appointments/?rebook=true").json()["results"] == []


@pytest.mark.parametrize(
    ("role", "status"), [(Role.PRACTITIONER, 200), (Role.FRONT_DESK, 200), (Role.ASSISTANT, 403), (Role.MANAGER, 403)]
)
def test_who_moves_visits_may_keep_them(clinic: Clinic, late: Appointment, role: Role, status: int) -> None:
    api = Api(factories.make_user((clinic.location, role)))

    assert api.post(f"/appointments/{late.pk}/keep/", {"reason": WHY}).status_code == status
    assert roles_that_may("plans.appointment", "keep") == roles_that_may("plans.appointment", "reschedule")


@pytest.mark.parametrize(("role", "status"), [(Role.PRACTITIONER, 200), (Role.FRONT_DESK, 403)])
def test_the_api_says_who_may_keep_one_that_is_too_early(
    clinic: Clinic, soon: Appointment, role: Role, status: int
) -> None:
    user = factories.make_user((clinic.location, role))

    assert Api(user).post(f"/appointments/{soon.pk}/keep/", {"reason": WHY}).status_code == status


def history(visit: Appointment) -> list[dict[str, Any]]:
    events = Appointment.pgh_event_model.objects.filter(pgh_obj_id=visit.pk)  # type: ignore[attr-defined]
    return [event.pgh_context.metadata for event in events.select_related("pgh_context").order_by("pgh_id")]


def test_the_history_says_who_kept_it_and_why(clinic: Clinic, late: Appointment) -> None:
    with acting(Actor("api", lambda: str(clinic.desk.pk))):
        keep(late, clinic.desk)

    assert (history(late)[-1]["reason"], history(late)[-1]["user"]) == (WHY, str(clinic.desk.pk))


class TestConsole:
    """The worklist, the visit's page and the dialog."""

    @pytest.fixture
    def house(self, db: None, frozen: Any) -> House:
        return House()

    @pytest.fixture
    def session(self, house: House) -> ProcedureSession:
        plan = factories.make_plan(factories.make_patient(house.location), house.practitioner, start_date=MONDAY)
        return plan.sessions.get(sequence=1)

    def booked(self, house: House, session: ProcedureSession, day: date) -> Appointment:
        clinic = Clinic(
            house.location, house.practitioner, house.users[Role.FRONT_DESK], session.plan.patient, session.plan
        )
        return clinic.book("10:00", day, session=session)

    def test_the_desk_keeps_a_late_visit_from_the_list_and_the_page_tells_the_story(
        self, house: House, session: ProcedureSession
    ) -> None:
        desk, page = Role.FRONT_DESK, "/admin/plans/followup/?state=rebook"
        visit = self.booked(house, session, THURSDAY)
        assert "Keep this time" not in words(house.get(desk, url(visit)))
        shift(session, -5)
        for shown in (f"{page}&open=visit-{visit.pk}", url(visit), "/admin/"):
            assert "Keep this time" in words(house.get(desk, shown))
        assert house.act(desk, visit, "keep").status_code == 200
        assert wanted(visit)

        answer = house.act(desk, visit, "keep", reason=WHY)

        assert answer.status_code == 303
        assert "Every visit stands where it should." in words(house.get(desk, page))
        told = words(house.get(desk, url(visit)))
        assert "Keep this time" not in told
        assert "Kept because" in told
        assert f"by {house.users[desk]}: “{WHY}”" in told
        assert WHY in words(house.get(Role.PRACTITIONER, url(visit, "history")))

    def test_what_only_a_practitioner_may_keep_is_offered_to_a_practitioner_alone(
        self, house: House, session: ProcedureSession
    ) -> None:
        visit = self.booked(house, session, MONDAY)
        shift(session, 2)
        for role, is_offered in ((Role.FRONT_DESK, False), (Role.PRACTITIONER, True), (Role.ASSISTANT, False)):
            assert ("Keep this time" in words(house.get(role, url(visit)))) is is_offered
        refusal = house.act(Role.FRONT_DESK, visit, "keep", reason=WHY)
        assert "ask a practitioner to decide" in words(refusal)
        assert wanted(visit)

        house.act(Role.PRACTITIONER, visit, "keep", reason=WHY)

        told = words(house.get(Role.FRONT_DESK, url(visit)))
        assert "Kept because" in told
        assert "Booked early" not in told
        assert told.count(f"“{WHY}”") == 1, "the booking was not early: the decision was, later"

    def test_what_cannot_be_kept_is_not_offered_and_says_what_to_do(
        self, house: House, session: ProcedureSession
    ) -> None:
        visit = self.booked(house, session, THURSDAY)
        Room.objects.filter(appointments=visit).update(modalities=["exosome"])
        desk = Role.FRONT_DESK
        assert "To rebook." in words(house.get(desk, url(visit)))
        assert "Keep this time" not in words(house.get(desk, url(visit)))
        refusal = house.act(desk, visit, "keep", reason=WHY)
        assert refusal.status_code == 409
        assert "Move the visit to a room that is." in words(refusal)
