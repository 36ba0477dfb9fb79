"""Keeping a visit over HTTP and in the console."""

from datetime import date
from typing import Any

import pytest

from clinic.access.roles import Role, roles_that_may
from clinic.audit.history import Actor, acting
from clinic.places.models import Room
from plans.scheduling.models import Appointment
from plans.treatment.models import ProcedureSession
from tests import factories
from tests.api import Api, errors
from tests.console import House, url, words
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.keeping.deciding import MONDAY, THURSDAY, WHY, keep, wanted
from tests.plans.scheduling.test_rebooking import shift


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
