"""Reads the desk's worklist: what is owed and not booked, of whatever kind, and the visits that were missed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject

from clinic import clock
from clinic.places.localtime import LocalDate
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries.calls import SAID, missed_again, no_shows_in_a_row
from plans.followups.queries.follow_ups import with_state
from plans.followups.rules import NO_TRIES
from plans.scheduling.models import LIVE_STATUSES, Appointment, AppointmentRevision, VisitKind
from plans.scheduling.queries import visits_since
from plans.treatment.models import ProcedureSession, TreatmentPlan

State = FollowUp.State
Status = Appointment.Status
NOW_OWED = (State.DUE, State.OVERDUE, State.MISSED)
NO_SHOWS_SHOWN = timedelta(days=60)
"""How long a missed visit is somebody's work, where the patient was not missed again."""
GENERAL = Q(follow_up=None, session=None)
"""Attempts that were about nothing in particular."""
IN_WINDOW = GENERAL & Q(made_on__gte=OuterRef("window_start"))
"""The same, made since the outer row's window opened."""


@dataclass(frozen=True, slots=True)
class OwedVisit:
    """A follow-up or a session that is owed and not booked, as a list shows it. Dates are local to its place."""

    kind: str
    key: UUID
    patient_key: UUID
    given_name: str
    family_name: str
    telephone: str
    takes_mail: bool
    place_key: UUID
    place_name: str
    zone: str
    what: str
    minutes: int
    opens: date
    best: date
    closes: date
    day: date
    """Today."""
    stands: str
    """A `FollowUp.State`: due, overdue or missed."""
    tries: int
    last_try: dict[str, Any] | None
    waits: bool
    """Somebody put it off to a day to come."""
    asks: bool
    """The patient asked to be called, and nobody has tried since."""
    called_off: dict[str, Any] | None
    """The visit that the patient cancelled behind a link, as `called_off_of` has it."""

    @property
    def patient_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


COLUMNS = tuple(OwedVisit.__dataclass_fields__)


def follow_ups_owed(follow_ups: QuerySet[FollowUp], now: datetime | None = None) -> QuerySet[Any]:
    """Those of `follow_ups` that are due, overdue or missed, annotated `today` (local) and `stands`."""
    rows = with_state(follow_ups, now).filter(state__in=NOW_OWED)
    return rows.annotate(stands=ExpressionWrapper(F("state"), CharField()))


def sessions_owed(sessions: QuerySet[ProcedureSession], now: datetime | None = None) -> QuerySet[Any]:
    """Those of `sessions` that are to be booked: planned, of a plan that is followed, their window open, and nothing
    booked. A session waits for the one before it in its plan to be booked. Annotated `today` (local) and `stands`.
    """
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    before = ProcedureSession.objects.filter(
        ~Exists(live),
        plan=OuterRef("plan"),
        sequence__lt=OuterRef("sequence"),
        status=ProcedureSession.Status.PLANNED,
    )
    today = LocalDate(Value(now or clock.now()), "plan__location__timezone")
    rows = sessions.annotate(today=today).filter(
        ~Exists(live),
        ~Exists(before),
        status=ProcedureSession.Status.PLANNED,
        plan__status__in=TreatmentPlan.MAY_BOOK,
        window_start__lte=F("today"),
    )
    stands = Case(When(today__gt=F("window_end"), then=Value(State.OVERDUE)), default=Value(State.DUE))
    return rows.annotate(stands=ExpressionWrapper(stands, CharField()))


def by_urgency(follow_ups: QuerySet[Any], sessions: QuerySet[Any]) -> QuerySet[Any]:
    """Both as one list, rows of `COLUMNS`: who asked to be called first, what was put off last, otherwise by the day on
    which the window closes."""
    about_follow_up = Q(follow_up=OuterRef("pk")) | IN_WINDOW
    about_session = Q(session=OuterRef("pk")) | IN_WINDOW
    first = _in_full(follow_ups, VisitKind.FOLLOW_UP, about_follow_up, "patient", "location")
    others = _in_full(sessions, VisitKind.SESSION, about_session, "plan__patient", "plan__location")
    return first.union(others, all=True).order_by("-asks", "waits", "closes", "kind", "key")


def missed_visits(visits: QuerySet[Appointment], now: datetime | None = None) -> QuerySet[Any]:
    """The last no-show of each thing that is still owed and not booked again, of the last 60 days; and of patients who
    did not come again and again, whenever. Annotated `is_owed`.

    A consultation is owed until the patient comes, is booked, or says that they do not want it.
    """
    newer = Appointment.objects.filter(starts_at__gt=OuterRef("starts_at"))
    said_no = _attempts_since().filter(outcome=ContactAttempt.Outcome.DECLINED)
    of_plan = Q(session__plan__status__in=TreatmentPlan.MAY_BOOK, session__status=ProcedureSession.Status.PLANNED)
    of_follow_up = Q(follow_up__isnull=False, follow_up__cancelled_at=None) & (
        Q(follow_up__plan=None) | Q(follow_up__plan__status__in=TreatmentPlan.MAY_BOOK)
    )
    since_then = visits_since(OuterRef("patient"), OuterRef("starts_at"))
    of_consultation = Q(kind=VisitKind.CONSULTATION) & ~Exists(since_then) & ~Exists(said_no)
    owed = (
        (of_plan & ~_is_seen_to("session", newer)) | (of_follow_up & ~_is_seen_to("follow_up", newer)) | of_consultation
    )
    # Who came or was booked since is not looked at any further: most patients.
    last_of_patient = Appointment.objects.filter(~Exists(since_then), status=Status.NO_SHOW)
    again = last_of_patient.filter(Exists(missed_again().filter(pk=OuterRef("patient"))))
    lately = Q(is_owed=True, starts_at__gte=(now or clock.now()) - NO_SHOWS_SHOWN)
    return (
        visits.filter(status=Status.NO_SHOW)
        .annotate(is_owed=ExpressionWrapper(owed, BooleanField()))
        .filter(lately | Q(pk__in=again.values("pk")))
    )


def missed_in_full(missed: QuerySet[Any], now: datetime | None = None) -> QuerySet[Any]:
    """Annotate missed visits with `in_a_row`, `today`, `tries`, `last_try` (since the no-show, about the same or
    nothing in particular, as JSON), `waits` and `asks`. Who asked to be called first, then the newest, what was put off
    last."""
    since = _attempts_since()
    latest = since.order_by("-attempted_at", "-pk")
    return (
        missed.annotate(
            in_a_row=no_shows_in_a_row("patient"),
            today=LocalDate(Value(now or clock.now()), "location__timezone"),
            tries=_number(since.exclude(outcome__in=NO_TRIES)),
            last_try=Subquery(latest.values(document=JSONObject(**SAID))[:1]),
            next_try=Subquery(latest.values("next_try_on")[:1]),
            last_outcome=Subquery(latest.values("outcome")[:1]),
        )
        .annotate(waits=_waits(), asks=_asks())
        .order_by("-asks", "waits", "-starts_at", "pk")
    )


def _attempts_since() -> QuerySet[ContactAttempt]:
    """Attempts since the outer no-show, about the same or nothing in particular."""
    about = GENERAL | Q(follow_up=OuterRef("follow_up")) | Q(session=OuterRef("session"))
    return ContactAttempt.objects.filter(about, patient=OuterRef("patient"), attempted_at__gte=OuterRef("no_show_at"))


def _is_seen_to(of: str, newer: QuerySet[Appointment]) -> Q:
    """Whether what the outer visit was for is booked again, took place, or was missed again later."""
    same = {of: OuterRef(of)}
    done = Appointment.objects.filter(status__in=[Status.FULFILLED, *LIVE_STATUSES], **same)
    return Q(Exists(done)) | Q(Exists(newer.filter(status=Status.NO_SHOW, **same)))


def _in_full(rows: QuerySet[Any], kind: VisitKind, about: Q, patient: str, place: str) -> QuerySet[Any]:
    made = ContactAttempt.objects.alias(made_on=LocalDate("attempted_at", OuterRef(f"{place}__timezone")))
    attempts = made.filter(about, patient=OuterRef(patient)).order_by("-attempted_at", "-pk")
    no_address = Q(**{f"{patient}__email": "", f"{patient}__confidential_email": ""})
    no_mail = no_address | Q(**{f"{patient}__email_opt_out": True})
    no_mail |= Q(**{f"{patient}__email_bounced_at__isnull": False})
    rows = rows.annotate(
        kind=Value(kind.value, CharField()),
        key=F("pk"),
        patient_key=F(f"{patient}__id"),
        given_name=F(f"{patient}__first_name"),
        family_name=F(f"{patient}__last_name"),
        telephone=F(f"{patient}__phone"),
        takes_mail=Case(When(no_mail, then=Value(False)), default=Value(True)),
        place_key=F(f"{place}__id"),
        place_name=F(f"{place}__name"),
        zone=F(f"{place}__timezone"),
        what=F("title"),
        minutes=F("duration_minutes"),
        opens=F("window_start"),
        best=F("target_date"),
        closes=F("window_end"),
        day=F("today"),
        tries=_number(attempts.exclude(outcome__in=NO_TRIES)),
        last_try=Subquery(attempts.values(document=JSONObject(**SAID))[:1]),
        next_try=Subquery(attempts.values("next_try_on")[:1], output_field=DateField()),
        last_outcome=Subquery(attempts.values("outcome")[:1]),
        called_off=called_off_of(kind.value),
    )
    return rows.annotate(waits=_waits(), asks=_asks()).order_by().values(*COLUMNS)


def called_off_of(kind: str) -> Subquery:
    """Of outer follow-ups or sessions (`kind` names the column): the last visit for it, where the patient cancelled it
    behind a link and nobody tried to reach them about it since: `starts_at` and `at` as JSON, else null."""
    same = {kind: OuterRef(kind)}
    by_nobody = AppointmentRevision.objects.filter(
        appointment=OuterRef("pk"),
        number=OuterRef("revision"),
        act=AppointmentRevision.Act.CANCELLED,
        acted_by=None,
    )
    booked_since = Appointment.objects.filter(created_at__gt=OuterRef("created_at"), **same)
    tried_since = ContactAttempt.objects.filter(
        GENERAL | Q(**same), patient=OuterRef("patient"), attempted_at__gte=OuterRef("cancelled_at")
    ).exclude(outcome=ContactAttempt.Outcome.ASKED)
    visits = Appointment.objects.filter(
        Exists(by_nobody),
        ~Exists(booked_since),
        ~Exists(tried_since),
        status=Status.CANCELLED,
        cancel_reason=Appointment.CancelReason.PATIENT,
        **{kind: OuterRef("pk")},
    )
    document = JSONObject(starts_at="starts_at", at="cancelled_at")
    return Subquery(visits.order_by("-cancelled_at").values(document=document)[:1])


def _asks() -> Case:
    return Case(When(last_outcome=ContactAttempt.Outcome.ASKED, then=Value(True)), default=Value(False))


def _waits() -> Case:
    return Case(When(next_try__gt=F("today"), then=Value(True)), default=Value(False))


def _number(attempts: QuerySet[ContactAttempt]) -> Coalesce:
    """How many there are of these attempts, all to one patient."""
    counted = attempts.order_by().values("patient").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
