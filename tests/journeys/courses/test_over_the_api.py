"""A course across the end of summer time, over the API: the front desk books, the practitioner charts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinic import clock
from clinic.people.models import User
from plans.consultations.services import SeverityInput
from plans.scheduling.models import Appointment
from plans.treatment.models import CourseMove, ProcedureSession
from tests.api import Api, errors
from tests.journeys.courses.story import House, Story


class StoryOverTheApi(Story):
    """The same acts, asked for over HTTP by whoever does them at the clinic."""

    def ask(self, user: User, method: str, path: str, body: object = "", *, expect: int = 200) -> Any:
        response = Api(user).ask(method, path, body)  # a token does not last a year
        assert response.status_code == expect, response.content
        return response.json()

    def _book(self, starts_at: datetime, purpose: Mapping[str, Any], more: Mapping[str, Any]) -> Appointment:
        body = {
            "location": self.house.location.pk,
            "practitioner": self.house.practitioner.pk,
            "starts_at": starts_at,
            **{name: row.pk for name, row in purpose.items()},
            **more,
        }
        return Appointment.objects.get(pk=self.ask(self.house.desk, "POST", "/appointments/", body, expect=201)["id"])

    def _receive(self, visit: Appointment) -> None:
        for act in ("arrive", "fulfil"):
            self.ask(self.house.desk, "POST", f"/appointments/{visit.pk}/{act}/", {})

    def _start(self, session: ProcedureSession) -> None:
        self.ask(self.by, "POST", f"/sessions/{session.pk}/start/", {})

    def _perform(self, session: ProcedureSession) -> None:
        body = {
            "performed_at": clock.now(),
            "components": [{"modality": one.modality, "record": one.record} for one in self.charted(session)],
            "zones": ["vertex"],
        }
        self.ask(self.by, "POST", f"/sessions/{session.pk}/perform/", body)

    def _sign(self, session: ProcedureSession) -> None:
        self.ask(self.by, "POST", f"/sessions/{session.pk}/sign/", {})


def test_ginkgo_comes_at_nine_on_both_sides_of_the_end_of_summer_time(house: House):
    story = StoryOverTheApi(house, "Example Ginkgo")
    story.on("2026-09-23").consults(severity=SeverityInput("norwood_hamilton", "III"))
    story.plans("prp", "2026-10-07")
    first = story.books(1, "2026-10-07")
    assert story.on("2026-10-07").performs(1) == []

    assert story.window(2) == ("2026-11-01", "2026-11-04", "2026-11-07")
    too_early = {
        "location": house.location.pk,
        "practitioner": house.practitioner.pk,
        "starts_at": house.at("2026-10-30", "09:00"),
        "session": story.session(2).pk,
    }
    refused = Api(house.desk).post("/appointments/", too_early)
    assert (refused.status_code, errors(refused)) == (409, {"starts_at": "too_early"})
    assert refused.json()["extra"]["earliest"] == "2026-11-01"
    assert refused.json()["extra"]["rule"] == "target_window"

    second = story.books(2, "2026-11-04")
    assert (second.starts_at - first.starts_at).total_seconds() == 673 * 3600  # 28 local days
    assert story.reminders(2) == ["2026-10-28 10:00", "2026-11-03 10:00", "2026-11-04 06:00"]
    shown = story.ask(house.desk, "GET", f"/appointments/{second.pk}/")
    assert datetime.fromisoformat(shown["starts_at"]).astimezone(house.location.zone).hour == 9
    story.on("2026-10-31", "23:59")
    assert story.state(2) == "scheduled"
    assert story.on("2026-11-04").performs(2) == []
    assert [f"{one.target_date}" for one in story.session(2).check_ins.order_by("target_date")] == [
        "2026-11-05",
        "2026-11-07",
        "2026-11-11",
    ]

    story.books(3, "2026-12-04")
    assert story.on("2026-12-04").performs(3) == [
        "Maintenance 1 · PRP: new, 2 Jun 2027 (180 days after the last session (4 December 2026).)",
    ]
    move = CourseMove.objects.get(plan=story.plan)
    assert move.moved_by == story.by
    for title, booked, day in (
        ("3-month", "2026-12-24", "2027-01-07"),
        ("6-month", "2027-03-17", "2027-04-07"),
    ):
        story.on(booked).books(title, day)
        story.on(day).attends(title)
    story.on("2027-05-10").books(4, "2027-06-02")
    story.on("2027-06-02").performs(4)
    story.on("2027-09-07").books("12-month", "2027-10-07")
    story.on("2027-10-07").attends("12-month")

    progress = story.ask(story.by, "GET", f"/plans/{story.plan.pk}/progress/")
    assert (progress["sessions"]["done"], progress["sessions"]["total"], progress["maintenance_done"]) == (3, 3, 1)
    assert [(one["title"], one["days_late"]) for one in progress["timing"]] == [
        ("Session 1 of 3 · PRP", 0),
        ("Session 2 of 3 · PRP", 0),
        ("Session 3 of 3 · PRP", 2),
        ("Maintenance 1 · PRP", 0),
    ]
    assert (progress["follow_ups"]["kept"], progress["follow_ups"]["open"]) == (3, 0)
    timeline = story.ask(house.desk, "GET", f"/plans/{story.plan.pk}/timeline/")
    assert [one["because"] for one in timeline["moves"]] == [
        "180 days after the last session (2 June 2027).",
        "180 days after the last session (4 December 2026).",
    ]
    assert story.ask(story.by, "POST", f"/plans/{story.plan.pk}/complete/", {})["status"] == "completed"
    story.ends("completed")
