"""Reads what patients' pages show: free times, what is booked and owed, advice, and the course in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from clinic.people.models import Practitioner
from clinic.places.models import Location
from clinic.places.wallclock import local_date
from patients.models import Patient
from plans.followups.models import CheckIn, CheckInReport, ContactAttempt, FollowUp
from plans.followups.queries import answered_later, check_ins_of_use, with_state
from plans.messages.models import MessageKind, PatientMessage
from plans.portal.rules import CHOOSING, LEAD, OPEN_FOR
from plans.protocols.advice import Part, Words, merged
from plans.protocols.models import CareTopic
from plans.scheduling.availability import Frame, frame_of
from plans.scheduling.models import LIVE_STATUSES, Appointment, WaitlistEntry
from plans.scheduling.queries import follow_ups_to_book, subject_of
from plans.scheduling.queries.waitlist import waitlist_in_full
from plans.scheduling.ranking import Slot, spread
from plans.scheduling.search import search_days, slots_for
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.progress import Kind, State, Step
from plans.treatment.queries import advice_for, course_of, with_course

SEARCHED_A_DAY = 300
"""So many free times of everybody are looked at for each day that is shown."""
MOST_PATIENTS = 10
"""Of one address: a family's."""
MOST_PLACES = 12
MOST_LINKS, LINKS_WITHIN = 3, timedelta(hours=1)
DAYS_SHOWN, TIMES_A_DAY = 4, 6
OPEN_PLANS = (TreatmentPlan.Status.ACCEPTED, TreatmentPlan.Status.ACTIVE, TreatmentPlan.Status.ON_HOLD)


def visits_linked() -> QuerySet[Any]:
    """What links of visits are about, with whatever their pages need; and so on."""
    return Appointment.objects.select_related(
        "patient", "location", "practitioner__user", "session__plan", "session__step", "follow_up__plan"
    )


def sessions_linked() -> QuerySet[Any]:
    return ProcedureSession.objects.select_related("plan__patient", "plan__location", "step")


def check_ins_linked() -> QuerySet[Any]:
    return CheckIn.objects.select_related("session__plan__patient", "session__plan__location", "session__step")


def follow_ups_linked() -> QuerySet[Any]:
    return FollowUp.objects.select_related("patient", "location", "plan")


def entries_linked() -> QuerySet[Any]:
    return waitlist_in_full(WaitlistEntry.objects.select_related("appointment"))


def patients_linked() -> QuerySet[Any]:
    return Patient.objects.select_related("home_location", "merged_into__home_location")


def is_attended(follow_up: FollowUp) -> bool:
    return Appointment.objects.filter(follow_up=follow_up, status=Appointment.Status.FULFILLED).exists()


@dataclass(frozen=True, slots=True)
class Choice:
    """One free time to choose. `value` is what a form sends."""

    slot: Slot
    practitioner: Practitioner

    @property
    def value(self) -> str:
        return f"{int(self.slot.starts_at.timestamp())}-{self.slot.practitioner_id.hex}"


@dataclass(frozen=True, slots=True)
class Times:
    """Free times, by local day, each day's in order; and whether there are more days than these."""

    days: Sequence[tuple[date, Sequence[Choice]]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a time is looked for, and where."""

    frame: Frame
    subject: Subject
    known: UUID | None
    """The practitioner whose times come first."""

    def times(self, days: int = DAYS_SHOWN) -> Times:
        """Times of the best `days`, of the practitioner whom the patient knows, where these have enough.

        Those of the desk's own search, inside the window; up to four queries.
        """
        by_day = self._by_day(self._search([self.known]) if self.known in self.frame.practitioners else [])
        if len(by_day) <= days:
            by_day = self._by_day([slot for own in by_day.values() for slot in own] + self._search([], days))
        chosen = sorted(list(by_day)[:days])
        slots = {day: sorted(by_day[day], key=lambda slot: slot.starts_at) for day in chosen}
        shown = {day: spread(slots[day], TIMES_A_DAY, keep=by_day[day][:1]) for day in chosen}
        keys = {slot.practitioner_id for own in shown.values() for slot in own}
        people = Practitioner.objects.select_related("user").in_bulk(keys)
        return Times(
            [(day, [Choice(slot, people[slot.practitioner_id]) for slot in own]) for day, own in shown.items()],
            len(by_day) > len(chosen),
        )

    def _search(self, practitioners: Sequence[UUID | None], days: int = 0) -> list[Slot]:
        """The best first; of everybody no more than it takes to fill so many days."""
        limit = SEARCHED_A_DAY * (days + 1) if days else None
        asked = [key for key in practitioners if key is not None]
        return slots_for(self._frame(LEAD), self.subject, practitioners=asked, best_first=True, limit=limit)

    def _frame(self, lead: timedelta) -> Frame:
        """The location's, where nobody is expected sooner than in `lead`."""
        return replace(self.frame, lead=max(self.frame.lead, lead))

    def _by_day(self, slots: Sequence[Slot]) -> dict[date, list[Slot]]:
        """By local day, in the order in which they were found, each time once; without the time that the visit has."""
        found: dict[date, dict[datetime, Slot]] = {}
        for slot in slots:
            if slot.starts_at != self.subject.moves_from:
                found.setdefault(local_date(slot.starts_at, self.frame.zone), {}).setdefault(slot.starts_at, slot)
        return {day: list(own.values()) for day, own in found.items()}

    def find(self, value: str) -> Choice | None:
        """The free time that a form sent, as it is free now; None where it is not, or is none of this visit's."""
        try:
            seconds, key = value.split("-")
            starts_at = datetime.fromtimestamp(int(seconds), self.frame.zone)
            practitioner_id = UUID(hex=key)
        except (ValueError, OverflowError, OSError):
            return None
        day = local_date(starts_at, self.frame.zone)
        first, last = search_days(self.frame, self.subject, None, None)
        if not first <= day <= last or practitioner_id not in self.frame.practitioners:
            return None
        frame = self._frame(LEAD - CHOOSING)
        slots = slots_for(frame, self.subject, first=day, last=day, practitioners=[practitioner_id])
        found = next((slot for slot in slots if slot.starts_at == starts_at), None)
        if found is None:
            return None
        return Choice(found, Practitioner.objects.select_related("user").get(pk=practitioner_id))


def wanted_for_visit(visit: Appointment) -> Wanted:
    """Where a booked visit can be moved."""
    return Wanted(frame_of(visit.location_id), subject_of(visit), visit.practitioner_id)


def wanted_for_follow_up(follow_up: FollowUp) -> Wanted:
    """When a follow-up can be booked."""
    row = follow_ups_to_book().get(pk=follow_up.pk)
    subject = Subject.of_follow_up(row)
    return Wanted(frame_of(follow_up.location_id), subject, subject.preferred_practitioner_id)


def live_visit_of(follow_up: FollowUp) -> Appointment | None:
    return Appointment.objects.filter(follow_up=follow_up, status__in=LIVE_STATUSES).first()


def visits_to_come(patient: Patient, now: datetime) -> QuerySet[Appointment]:
    """The patient's booked visits that are not over, the next first."""
    rows = Appointment.objects.filter(patient=patient, status__in=LIVE_STATUSES, ends_at__gt=now)
    return rows.select_related("location", "practitioner__user").order_by("starts_at")


def follow_ups_to_offer(patient: Patient) -> QuerySet[FollowUp]:
    """The patient's follow-ups that it is time to book, the earliest first."""
    rows = with_state(FollowUp.objects.filter(patient=patient).select_related("location"))
    states = (FollowUp.State.DUE, FollowUp.State.OVERDUE)
    return rows.filter(state__in=states).exclude(plan__status__in=_ENDED_PLANS).order_by("window_start", "pk")


_ENDED_PLANS = (
    TreatmentPlan.Status.DECLINED,
    TreatmentPlan.Status.DISCONTINUED,
    TreatmentPlan.Status.ON_HOLD,
)


def offers_to_answer(patient: Patient, now: datetime) -> QuerySet[WaitlistEntry]:
    """The times that the patient was told of and can still take."""
    rows = WaitlistEntry.objects.filter(patient=patient, status=WaitlistEntry.Status.OFFERED, offered_starts_at__gt=now)
    return waitlist_in_full(rows).filter(over=None)


def check_in_to_answer(patient: Patient) -> CheckIn | None:
    """The questions that it is time to answer, the freshest; None where there are none. Who has answered later ones is
    not asked how they were before."""
    rows = check_ins_of_use().filter(~answered_later(), session__plan__patient=patient, state__in=CheckIn.MAY_ANSWER)
    return rows.order_by("-target_date", "-id").first()


def check_in_of(patient: Patient, key: str) -> CheckIn | None:
    """The patient's check-in with the key that a form sent; None where it is none of theirs."""
    try:
        return CheckIn.objects.filter(session__plan__patient=patient).get(pk=UUID(key))
    except (ValueError, CheckIn.DoesNotExist):
        return None


def report_to(check_in: CheckIn) -> CheckInReport | None:
    """What the patient answered behind their link, if they did."""
    return CheckInReport.objects.filter(check_in=check_in).first()


@dataclass(frozen=True, slots=True)
class Care:
    """Advice of one kind; what several treatments ask for is said once."""

    kind: CareTopic.Kind
    parts: Sequence[Part]


def care_for(patient: Patient, session: ProcedureSession | None, language: str, now: datetime) -> list[Care]:
    """What to mind: of `session` where the link is about one, else of the last one given and the next one booked.

    After a session its aftercare stands first, before it how to prepare. Empty where nothing was given or is booked.
    """
    given = session if session is not None and session.performed_at is not None else None
    coming = session if session is not None and session.performed_at is None else None
    if session is None:
        own = ProcedureSession.objects.filter(plan__patient=patient).select_related("step")
        given = own.filter(performed_at__gt=now - OPEN_FOR).order_by("-performed_at").first()
        booked = own.filter(appointments__status__in=LIVE_STATUSES, appointments__starts_at__gt=now)
        coming = booked.order_by("appointments__starts_at").first()
    found: list[Care] = []
    known: set[UUID] = set()
    for step, left_out in ((given, CareTopic.Kind.PREPARATION), (coming, None)):
        for advice in advice_for(step.step, language) if step is not None else []:
            texts = [text for text in advice.texts if text.pk not in known]
            if texts and advice.kind != left_out:
                known |= {text.pk for text in texts}
                found.append(Care(advice.kind, merged(Words(one.language, one.title, one.body) for one in texts)))
    return found


@dataclass(frozen=True, slots=True)
class Course:
    """One course of care as its patient reads it."""

    plan: TreatmentPlan
    done: int
    total: int
    """Of treatments."""
    treatments: Sequence[Step]
    others: Sequence[Step]
    """What took place and what is to come, each in order; check-ins are no visits."""

    @property
    def is_on_hold(self) -> bool:
        return self.plan.status == TreatmentPlan.Status.ON_HOLD


_SHOWN = frozenset(State) - {State.CANCELLED, State.ABORTED}


def courses_of(patient: Patient) -> list[Course]:
    """The patient's courses that run, or else the last one that was completed: five queries."""
    plans = TreatmentPlan.objects.filter(patient=patient).filter(
        Q(status__in=OPEN_PLANS) | Q(status=TreatmentPlan.Status.COMPLETED)
    )
    rows = list(with_course(plans.order_by("-pk")))
    running = [plan for plan in rows if plan.status in OPEN_PLANS] or rows[:1]
    found = []
    for plan in running:
        steps = [row.step for row in course_of(plan) if row.step.kind is not Kind.CHECK_IN and row.step.state in _SHOWN]
        steps.sort(key=lambda step: (_day_shown(step, plan.location.zone), step.place))
        treatments = [step for step in steps if step.kind is Kind.SESSION]
        done = sum(step.state is State.DONE for step in treatments)
        others = [step for step in steps if step.kind is not Kind.SESSION]
        found.append(Course(plan, done, len(treatments), treatments, others))
    return found


def _day_shown(step: Step, zone: ZoneInfo) -> date:
    """The first day that a patient reads there: when it was, when it is booked, or from when on it is planned."""
    booked_on = local_date(step.booked_at, zone) if step.booked_at is not None else None
    return step.done_on or booked_on or step.earliest


def places_to_call() -> list[Location]:
    """The locations that a patient may mean whose link we do not know; none where there are too many to choose from."""
    places = list(Location.objects.exclude(phone="").order_by("name")[: MOST_PLACES + 1])
    return places if len(places) <= MOST_PLACES else []


def last_attempt(follow_up: FollowUp) -> ContactAttempt | None:
    """The last try to reach the patient about it, or their own wish to be called."""
    return ContactAttempt.objects.filter(follow_up=follow_up).order_by("-attempted_at", "-pk").first()


def may_have_link(patient: Patient, now: datetime) -> bool:
    """Whether another link can be mailed to the patient: none waits, and there were fewer than three in an hour."""
    rows = PatientMessage.objects.filter(patient=patient, kind=MessageKind.LINK, due_at__gt=now - LINKS_WITHIN)
    statuses = list(rows.values_list("status", flat=True))
    return len(statuses) < MOST_LINKS and PatientMessage.Status.PENDING not in statuses


def patients_at(email: str) -> list[Patient]:
    """The patients to whom mail can go and who have this address, the confidential or the other one."""
    if not email:
        return []
    same = Q(email__iexact=email) | Q(confidential_email__iexact=email)
    return list(Patient.objects.filter(same, merged_into=None, email_bounced_at=None).order_by()[:MOST_PATIENTS])
