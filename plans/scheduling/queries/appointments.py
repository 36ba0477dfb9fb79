"""Reads appointments, and what a session or follow-up says about its booking."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import Exact

from clinic.people.models import Modality, Qualification
from clinic.people.queries import practising
from clinic.places.localtime import LocalDate
from clinic.places.models import Closure
from clinic.places.wallclock import local_date
from patients.models import Consent, Patient
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.messages.models import PatientMessage
from plans.protocols.models import IntervalRule, StepComponent
from plans.scheduling import rules
from plans.scheduling.models import LIVE_STATUSES, Appointment, VisitKind
from plans.scheduling.rules import MINUTE, Limits, Standing
from plans.scheduling.subjects import Subject
from plans.treatment.models import CHARTED, ProcedureSession, SessionComponent, TreatmentPlan


def on_local_date(appointments: QuerySet[Appointment], day: date) -> QuerySet[Appointment]:
    """What starts on `day` as the calendar of each appointment's own location has it."""
    midnight = datetime.combine(day, time.min, UTC)
    return appointments.filter(
        # No zone is further than a day from UTC, and this range can use an index.
        starts_at__gte=midnight - timedelta(days=1),
        starts_at__lt=midnight + timedelta(days=2),
    ).filter(Exact(LocalDate("starts_at", "location__timezone"), day))


def in_full(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """With everything a list shows: two queries at any length, one of them for the messages."""
    messages = Prefetch("messages", PatientMessage.objects.order_by("due_at", "id"))
    return _joined(with_fitness(appointments)).prefetch_related(messages)


def _joined(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    return appointments.select_related(
        "patient", "practitioner__user", "room", "location", "session__plan", "follow_up__plan"
    )


def visits_since(patient: Any, starts_at: Any) -> QuerySet[Appointment]:
    """What became of a patient after the visit that began at `starts_at`: later visits that are booked, took place or
    were missed too. Takes columns of an outer query as well."""
    settled = (Appointment.Status.NO_SHOW, Appointment.Status.FULFILLED, *LIVE_STATUSES)
    return Appointment.objects.filter(patient=patient, starts_at__gt=starts_at, status__in=settled)


def title(appointment: Appointment) -> str:
    """What the visit is called: “Session 2 of 3 · PRP”. Takes an appointment of `in_full`."""
    if appointment.session is not None:
        return appointment.session.title
    if appointment.follow_up is not None:
        return appointment.follow_up.title
    return appointment.get_kind_display()


def with_fitness(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Annotate what `why_rebook` asks of a visit, in the same query: `needed`, the treatments it takes; `qualified`,
    those its practitioner may give on its local date; `practises_here`, whether they still do at its location;
    `closures`, why the location is closed at its time."""
    on_the_day = LocalDate(OuterRef("starts_at"), OuterRef("location__timezone"))
    held = Qualification.objects.filter(practitioner=OuterRef("practitioner")).filter(
        Q(valid_from=None) | Q(valid_from__lte=on_the_day), Q(valid_until=None) | Q(valid_until__gte=on_the_day)
    )
    return appointments.annotate(
        needed=ArraySubquery(SessionComponent.objects.filter(session=OuterRef("session")).values("modality")),
        qualified=ArraySubquery(held.values("modality")),
        practises_here=Exists(practising(user=OuterRef("practitioner__user"), location=OuterRef("location"))),
        closures=ArraySubquery(
            Closure.objects.filter(
                location=OuterRef("location"), starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
            )
            .order_by("starts_at")
            .values("reason")
        ),
    )


def visits_to_rebook(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Those of `appointments` that want another time, practitioner or room; `why_rebook` says of each why.

    With everything a list shows (`in_full`, but for the messages), and in the same query.
    """
    window_start = Coalesce("session__window_start", "follow_up__window_start")
    window_end = Coalesce("session__window_end", "follow_up__window_end")
    minutes = Coalesce("session__duration_minutes", "follow_up__duration_minutes")
    rows = with_fitness(appointments).filter(status__in=Appointment.MAY_RESCHEDULE)
    rows = rows.alias(
        local_day=LocalDate("starts_at", "location__timezone"),
        opens=window_start,
        closes=window_end,
        minutes_needed=minutes,
        lasts=ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField()),
        needed_time=ExpressionWrapper(F("minutes_needed") * timedelta(minutes=1), output_field=DurationField()),
    )
    on_hold = TreatmentPlan.Status.ON_HOLD
    rows = rows.filter(
        Q(session__plan__status=on_hold)
        | Q(follow_up__plan__status=on_hold)
        | Q(local_day__lt=F("opens"), opens__gt=F("window_start_when_booked"))
        | Q(local_day__gt=F("closes"), closes__lt=F("window_end_when_booked"))
        | (~Q(off_hours="") & Q(off_hours_accepted=False))
        | Q(practises_here=False)
        | Q(practitioner__is_bookable=False)
        | Q(practitioner__user__is_active=False)
        | Q(room__is_bookable=False)
        # Asked of sessions alone: the others take no treatment, and each answer is two more look-ups.
        | (Q(session__isnull=False) & ~Q(qualified__contains=F("needed")))
        | (Q(session__isnull=False) & ~Q(room__modalities__contains=F("needed")))
        | Q(minutes_needed__gt=F("minutes_when_booked"), needed_time__gt=F("lasts"))
    )
    return _joined(rows)


def why_rebook(appointment: Any) -> str | None:
    """`rules.why_rebook` of a row of `in_full`: the reason in words, None where the visit may stay. No query."""
    standing = standing_of(appointment)
    return rules.why_rebook(standing) if standing is not None else None


def standing_of(appointment: Any) -> Standing | None:
    """How a row of `in_full` stands to what it is for; None where it cannot be moved. No query."""
    if appointment.status not in Appointment.MAY_RESCHEDULE:
        return None
    obligation = appointment.session or appointment.follow_up
    practitioner, room = appointment.practitioner, appointment.room
    booked = (appointment.window_start_when_booked, appointment.window_end_when_booked)
    return Standing(
        day=local_date(appointment.starts_at, appointment.location.zone),
        minutes=(appointment.ends_at - appointment.starts_at) // MINUTE,
        practitioner=str(practitioner),
        room=str(room),
        window=(obligation.window_start, obligation.window_end) if obligation is not None else None,
        because=obligation.window_because if obligation is not None else "",
        minutes_needed=obligation.duration_minutes if obligation is not None else None,
        is_on_hold=_is_on_hold(obligation),
        window_when_booked=None if None in booked else booked,
        minutes_when_booked=appointment.minutes_when_booked,
        not_qualified_for=_labels(set(appointment.needed) - set(appointment.qualified)),
        room_unfit_for=_labels(set(appointment.needed) - set(room.modalities if room is not None else ())),
        off_hours="" if appointment.off_hours_accepted else off_hours_in_words(appointment),
        has_practitioner=practitioner.is_bookable and practitioner.user.is_active and appointment.practises_here,
        has_room=room is None or room.is_bookable,
    )


def off_hours_in_words(appointment: Any) -> str:
    """Why nobody works at the time of a row of `in_full`: “The location is closed then: Works”; empty within working
    time, whether somebody accepted it or not."""
    said = str(appointment.get_off_hours_display())
    if appointment.off_hours == Appointment.OffHours.CLOSURE and appointment.closures:
        return f"{said}: {', '.join(appointment.closures)}"
    return said


def _is_on_hold(obligation: ProcedureSession | FollowUp | None) -> bool:
    plan = obligation.plan if obligation is not None else None
    return plan is not None and plan.status == TreatmentPlan.Status.ON_HOLD


def _labels(modalities: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(Modality(modality).label) for modality in sorted(modalities))


def subject_of(appointment: Appointment) -> Subject:
    """What a booked visit is for, with the facts that decide when it can be: one query."""
    if appointment.session_id:
        return Subject.of_session(sessions_to_book().get(pk=appointment.session_id))
    if appointment.follow_up_id:
        return Subject.of_follow_up(follow_ups_to_book().get(pk=appointment.follow_up_id))
    return Subject.of_consultation(appointment.patient).moving(appointment)


def limits_by_visit(appointments: Collection[Appointment]) -> dict[UUID, Limits | None]:
    """Between which local dates each visit of `in_full` can be, by its key: at most one query."""
    keys = {appointment.session_id for appointment in appointments if appointment.session_id}
    sessions = {row.pk: Subject.of_session(row) for row in sessions_to_book().filter(pk__in=keys)} if keys else {}

    def subject(row: Appointment) -> Subject:
        if row.session_id:
            return sessions[row.session_id]
        return Subject(VisitKind(row.kind), row.patient, follow_up=row.follow_up)

    return {row.pk: subject(row).limits for row in appointments}


def sessions_to_book() -> QuerySet[ProcedureSession]:
    """Sessions with what decides their booking; give one to `Subject.of_session`.

    `modalities`, `consented` (those the patient's consent stands for), what `_live` says, and as JSON `gives` (its
    components as planned), `neighbours` (see `neighbours_of`) and `intervals` (the rules in force).
    """
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    consented = Consent.objects.filter(patient=OuterRef("plan__patient"), status=Consent.Status.GIVEN)
    in_force = IntervalRule.objects.filter(is_in_force=True)
    neighbours = neighbours_of(patient=OuterRef("plan__patient"), session=OuterRef("pk"))
    return ProcedureSession.objects.select_related("plan__patient", "plan__location", "step").annotate(
        modalities=ArraySubquery(SessionComponent.objects.filter(session=OuterRef("pk")).values("modality")),
        consented=ArraySubquery(consented.exclude(document__modality="").values("document__modality")),
        **_live(live),
        gives=_components(OuterRef("pk")),
        neighbours=ArraySubquery(neighbours.values("document")),
        intervals=ArraySubquery(in_force.values(document=JSONObject(**INTERVAL))),
    )


def patients_to_book() -> QuerySet[Patient]:
    """Patients with what ranks the slots of a consultation; give its `seen_by` to `Subject.of_consultation`.

    `seen_by` is the practitioner of the last visit that took place; without one, of the last consultation; or None.
    Records that were merged into another one are left out.
    """
    visits = Appointment.objects.filter(patient=OuterRef("pk"), status=Appointment.Status.FULFILLED)
    consultations = Consultation.objects.filter(patient=OuterRef("pk"))
    return Patient.objects.filter(merged_into=None).annotate(
        seen_by=Coalesce(
            Subquery(visits.order_by("-starts_at", "-id").values("practitioner")[:1]),
            Subquery(consultations.order_by("-occurred_at", "-id").values("practitioner")[:1]),
        )
    )


def neighbours_of(patient: Any, session: Any) -> QuerySet[Any]:
    """The patient's sessions that bear on when `session` can be: as JSON in `document`.

    Those of any plan that are booked or running, and those in which something was given, aborted tries of `session`
    itself among them.
    """
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    return (
        ProcedureSession.objects.filter(plan__patient=patient)
        .filter(Q(status__in=ProcedureSession.OPEN) | Q(was_anything_given=True))
        .exclude(pk=session)
        .annotate(at=Coalesce("performed_at", "aborted_at", "started_at", Subquery(live.values("starts_at"))))
        .filter(at__isnull=False)
        .annotate(
            document=JSONObject(
                plan="plan",
                sequence="sequence",
                title="title",
                at="at",
                zone=F("plan__location__timezone"),
                is_given="was_anything_given",
                minimum_interval_days=F("step__minimum_interval_days"),
                components=_components(OuterRef("pk")),
            )
        )
    )


INTERVAL = {
    "code": "code",
    "title": "title",
    "days": "minimum_days",
    "after": "after_modality",
    "before": "before_modality",
    "is_across": "is_across",
    "needle_over_mm": "needle_over_mm",
    "needle_up_to_mm": "needle_up_to_mm",
    "source": "source",
}
"""The fields of `Interval`, and the columns they come from."""


def _components(session: OuterRef) -> ArraySubquery:
    """What a session gives, as JSON: as charted where it is, otherwise as its step plans it; of an aborted one only
    what was charted."""
    planned = StepComponent.objects.filter(step=OuterRef("session__step"), modality=OuterRef("modality"))
    return ArraySubquery(
        SessionComponent.objects.filter(session=session)
        .filter(Q(session__aborted_at__isnull=True) | CHARTED)
        .order_by("position")
        .values(
            document=JSONObject(
                modality="modality",
                needle_length_mm=Coalesce(
                    "microneedling__needle_length_mm", Subquery(planned.values("needle_length_mm"))
                ),
                source=Coalesce("stem_cell__source", Subquery(planned.values("source")), Value("")),
            )
        )
    )


def follow_ups_to_book() -> QuerySet[FollowUp]:
    """Follow-ups with what decides their booking: `is_attended`, and of `_live`. See `Subject.of_follow_up`."""
    appointments = Appointment.objects.filter(follow_up=OuterRef("pk"))
    live = appointments.filter(status__in=LIVE_STATUSES)
    return FollowUp.objects.select_related("patient", "location", "plan", "consultation").annotate(
        is_attended=Exists(appointments.filter(status=Appointment.Status.FULFILLED)),
        **_live(live),
    )


def _live(live: QuerySet[Appointment]) -> dict[str, Subquery]:
    """What is asked of the live visit: `live_appointment` (its key, or None), `live_length`, `live_minutes_known`."""
    lasts = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    return {
        "live_appointment": Subquery(live.values("pk")),
        "live_length": Subquery(live.values_list(lasts)),
        "live_minutes_known": Subquery(live.values("minutes_when_booked")),
    }
