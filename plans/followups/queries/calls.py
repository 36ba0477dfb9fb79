"""Reads whom the front desk should call, and why: `rules.calls` in SQL."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, JSONObject

from clinic import clock
from clinic.places.localtime import LocalDate
from patients.models import Patient
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries.follow_ups import with_state
from plans.followups.rules import MEANS_REACHED, NO_SHOWS_TO_CALL, NO_TRIES, Unreachable
from plans.scheduling.models import LIVE_STATUSES, Appointment, AppointmentRevision
from plans.treatment.models import ProcedureSession, TreatmentPlan

Status = Appointment.Status
LONG_AGO = date(1900, 1, 1)
SAID: Mapping[str, str] = {
    "channel": "channel",
    "outcome": "outcome",
    "note": "note",
    "next_try_on": "next_try_on",
    "at": "attempted_at",
    "by": "attempted_by__first_name",
}
"""What a list says of an attempt, and the columns it comes from."""
OWED_NOW = (FollowUp.State.DUE, FollowUp.State.OVERDUE, FollowUp.State.MISSED)


def call_list(now: datetime | None = None) -> QuerySet[Any]:
    """The patients whom somebody should call. Rows are `Patient`s annotated by `with_calling`."""
    now = now or clock.now()
    return with_calling(Patient.objects.select_related("home_location"), now).filter(_untold_of(now) | _MISSED_AGAIN)


def unreachable(now: datetime | None = None) -> QuerySet[Patient]:
    """Those of the call list whom no mail reaches, and whom nobody told what is booked or owed."""
    return Patient.objects.filter(_untold_of(now or clock.now()))


def missed_again() -> QuerySet[Any]:
    """Those of the call list who did not come, twice or more in a row."""
    return _with_no_shows(Patient.objects.all()).filter(_MISSED_AGAIN)


def no_shows_in_a_row(patient: str) -> Coalesce:
    """How many visits the patient in this column missed since the last one to which they came."""
    missed = no_shows_of(patient).order_by().values("patient").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(missed, output_field=IntegerField()), 0)


def with_calling(patients: QuerySet[Patient], now: datetime | None = None) -> QuerySet[Any]:
    """Annotate why each is to be called, in the same query.

    `unreachable` (an `Unreachable`, or empty), `visit`, `follow_up` and `session` (the first thing of its kind that
    nobody told them of, as JSON), `no_shows` and `no_show_starts_at`, `wants_call_for_no_shows`; `tries`, `last_try`
    (the latest attempt, as JSON), `next_try_on`, and `try_on`, the same for ordering, never null.
    """
    now = now or clock.now()
    tries = ContactAttempt.objects.filter(patient=OuterRef("pk")).order_by("-attempted_at", "-pk")
    tried = tries.exclude(outcome__in=NO_TRIES)
    said = JSONObject(**SAID)
    no_shows = no_shows_of("pk")
    what = JSONObject(id="pk", title="title", starts_at="starts_at", zone="location__timezone")
    when = JSONObject(id="pk", title="title", start="window_start", end="window_end", zone=F("zone"))
    return _with_no_shows(patients).annotate(
        unreachable=Case(
            When(email_opt_out=True, then=Value(Unreachable.OPTED_OUT)),
            When(_NO_ADDRESS, then=Value(Unreachable.NO_ADDRESS)),
            When(email_bounced_at__isnull=False, then=Value(Unreachable.BOUNCED)),
            default=Value(""),
            output_field=CharField(),
        ),
        no_show_starts_at=Subquery(no_shows.order_by("-starts_at").values("starts_at")[:1]),
        no_show_zone=Subquery(no_shows.order_by("-starts_at").values("location__timezone")[:1]),
        tries=Coalesce(
            Subquery(
                tried.order_by().values("patient").annotate(number=Count("pk")).values("number"),
                output_field=IntegerField(),
            ),
            0,
        ),
        last_try=Subquery(tries.values(document=said)[:1]),
        next_try_on=Subquery(tries.values("next_try_on")[:1]),
        visit=Subquery(_visits(now).order_by("starts_at", "pk").values(document=what)[:1]),
        follow_up=Subquery(_follow_ups(now).order_by("window_end", "pk").values(document=when)[:1]),
        session=Subquery(_sessions(now).order_by("window_end", "pk").values(document=when)[:1]),
        try_on=Coalesce("next_try_on", Value(LONG_AGO, output_field=DateField())),
    )


def _with_no_shows(patients: QuerySet[Patient]) -> QuerySet[Any]:
    """Annotate `no_shows`, `missed_at` (the last of them), `reached_at` and `wants_call_for_no_shows`."""
    live = Appointment.objects.filter(patient=OuterRef("pk"), status__in=LIVE_STATUSES)
    missed_at = no_shows_of("pk").order_by("-no_show_at").values("no_show_at")[:1]
    return patients.annotate(
        reached_at=_reached_at("pk"), no_shows=no_shows_in_a_row("pk"), missed_at=Subquery(missed_at)
    ).annotate(
        wants_call_for_no_shows=Case(
            When(
                # What costs little, and leaves few, comes first.
                ~Exists(live)
                & Q(no_shows__gte=NO_SHOWS_TO_CALL)
                & (Q(reached_at__isnull=True) | Q(reached_at__lte=F("missed_at"))),
                then=Value(True),
            ),
            default=Value(False),
        )
    )


_NO_ADDRESS = Q(email="", confidential_email="")
_UNREACHABLE = Q(email_opt_out=True) | _NO_ADDRESS | Q(email_bounced_at__isnull=False)


def _reached_at(patient: str) -> Subquery:
    """When somebody last spoke to the patient."""
    reached = ContactAttempt.objects.filter(patient=OuterRef(patient), outcome__in=MEANS_REACHED)
    return Subquery(reached.order_by("-attempted_at").values("attempted_at")[:1])


def no_shows_of(patient: str) -> QuerySet[Any]:
    """The no-shows of the patient in the outer column since the last visit to which they came."""
    came = Appointment.objects.filter(
        patient=OuterRef("patient"), status=Status.FULFILLED, starts_at__gte=OuterRef("starts_at")
    )
    return Appointment.objects.filter(~Exists(came), patient=OuterRef(patient), status=Status.NO_SHOW)


def _twice_missed() -> QuerySet[Any]:
    """Patients with no-shows enough, whenever: what narrows the list down."""
    return (
        Appointment.objects.filter(status=Status.NO_SHOW)
        .order_by()
        .values("patient")
        .annotate(number=Count("pk"))
        .filter(number__gte=NO_SHOWS_TO_CALL)
    )


_MISSED_AGAIN = Q(pk__in=_twice_missed().values("patient"), wants_call_for_no_shows=True)


def _untold_of(now: datetime) -> Q:
    """No mail reaches them, and nobody told them of something."""
    return Q(_UNREACHABLE & (Exists(_visits(now)) | Exists(_follow_ups(now)) | Exists(_sessions(now))))


def _visits(now: datetime) -> QuerySet[Any]:
    """Live visits of the outer patient, today's included, of whose present time nobody has told them."""
    arranged = AppointmentRevision.objects.filter(appointment=OuterRef("pk")).order_by("-number").values("acted_at")[:1]
    return (
        Appointment.objects.filter(patient=OuterRef("pk"), status__in=LIVE_STATUSES)
        .annotate(
            title=Coalesce("session__title", "follow_up__title", Value("Consultation"), output_field=CharField()),
            day=LocalDate("starts_at", "location__timezone"),
            today=LocalDate(Value(now), "location__timezone"),
            arranged_at=Coalesce(Subquery(arranged), "created_at"),
            reached_at=_reached_at("patient"),
        )
        .filter(day__gte=F("today"))
        .filter(Q(reached_at__isnull=True) | Q(reached_at__lte=Greatest("arranged_at", "patient__email_bounced_at")))
    )


def _follow_ups(now: datetime) -> QuerySet[Any]:
    """Follow-ups of the outer patient that are due or late, of which nobody has told them since."""
    rows = with_state(FollowUp.objects.filter(patient=OuterRef("pk")), now).filter(state__in=OWED_NOW)
    fell_away = Appointment.objects.filter(follow_up=OuterRef("pk"))
    return _untold(rows.annotate(zone=F("location__timezone")), fell_away, "patient")


def _sessions(now: datetime) -> QuerySet[Any]:
    """The same of sessions that no visit is booked for."""
    booked = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    rows = ProcedureSession.objects.filter(
        ~Exists(booked),
        plan__patient=OuterRef("pk"),
        plan__status__in=TreatmentPlan.MAY_BOOK,
        status=ProcedureSession.Status.PLANNED,
    ).annotate(zone=F("plan__location__timezone"))
    rows = rows.annotate(today=LocalDate(Value(now), "zone")).filter(today__gte=F("window_start"))
    return _untold(rows, Appointment.objects.filter(session=OuterRef("pk")), "plan__patient")


def _untold(rows: QuerySet[Any], visits: QuerySet[Appointment], patient: str) -> QuerySet[Any]:
    """Those of `rows` since whose opening, lost visit or bounced mail nobody reached the patient."""
    lost = visits.annotate(lost_at=Coalesce("no_show_at", "cancelled_at")).filter(lost_at__isnull=False)
    return rows.annotate(
        reached_at=_reached_at(patient),
        reached_on=LocalDate(Cast("reached_at", DateTimeField()), "zone"),
        lost_at=Subquery(lost.order_by("-lost_at").values("lost_at")[:1]),
    ).filter(
        Q(reached_at__isnull=True)
        | Q(reached_on__lt=F("window_start"))
        | Q(reached_at__lte=F("lost_at"))
        | Q(reached_at__lte=F(f"{patient}__email_bounced_at"))
    )
