"""Tells one patient's course of care day by day on the frozen clock, and keeps a log of what each act moved.

Every act goes through the public services. After each, and whenever the clock moves, what must always be true is
checked (`always.py`); mail that falls due in between is delivered at its own instant. `pytest -s` shows the log.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import time_machine
from django.db.models import Min

from clinic import clock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.places.wallclock import at_wall_clock_or_after, local_date
from patients.models import Patient
from patients.queries import documents_in_force
from patients.services import consent_give
from plans.consultations.models import Consultation
from plans.consultations.services import CauseInput, SeverityInput
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import check_in_state_of, check_ins_of_use, open_follow_ups, state_of
from plans.followups.services import (
    attempt_record,
    attempt_record_for_patient,
    check_in_answer,
    follow_up_attend,
    follow_up_create,
)
from plans.messages.delivery import deliver_due
from plans.messages.models import PatientMessage
from plans.protocols.models import Protocol
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.queries import in_full, why_rebook
from plans.scheduling.services import (
    appointment_arrive,
    appointment_book,
    appointment_cancel,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
    appointment_reschedule,
)
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.queries import shown_status, with_scheduled
from plans.treatment.services import (
    ComponentInput,
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_create,
    plan_discontinue,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_pin,
    session_sign,
    session_start,
)
from tests import factories
from tests.journeys.courses.always import Always
from tests.journeys.courses.words import in_words, lateness, short

GENETIC = (CauseInput("L64.9", "genetic", is_primary=True),)


@dataclass(frozen=True)
class House:
    """Where the courses take place: New York, on the frozen clock."""

    location: Location
    practitioner: Practitioner
    desk: User
    clock: time_machine.Traveller

    def at(self, day: str, hour: str) -> datetime:
        return at_wall_clock_or_after(date.fromisoformat(day), time.fromisoformat(hour), self.location.zone)


@dataclass
class Story:
    """One patient and the plan that is told of at present."""

    house: House
    name: str
    hour: str = "09:00"
    """When this patient's visits begin."""
    person: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is charted of a modality, over the usual record."""
    patient: Patient = field(init=False)
    consultation: Consultation = field(init=False)
    plan: TreatmentPlan = field(init=False)
    told: list[str] = field(init=False, default_factory=list)
    """The log so far."""
    _seen: set[Any] = field(init=False, default_factory=set)
    _always: Always = field(init=False, default_factory=Always)

    @property
    def by(self) -> User:
        return self.house.practitioner.user

    # The clock

    def on(self, day: str, hour: str = "") -> "Story":
        """Go on to this day: mail that falls due until then goes out at its time."""
        instant = self.house.at(day, hour or self.hour)
        assert instant >= clock.now(), f"{day} is past"
        while True:
            pending = PatientMessage.objects.filter(status="pending", not_before__lte=instant)
            due = pending.aggregate(first=Min("not_before"))["first"]
            if due is None:
                break
            self.house.clock.move_to(max(due, clock.now()))
            assert not deliver_due().unreachable
        self.house.clock.move_to(instant)
        self.check()
        return self

    @property
    def today(self) -> date:
        return clock.today(self.house.location.zone)

    @property
    def now(self) -> datetime:
        return clock.now()

    @staticmethod
    def day(text: str) -> date:
        return date.fromisoformat(text)

    # Consultation and plan

    def consults(self, *, candidacy: str = "candidate", **said: Any) -> Consultation:
        if not hasattr(self, "patient"):
            first, last = self.name.split()
            self.patient = factories.make_patient(
                self.house.location,
                **{
                    "first_name": first,
                    "last_name": last,
                    "email": f"{first}.{last}@patients.example".lower(),
                    **self.person,
                },
            )
        findings = said.pop("findings", {})
        self.consultation = factories.make_consultation(
            self.patient,
            self.house.practitioner,
            **{
                "occurred_at": clock.now(),
                "candidacy": candidacy,
                "causes": GENETIC,
                "severity": SeverityInput("norwood_hamilton", "III"),
                "screening": factories.unremarkable_screening() | findings,
                **said,
            },
        )
        self._log(f"consultation signed: {self.consultation.get_candidacy_display().lower()}")
        return self.consultation

    @staticmethod
    def protocol(code: str) -> Protocol:
        """The version that new plans take."""
        return Protocol.objects.get(code=code, is_current=True)

    def proposes(self, protocol: str, start: str) -> TreatmentPlan:
        """Make a plan and put it before the patient; from now on the story is about this one."""
        plan = plan_create(
            by=self.by,
            consultation=self.consultation,
            protocol=self.protocol(protocol),
            lead_practitioner=self.house.practitioner,
            start_date=date.fromisoformat(start),
        )
        plan_propose(plan_id=plan.pk)
        self.plan = plan
        return plan

    def accepts(self) -> None:
        modalities = set(self.plan.sessions.values_list("components__modality", flat=True))
        documents = [one for one in documents_in_force() if one.modality in modalities]
        self.plan = plan_accept(
            plan_id=self.plan.pk,
            by=self.by,
            accepted_on=self.today,
            consents=[ConsentInput(one.modality, one.version_label, self.patient.full_name) for one in documents],
        )
        self._log(f"plan accepted: {self.plan.protocol}")
        self._log_owed()

    def plans(self, protocol: str, start: str) -> TreatmentPlan:
        self.proposes(protocol, start)
        self.accepts()
        return self.plan

    def consents_to(self, modality: str) -> None:
        consent_give(
            patient=self.patient,
            document=documents_in_force().get(modality=modality),
            signed_name=self.patient.full_name,
            signed_on=self.today,
            by=self.by,
        )
        self._log(f"consent to {modality} signed")

    # Visits: what the front desk does

    def books(self, what: int | str, day: str, hour: str = "", **more: Any) -> Appointment:
        """Book session number `what`, or the follow-up whose title begins so."""
        target = self.session(what) if isinstance(what, int) else self.follow_up(what)
        purpose = {"session" if isinstance(what, int) else "follow_up": target}
        visit = self._book(self.house.at(day, hour or self.hour), purpose, more)
        self._log(f"{target} booked for {short(self.day(day))}")
        return visit

    def _book(self, starts_at: datetime, purpose: Mapping[str, Any], more: Mapping[str, Any]) -> Appointment:
        return appointment_book(
            by=self.house.desk,
            location=self.house.location,
            practitioner=self.house.practitioner,
            starts_at=starts_at,
            **purpose,
            **more,
        )

    def confirms(self, what: int | str) -> None:
        appointment_confirm(appointment_id=self.visit(what).pk, by=self.house.desk)

    def moves_visit(self, what: int | str, day: str, hour: str = "") -> None:
        visit = self.visit(what)
        appointment_reschedule(
            appointment_id=visit.pk, by=self.house.desk, starts_at=self.house.at(day, hour or self.hour)
        )
        self._log(f"the visit of {self._day_of(visit)} moved to {short(self.day(day))}")

    def cancels_visit(self, what: int | str, reason: str = "patient") -> None:
        visit = self.visit(what)
        appointment_cancel(appointment_id=visit.pk, by=self.house.desk, reason=reason)
        self._log(f"the visit of {self._day_of(visit)} cancelled by the {reason}")

    def does_not_come(self, what: int | str) -> None:
        appointment_no_show(appointment_id=self.visit(what).pk, by=self.house.desk)
        self._log(f"did not come to {what}")

    def attends(self, what: str) -> None:
        """The booked follow-up takes place."""
        visit, title = self.visit(what), str(self.follow_up(what))
        self._receive(visit)
        self._log(f"{title} attended")

    def _receive(self, visit: Appointment) -> None:
        appointment_arrive(appointment_id=visit.pk, by=self.house.desk)
        appointment_fulfil(appointment_id=visit.pk, by=self.house.desk)

    def walks_in(self, what: str) -> None:
        """The patient is here, booked or not: the follow-up takes place now."""
        follow_up, _ = follow_up_attend(follow_up_id=self.follow_up(what).pk, by=self.by)
        self._log(f"{follow_up} attended, {lateness(self.today, follow_up.target_date)}")

    def owes_visit(self, title: str, start: str, target: str, end: str) -> FollowUp:
        """A follow-up that no protocol asks for."""
        days = (self.day(day) for day in (start, target, end))
        first, aim, last = days
        self._log(f"{title} owed: {short(first)}–{short(last)}")
        return follow_up_create(
            consultation=self.consultation, title=title, window_start=first, target_date=aim, window_end=last
        )

    def calls(self, what: str, outcome: str, **more: Any) -> None:
        attempt_record(
            follow_up_id=self.follow_up(what).pk, by=self.house.desk, channel="call", outcome=outcome, **more
        )
        self._log(f"called about {what}: {outcome.replace('_', ' ')}")

    def calls_patient(self, outcome: str, **more: Any) -> None:
        """A call about whatever put the patient on the call list."""
        attempt_record_for_patient(
            patient_id=self.patient.pk,
            location=self.house.location,
            by=self.house.desk,
            channel="call",
            outcome=outcome,
            **more,
        )
        self._log(f"called: {outcome.replace('_', ' ')}")

    # Treatment: what the practitioner does. Each act returns what it moved, in words.

    def performs(self, number: int) -> list[str]:
        """Session `number` takes place now, with a usual record of each component, and is signed."""
        session = self.session(number)
        late = lateness(self.today, session.target_date)
        self._start(session)
        self._perform(session)
        self._sign(session)
        return self._moved(f"{session} performed {late}")

    def _start(self, session: ProcedureSession) -> None:
        if session.status == ProcedureSession.Status.PLANNED:
            session_start(session_id=session.pk, by=self.by)

    def _perform(self, session: ProcedureSession) -> None:
        session_perform(
            session_id=session.pk,
            by=self.by,
            performed_at=clock.now(),
            components=self.charted(session),
            zones=["frontal", "vertex"],
            pain_0_10=3,
        )

    def _sign(self, session: ProcedureSession) -> None:
        session_sign(session_id=session.pk, by=self.by)

    def charted(self, session: ProcedureSession) -> list[ComponentInput]:
        return [
            ComponentInput(modality, {**factories.RECORDS[modality], **self.records.get(modality, {})})
            for modality in session.components.values_list("modality", flat=True)
        ]

    def aborts(self, number: int, reason: str, *, given: bool = False) -> list[str]:
        session = self.session(number)
        self._start(session)
        session_abort(
            session_id=session.pk, by=self.by, reason=reason, components=self.charted(session) if given else ()
        )
        self._sign(session)
        return self._moved(f"{session} aborted after {'something' if given else 'nothing'} was given")

    def amends(self, number: int, day: str) -> list[str]:
        """The signed record says that session `number` took place on another day."""
        session = session_amend(
            session_id=self.session(number).pk,
            by=self.by,
            reason="The date was charted wrong.",
            changes={"performed_at": self.house.at(day, self.hour)},
        )
        return self._moved(f"{session}: amended, it was on {short(self.day(day))}")

    def drops(self, number: int, reason: str) -> list[str]:
        session = session_cancel(session_id=self.session(number).pk, by=self.by, reason=reason)
        return self._moved(f"{session} cancelled: {reason}")

    def pins(self, number: int, day: str | None, reason: str) -> list[str]:
        pinned_on = self.day(day) if day else None
        session = session_pin(session_id=self.session(number).pk, by=self.by, pinned_on=pinned_on, reason=reason)
        return self._moved(f"{session} pinned to {short(pinned_on)}" if pinned_on else f"{session} not pinned any more")

    def answers(self, number: int, day: int, note: str) -> None:
        """The check-in of this day after session `number` is answered."""
        check_in_answer(check_in_id=self.check_in(number, day).pk, by=self.by, note=note)
        self._log(f"{self.check_in(number, day)} answered: {note}")

    # The plan as a whole

    def holds(self, reason: str) -> None:
        plan_hold(plan_id=self.plan.pk, reason=reason)
        self._log(f"plan on hold: {reason}")

    def resumes(self) -> list[str]:
        plan_resume(plan_id=self.plan.pk)
        return self._moved("plan resumed")

    def revises(self, protocol: str, reason: str) -> list[str]:
        now_follows = self.protocol(protocol)
        plan_revise(plan_id=self.plan.pk, by=self.by, reason=reason, protocol=now_follows)
        return self._moved(f"plan revised to {now_follows}: {reason}")

    def moves_to(self, protocol: Protocol, reason: str) -> list[str]:
        plan_revise(plan_id=self.plan.pk, by=self.by, reason=reason, protocol=protocol)
        return self._moved(f"plan moved to {protocol}: {reason}")

    def discontinues(self, reason: str) -> None:
        plan_discontinue(plan_id=self.plan.pk, by=self.by, reason=reason)
        self._log(f"plan discontinued: {reason}")

    def completes(self) -> None:
        plan_complete(plan_id=self.plan.pk, by=self.by)
        self._log("plan completed")

    # What is so now

    def session(self, number: int) -> ProcedureSession:
        """The session of this number that is owed, or was performed."""
        return self.plan.sessions.get(sequence=number, aborted_at__isnull=True, cancelled_at__isnull=True)

    def follow_up(self, title: str) -> FollowUp:
        return FollowUp.objects.filter(patient=self.patient, title__startswith=title).latest("pk")

    def check_in(self, number: int, day: int) -> CheckIn:
        return CheckIn.objects.get(session=self.session(number), title__endswith=f"day {day}")

    def visit(self, what: int | str) -> Appointment:
        """The live visit of a session or follow-up."""
        purpose = {"session": self.session(what)} if isinstance(what, int) else {"follow_up": self.follow_up(what)}
        return Appointment.objects.get(**purpose, status__in=LIVE_STATUSES)

    def rebook(self, what: int | str) -> str | None:
        """Why the front desk is told to rebook this visit."""
        return why_rebook(in_full(Appointment.objects.filter(pk=self.visit(what).pk)).get())

    def window(self, what: int | str) -> tuple[str, str, str]:
        """Earliest, target and latest day of a session or follow-up."""
        owed = self.session(what) if isinstance(what, int) else self.follow_up(what)
        first, target, last = owed.window
        return first.isoformat(), target.isoformat(), last.isoformat()

    def because(self, what: int | str) -> str:
        return (self.session(what) if isinstance(what, int) else self.follow_up(what)).window_because

    def state(self, what: int | str) -> str:
        """A session's status as people see it, or a follow-up's state."""
        if isinstance(what, str):
            return str(state_of(self.follow_up(what)))
        return shown_status(with_scheduled(ProcedureSession.objects.filter(pk=self.session(what).pk)).get())

    def check_ins(self, number: int) -> list[str]:
        """The states of the check-ins after session `number`, in order."""
        rows = CheckIn.objects.filter(session=self.session(number)).order_by("target_date")
        return [str(check_in_state_of(row)) for row in rows]

    def owed(self) -> list[str]:
        """What this plan owes, by its target."""
        planned = list(self.plan.sessions.filter(status__in=["planned", "in_progress"]))
        rows = sorted([*planned, *open_follow_ups(self.plan)], key=lambda row: (row.target_date, row.pk))
        return [f"{row}: {short(row.target_date, self.today)}" for row in rows]

    def mail(self) -> Counter[str]:
        """How many of this patient's messages ended how: “reminder sent”."""
        rows = PatientMessage.objects.filter(patient=self.patient).values_list("kind", "status")
        return Counter(f"{kind} {status}" for kind, status in rows)

    def reminders(self, what: int | str) -> list[str]:
        """The pending reminders of a visit, at the location's time."""
        rows = PatientMessage.objects.filter(appointment=self.visit(what), kind="reminder", status="pending")
        zone = self.house.location.zone
        return [f"{row.due_at.astimezone(zone):%Y-%m-%d %H:%M}" for row in rows.order_by("due_at")]

    def ends(self, status: str) -> None:
        """The plan has come to its end, and nothing of it is owed; where it is complete, answers of use still are."""
        self.plan.refresh_from_db()
        assert self.plan.status == status
        assert self.owed() == []
        asked = CheckIn.objects.filter(session__plan=self.plan, answered_at__isnull=True, cancelled_at__isnull=True)
        if status == "completed":
            asked = asked.exclude(pk__in=check_ins_of_use().values("pk"))
        assert not asked.exists()
        of_plan = Appointment.objects.filter(session__plan=self.plan) | Appointment.objects.filter(
            follow_up__plan=self.plan
        )
        assert not of_plan.filter(status__in=LIVE_STATUSES).exists()
        self.check()

    def check(self) -> None:
        """Assert what is always so; see `always.py`."""
        if hasattr(self, "patient"):
            self._always.check(self.patient)

    # The log

    def _moved(self, what: str) -> list[str]:
        """Log an act with what it moved in this plan; returns the moves in words, what happens elsewhere logged too."""
        moves = self._new_moves()
        self._log(what, [in_words(move, self.today) for move in moves])
        self.check()
        return [in_words(move, self.today) for move in moves if move.plan_id == self.plan.pk]

    def moves_in(self, plan: TreatmentPlan) -> list[str]:
        """The latest moves of another plan of this patient, with the act."""
        last = plan.moves.order_by("-moved_at").first()
        rows = plan.moves.filter(moved_at=last.moved_at).order_by("id") if last else []
        return [f"{move.act}: {in_words(move, self.today)}" for move in rows]

    def _new_moves(self) -> list[CourseMove]:
        rows = CourseMove.objects.filter(plan__patient=self.patient).exclude(pk__in=self._seen).order_by("id")
        found = list(rows)
        self._seen |= {move.pk for move in found}
        return found

    def _log(self, what: str, moves: Sequence[str] = ()) -> None:
        lines = [f"{self.today} {what}", *(f"    → {move}" for move in moves)]
        self.told += lines
        sys.stdout.write("".join(f"{line}\n" for line in lines))

    def _log_owed(self) -> None:
        lines = [f"    owes {line}" for line in self.owed()]
        self.told += lines
        sys.stdout.write("".join(f"{line}\n" for line in lines))

    def _day_of(self, visit: Appointment) -> str:
        return short(local_date(visit.starts_at, self.house.location.zone))
