"""Reads messages: what a user may see, what a visit asks for, what a patient was last told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from clinic.access.roles import CLINICAL, Role
from clinic.people.models import Membership, User
from clinic.places.models import Location
from patients.models import Patient
from plans.followups.models import ContactAttempt
from plans.followups.rules import MEANS_REACHED
from plans.messages import rules
from plans.messages.models import (
    ABOUT_NOBODY,
    BEFORE_A_VISIT,
    POLICY_KINDS,
    STAFF_KINDS,
    MessageKind,
    MessagePolicy,
    PatientMessage,
)
from plans.messages.policy import DEFAULTS, NOTICES, Policy, Quiet, Timing
from plans.messages.rules import Recipient
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind, WaitlistEntry
from plans.treatment.models import TreatmentPlan

STUCK_AFTER = timedelta(minutes=5)
"""The beat passes every ten seconds; with retries and backoff a healthy queue is still younger than this."""
UNSEEN_AFTER = timedelta(hours=2)
LONGEST_WAIT = timedelta(hours=2)
"""Nothing that is due and waits to be tried again waits longer."""
CALLED_FOR = (*NOTICES, MessageKind.REMINDER, MessageKind.PREPARATION, MessageKind.OFFER)
"""What a patient without mail is called about. How they recover and what is overdue have lists of their own."""
CALL_FROM_BEFORE, CALL_UNTIL_AFTER = timedelta(days=3), timedelta(days=1)


def policy_of(location: Location, visit_kind: str) -> Policy:
    """What a location sends about this kind of visit: of each kind of mail its rows for the kind of visit, else its
    general rows, else the default. A disabled row counts as a row: a location may send none. One query."""
    return policy_from(location, MessagePolicy.objects.filter(location=location), visit_kind)


def policies_of(locations: Iterable[Location]) -> dict[tuple[UUID, str], Policy]:
    """The policies of these locations, by location and kind of visit. One query."""
    found = {location.pk: location for location in locations}
    rows: dict[UUID, list[MessagePolicy]] = {key: [] for key in found}
    for row in MessagePolicy.objects.filter(location__in=list(found)):
        rows[row.location_id].append(row)
    return {
        (key, kind): policy_from(place, rows[key], kind) for key, place in found.items() for kind in VisitKind.values
    }


def policy_from(location: Location, rows: Iterable[MessagePolicy], visit_kind: str) -> Policy:
    """As `policy_of`, of these rows, saved or not. No query."""
    rows = sorted(rows, key=lambda row: (row.days_before or 0, row.hours_before or 0), reverse=True)
    own: dict[tuple[str, str], list[MessagePolicy]] = {}
    for row in rows:
        own.setdefault((row.kind, row.visit_kind), []).append(row)
    timings = []
    for kind in POLICY_KINDS:
        chosen = own.get((kind, visit_kind)) or own.get((kind, ""))
        if chosen is None:
            timings += [timing for timing in DEFAULTS if timing.kind == kind]
        else:
            timings += [
                Timing(kind, row.days_before, row.send_at, row.hours_before, row.hours_after)
                for row in chosen
                if row.is_enabled
            ]
    quiet = None
    if location.quiet_from is not None and location.quiet_until is not None:
        quiet = Quiet(location.quiet_from, location.quiet_until)
    return Policy(location.zone, timedelta(seconds=location.grace_seconds), visit_kind, timings, quiet)


def recipient_of(message: PatientMessage) -> Recipient:
    """Whom it goes to."""
    if message.staff is not None:
        return colleague_as_recipient(message.staff, message.location)
    assert message.patient is not None
    return patient_as_recipient(message.patient)


def colleague_as_recipient(person: User, location: Location) -> Recipient:
    return Recipient(person.first_name, person.email, location.language, is_in_service=person.is_active)


def patient_as_recipient(patient: Patient) -> Recipient:
    return Recipient(
        patient.first_name,
        patient.mail_address,
        patient.language,
        has_opted_out=patient.email_opt_out,
        has_bounced=patient.email_bounced_at is not None,
        unwanted=patient.unwanted_mail,
    )


def still_true(rows: QuerySet[PatientMessage]) -> QuerySet[PatientMessage]:
    """Those of `rows` whose subject is as they say, as `rules.ending` would find it, and whose course goes on."""
    cancelled = Q(kind=MessageKind.CANCELLED)
    visit = Q(appointment_revision=F("appointment__revision")) & (
        ~cancelled & Q(appointment__status__in=rules.AWAITED)
        | cancelled & Q(appointment__status=Appointment.Status.CANCELLED)
    )
    held = Q(kind__in=BEFORE_A_VISIT) & (
        Q(appointment__session__plan__status=TreatmentPlan.Status.ON_HOLD)
        | Q(appointment__follow_up__plan__status=TreatmentPlan.Status.ON_HOLD)
    )
    debt = Q(follow_up__cancelled_at=None) & ~Exists(
        Appointment.objects.filter(
            follow_up=OuterRef("follow_up"), status__in=[*Appointment.LIVE, Appointment.Status.FULFILLED]
        )
    )
    return rows.filter(
        Q(appointment__isnull=False) & visit & ~held
        | Q(session__status__in=rules.GIVEN)
        | Q(check_in__isnull=False, check_in__answered_at=None, check_in__cancelled_at=None)
        | Q(follow_up__isnull=False) & debt & ~Q(follow_up__plan__status=TreatmentPlan.Status.ON_HOLD)
        | Q(waitlist_entry__status=WaitlistEntry.Status.OFFERED, offer_number=F("waitlist_entry__offers"))
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient believes about a visit: the newest notice that may have reached them."""

    is_cancelled: bool
    starts_at: datetime
    ends_at: datetime


def is_prepared(appointment: Appointment) -> bool:
    """Whether the patient was told how to prepare before the visit became what it is."""
    told = PatientMessage.objects.filter(appointment=appointment, kind=MessageKind.PREPARATION, status__in=rules.TOLD)
    return told.exclude(appointment_revision=appointment.revision).exists()


def last_told(appointment: Appointment) -> Told | None:
    """What the newest notice that has begun to go out said about `appointment`; None where none has."""
    newest = (
        PatientMessage.objects.filter(appointment=appointment, kind__in=NOTICES, status__in=rules.TOLD)
        .order_by("-appointment_revision")
        .values("kind", "appointment_revision")[:1]
    )
    revision = (
        AppointmentRevision.objects.filter(appointment=appointment, number=newest.values("appointment_revision"))
        .annotate(told=newest.values("kind"))
        .values_list("told", "starts_at", "ends_at")
        .first()
    )
    if revision is None:
        return None
    kind, starts_at, ends_at = revision
    return Told(kind == MessageKind.CANCELLED, starts_at, ends_at)


def staff_to_alert(location: Location, plan: TreatmentPlan | None = None) -> list[User]:
    """Whom an alarm about a patient goes to: the clinical people in service at `location`, the plan's lead first."""
    clinical = Membership.objects.filter(location=location, role__in=CLINICAL)
    people = User.objects.filter(is_active=True, pk__in=clinical.values("user")).order_by("last_name", "pk")
    lead = plan.lead_practitioner.user_id if plan is not None else None
    return sorted(people, key=lambda person: person.pk != lead)


def managers_of(location: Location) -> list[User]:
    """The managers in service at `location`."""
    managers = Membership.objects.filter(location=location, role=Role.MANAGER)
    return list(User.objects.filter(is_active=True, pk__in=managers.values("user")).order_by("last_name", "pk"))


def to_look_at(rows: QuerySet[PatientMessage], now: datetime) -> QuerySet[PatientMessage]:
    """Those of `rows` that wait for somebody: failed, of unknown outcome, or come back, still of use, and nobody has
    spoken to the patient since."""
    came_back = Q(status=PatientMessage.Status.BOUNCED, expires_at__gt=now) & ~Exists(_reached_since())
    return rows.filter(Q(status__in=PatientMessage.MAY_HANDLE) | came_back).exclude(kind=MessageKind.ESCALATION)


def _reached_since() -> QuerySet[ContactAttempt]:
    """Calls in which the patient of an outer message was reached after it was settled."""
    return ContactAttempt.objects.filter(
        patient=OuterRef("patient"), outcome__in=MEANS_REACHED, attempted_at__gte=OuterRef("settled_at")
    )


def to_call(now: datetime) -> QuerySet[PatientMessage]:
    """The messages whose patients should be called instead, the soonest due first: what failed, came back or may not
    have arrived and is still of use, and what is not mailed at all and is due about now. Who was spoken to since is
    not called again."""
    to_patients = PatientMessage.objects.filter(staff=None)
    untold = to_patients.filter(
        status__in=[*PatientMessage.MAY_HANDLE, PatientMessage.Status.BOUNCED], expires_at__gt=now
    )
    unsent = still_true(
        to_patients.filter(
            status=PatientMessage.Status.SUPPRESSED,
            status_reason__in=[rules.NO_ADDRESS, rules.NO_EMAIL_WANTED],
            kind__in=CALLED_FOR,
            due_at__gt=now - CALL_UNTIL_AFTER,
            due_at__lt=now + CALL_FROM_BEFORE,
            expires_at__gt=now,
        )
    )
    either = Q(pk__in=untold.order_by().values("pk")) | Q(pk__in=unsent.order_by().values("pk"))
    return PatientMessage.objects.filter(~Exists(_reached_since()), either).order_by("due_at", "pk")


def with_visit_time(messages: QuerySet[PatientMessage]) -> QuerySet[Any]:
    """Annotate `visit_starts_at`: the time of the visit that each tells of, as it was when the message was planned;
    null where it is about none."""
    revision = AppointmentRevision.objects.filter(
        appointment=OuterRef("appointment"), number=OuterRef("appointment_revision")
    )
    return messages.annotate(
        visit_starts_at=Coalesce(Subquery(revision.values("starts_at")[:1]), "appointment__starts_at")
    )


def stuck_since(now: datetime) -> dict[UUID, datetime]:
    """The locations where a mail has been due for longer than the alarm allows, each with since when. One query."""
    due = PatientMessage.objects.filter(
        status=PatientMessage.Status.PENDING,
        due_at__lte=now - STUCK_AFTER,
        # As in `health`: what waits out a backoff counts, and the bound keeps to the worker's index.
        not_before__lte=now + LONGEST_WAIT,
    ).exclude(kind__in=ABOUT_NOBODY)
    return dict(due.order_by().values("location").annotate(since=Min("due_at")).values_list("location", "since"))


def unseen_since(now: datetime) -> dict[UUID, datetime]:
    """The locations where a failed or unknown mail has waited for a person too long, each with since when. One query.

    Without mails about red flags: managers do not see those, and are told of the red flag itself.
    """
    waiting = PatientMessage.objects.filter(
        status__in=PatientMessage.MAY_HANDLE, settled_at__lte=now - UNSEEN_AFTER
    ).exclude(kind__in=STAFF_KINDS)
    return dict(
        waiting.order_by().values("location").annotate(since=Min("settled_at")).values_list("location", "since")
    )
