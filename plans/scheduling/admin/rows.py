"""One visit as the console's lists show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from clinic.access.visibility import visible
from clinic.console.acts import Button, buttons, by_clicks
from clinic.console.badges import Badge
from clinic.console.reader import Reader
from clinic.people.models import Modality
from clinic.places.wallclock import local_date, local_day_bounds
from patients.models import Consent, Guardian
from patients.rules import needs_guardian
from plans.scheduling.admin.keeping import read_limits
from plans.scheduling.looks import AT_ONCE, NO_GUARDIAN, REBOOK, appointment_badge, override_flags
from plans.scheduling.models import Appointment, VisitKind
from plans.scheduling.queries import in_full, title, why_rebook
from plans.scheduling.queries.conflicts import at_once_with
from plans.treatment.models import PlanConsent, ProcedureSession, TreatmentPlan


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One line of a day."""

    appointment: Appointment
    title: str
    url: str
    """Where the work of this visit is done."""
    badge: Badge
    flags: tuple[Badge, ...]
    rebook: str
    """Why it wants another time, in words; empty where it may stay."""
    blocks: tuple[str, ...]
    """What stands in the way of doing it, in words."""
    write_url: str
    """Where its consultation is written up, if that is still to do and the reader may."""
    can_begin: bool
    """The patient is here, and the reader may start or chart the session."""
    one_click: list[Button]
    dialogs: list[Button]
    is_past: bool
    is_now: bool


def visits_of_days(who: Reader, first: date, days: int) -> QuerySet[Appointment]:
    """The visits the reader may see that start on `days` local dates from `first`, in order: two queries."""
    on_days = Q(pk=None)
    for location in who.locations:
        start = local_day_bounds(first, location.zone)[0]
        end = local_day_bounds(first + timedelta(days=days - 1), location.zone)[1]
        on_days |= Q(location=location, starts_at__gte=start, starts_at__lt=end)
    rows = Appointment.objects.filter(on_days).order_by("starts_at", "id")
    return in_full(visible(rows, who.user)).prefetch_related(None)


def with_gates(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Visits of `in_full` with what stands in their way besides, in the same query: `consented`, the modalities that
    the plan of the visit's session has a consent for; `has_guardian`, whether somebody on record speaks for the
    patient."""
    consented = PlanConsent.objects.filter(plan=OuterRef("session__plan"), consent__status=Consent.Status.GIVEN)
    return appointments.annotate(
        consented=ArraySubquery(consented.values("consent__document__modality")),
        has_guardian=Exists(Guardian.objects.filter(patient=OuterRef("patient"))),
    )


def visit_rows(who: Reader, appointments: Iterable[Appointment], names: Iterable[str] = ()) -> list[VisitRow]:
    """One row a visit; with the legal ones of the acts `names` as buttons. One query, for what else
    took place meanwhile, and one more for `keep`."""
    names = tuple(names)
    appointments = list(appointments)
    if "keep" in names:
        read_limits(who, appointments)
    overlapping = at_once_with(who.user, appointments)
    return [_row(who, appointment, names, appointment.pk in overlapping) for appointment in appointments]


def url_of_work(appointment: Appointment, who: Reader) -> str:
    """Where the work of a visit is done: its session, follow-up or consultation, or the visit itself."""
    if appointment.session_id:
        return reverse("admin:plans_proceduresession_change", args=[appointment.session_id])
    if appointment.follow_up_id:
        return reverse("admin:plans_followup_change", args=[appointment.follow_up_id])
    if who.may("plans.consultation", "view") and appointment.consultation_id:
        return reverse("admin:plans_consultation_change", args=[appointment.consultation_id])
    return reverse("admin:plans_appointment_change", args=[appointment.pk])


def _row(who: Reader, appointment: Appointment, names: tuple[str, ...], is_at_once: bool) -> VisitRow:
    model_admin = admin.site._registry[Appointment]
    names = tuple(name for name in names if _makes_sense(name, appointment, who.now))
    rebook = why_rebook(appointment) or ""
    one_click, dialogs = by_clicks(buttons(model_admin, who.user, appointment, names))
    return VisitRow(
        appointment=appointment,
        title=title(appointment),
        url=url_of_work(appointment, who),
        badge=appointment_badge(appointment, who.now),
        flags=(
            *([REBOOK] if rebook else []),
            *override_flags(appointment),
            *([AT_ONCE] if is_at_once else []),
            *([NO_GUARDIAN] if _is_alone(who, appointment) else []),
        ),
        rebook=rebook,
        blocks=_blocks(appointment),
        write_url=_write_url(who, appointment),
        can_begin=_can_begin(who, appointment),
        one_click=one_click,
        dialogs=dialogs,
        is_past=not appointment.is_live,
        is_now=appointment.status == Appointment.Status.ARRIVED,
    )


def _is_alone(who: Reader, appointment: Appointment) -> bool:
    """Whether a minor comes for whom nobody speaks; False of a visit without `with_gates`."""
    if not appointment.is_live or getattr(appointment, "has_guardian", True):
        return False
    return needs_guardian(appointment.patient.date_of_birth, who.today_at(appointment.location.zone))


def _makes_sense(name: str, appointment: Appointment, now: datetime) -> bool:
    """Nobody arrives days before, or is missed before they were due. The visit's own page offers all that is legal."""
    today = local_date(now, appointment.location.zone)
    if name == "arrive":
        return local_date(appointment.starts_at, appointment.location.zone) <= today
    if name == "no_show":
        return appointment.starts_at <= now
    return name != "confirm" or appointment.starts_at > now


def _blocks(appointment: Appointment) -> tuple[str, ...]:
    session = appointment.session
    if session is None or not appointment.is_live or session.status != ProcedureSession.Status.PLANNED:
        return ()
    found = []
    needed = set(getattr(appointment, "needed", ()))
    missing = needed - set(getattr(appointment, "consented", needed))
    found += [f"Consent for {Modality(modality).label} missing" for modality in sorted(missing)]
    if session.plan.status not in TreatmentPlan.MAY_BOOK:
        found.append(f"Plan is {session.plan.get_status_display().lower()}")
    return tuple(found)


def _write_url(who: Reader, appointment: Appointment) -> str:
    if not is_consultation_to_write(appointment, who.now) or not who.may_on("add", appointment, "plans.consultation"):
        return ""
    query = urlencode({"patient": appointment.patient_id, "appointment": appointment.pk})
    return f"{reverse('admin:plans_consultation_add')}?{query}"


def _can_begin(who: Reader, appointment: Appointment) -> bool:
    session = appointment.session
    if session is None or appointment.status != Appointment.Status.ARRIVED:
        return False
    return session.status in _TO_DO and who.may_on("start", appointment, "plans.proceduresession")


_TO_DO = ProcedureSession.MAY_START | ProcedureSession.MAY_PERFORM


def by_day(rows: Iterable[VisitRow]) -> list[tuple[date, list[VisitRow]]]:
    """Rows by their local date, in order."""
    days: dict[date, list[VisitRow]] = {}
    for row in rows:
        days.setdefault(local_date(row.appointment.starts_at, row.appointment.location.zone), []).append(row)
    return sorted(days.items())


def is_consultation_to_write(appointment: Appointment, now: datetime) -> bool:
    """Whether a consultation took or takes place that nobody has written down."""
    return (
        appointment.kind == VisitKind.CONSULTATION
        and appointment.consultation_id is None
        and appointment.status in (Appointment.Status.ARRIVED, Appointment.Status.FULFILLED)
        and appointment.starts_at <= now + timedelta(hours=1)
    )
