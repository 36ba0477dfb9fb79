"""A patient who is here without a visit: what for, and who of the qualified is free when today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from clinic import clock
from clinic.access.visibility import visible
from clinic.console.forms import ActForm
from clinic.console.reader import Reader, reader
from clinic.console.refusals import add_refusal, refusals
from clinic.errors import Invalid, Refusal, SlotTaken, TooEarly
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date, local_day_bounds
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.followups.queries import follow_ups_in_full
from plans.scheduling.admin.asked import place_of, subject_asked_for, title_of, why_not
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.rows import VisitRow, visit_rows
from plans.scheduling.admin.times import chosen_time, key_of
from plans.scheduling.availability import Frame, Slot, frame_of
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, sessions_to_book
from plans.scheduling.search import first_times_today
from plans.scheduling.services import walk_in_begin
from plans.scheduling.subjects import Subject, able_on
from plans.treatment.models import ProcedureSession, TreatmentPlan

SESSIONS_SHOWN = 4
FOLLOW_UPS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Wait:
    """From when on somebody is free today."""

    value: str
    """Its value in the form."""
    practitioner: Practitioner
    time: str
    is_now: bool


class WalkInForm(ActForm):
    """With whom it begins; what is not said, the service finds."""

    wait = forms.CharField(error_messages={"required": "Choose who sees them."})
    room = forms.ModelChoiceField(
        queryset=Room.objects.none(), required=False, help_text="Empty: the first free one that is fit."
    )
    note = forms.CharField(max_length=500, required=False, help_text="For the team; patients do not read it.")
    override_reason = forms.CharField(
        max_length=300,
        required=False,
        label="Reason to see them all the same",
        help_text="Needed before the earliest date, or over the practitioner's other visits. It stays on the visit.",
    )
    refusal_names: Mapping[str, str] = {"starts_at": "wait", "practitioner": "wait"}

    def set_place(self, place: Location) -> None:
        """Fill the rooms; who may book against a rule keeps the field for the reason."""
        cast(forms.ModelChoiceField, self.fields["room"]).queryset = Room.objects.filter(
            location=place, is_bookable=True
        )
        user = cast(User, self.request.user)
        if not any(user.may("plans.appointment", right, place.pk) for right in ("overbook", "book_early")):
            del self.fields["override_reason"]


def waits_of(refusal: SlotTaken, place: Location) -> list[Wait]:
    """The times that a refused walk-in can wait for: one query."""
    free = refusal.extra.get("alternatives", [])
    people = Practitioner.objects.select_related("user").in_bulk([one["practitioner"] for one in free])
    return [
        _wait(people[UUID(one["practitioner"])], datetime.fromisoformat(one["starts_at"]), place, is_now=False)
        for one in free
    ]


def walk_in_view(admin: Any, request: HttpRequest) -> HttpResponse:
    """The page of a patient who is here; without one, that of a caller who is here."""
    user = cast(User, request.user)
    if not admin.has_add_permission(request):
        raise PermissionDenied
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    subject, what = subject_asked_for(request)
    if subject is None:
        return HttpResponseRedirect(f"{reverse('admin:plans_appointment_caller')}?here=1")
    if subject.follow_up is not None:
        return HttpResponseRedirect(reverse("admin:plans_followup_attend", args=[subject.follow_up.pk]))
    place = place_of(request, subject, user)
    form = WalkInForm(None, request, data=request.POST if request.method == "POST" else None)
    form.set_place(place)
    frame = frame_of(place.pk)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            with refusals():
                visit = _begin(form, user, place, what)
        except Refusal as refusal:
            add_refusal(form, refusal, {} if isinstance(refusal, TooEarly) else form.refusal_names)
            status = 409
        else:
            messages.success(request, f"{visit.patient} is here: {visit_in_words(visit)}.")
            back = reverse("admin:patients_patient_change", args=[visit.patient_id])
            return HttpResponseRedirect(back, status=303)
    who, patient = reader(), subject.patient
    today = local_date(clock.now(), frame.zone)
    early = subject.too_early(today)
    blocked = why_not(subject) or (early if "override_reason" not in form.fields else None)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Is here: {patient}",
        "crumbs": [*admin.crumbs(), (f"Is here: {patient}", "")],
        "opts": admin.opts,
        "form": form,
        "subject": subject,
        "subject_title": title_of(subject),
        "place": place,
        "blocked": blocked,
        "early": early,
        "may_overbook": user.may("plans.appointment", "overbook", place.pk),
        "waits": [] if blocked else _waits(subject, frame, place),
        "choices": _choices(who, subject),
        "today": _visits_today(who, patient, place),
        "follow_ups": _follow_ups(who, patient),
        "back": reverse("admin:patients_patient_change", args=[patient.pk]),
    }
    return TemplateResponse(request, "console/walk_in.html", context, status=status)


def _begin(form: WalkInForm, user: User, place: Location, what: Mapping[str, Any]) -> Appointment:
    wait = form.cleaned_data["wait"]
    practitioner, _, later = wait.partition("|")
    try:
        chosen = chosen_time(user, wait if later else key_of(practitioner, clock.now()))
    except Invalid as invalid:
        raise SlotTaken(invalid.detail) from None
    return walk_in_begin(
        by=user,
        location=place,
        practitioner=chosen.practitioner,
        starts_at=chosen.starts_at if later else None,
        room=form.cleaned_data["room"],
        note=form.cleaned_data["note"],
        override_reason=form.cleaned_data.get("override_reason", ""),
        **what,
    )


def _waits(subject: Subject, frame: Frame, place: Location) -> list[Wait]:
    """Who may see the patient, free now or from later today on, the soonest first: two queries."""
    now = clock.now().replace(second=0, microsecond=0)
    people = able_on(frame, subject, local_date(now, frame.zone))
    request = subject.request(frame, people, frame.capable_rooms(subject.modalities))
    slots: list[Slot] = first_times_today(request, now)
    names = Practitioner.objects.select_related("user").in_bulk([slot.practitioner_id for slot in slots])
    return [
        _wait(names[slot.practitioner_id], slot.starts_at, place, is_now=slot.starts_at == now)
        for slot in slots
        if slot.practitioner_id in names
    ]


def _wait(practitioner: Practitioner, starts_at: datetime, place: Location, *, is_now: bool) -> Wait:
    # Who is free now stays so for a minute or two: the service takes the minute of the click.
    value = str(practitioner.pk) if is_now else key_of(practitioner.pk, starts_at)
    return Wait(value, practitioner, f"{starts_at.astimezone(place.zone):%H:%M}", is_now)


def _choices(who: Reader, subject: Subject) -> list[tuple[str, str, bool]]:
    """What they can be here for: what it says, its address, and whether it is what is shown."""
    patient, session = subject.patient, subject.session
    open_sessions = visible(
        sessions_to_book().filter(
            plan__patient=patient,
            plan__status__in=TreatmentPlan.MAY_BOOK,
            status__in=ProcedureSession.MAY_BOOK,
            live_appointment=None,
        ),
        who.user,
    ).order_by("window_start", "sequence")[:SESSIONS_SHOWN]
    return [
        ("Consultation", f"?patient={patient.pk}", session is None),
        *((one.title, f"?session={one.pk}", one == session) for one in open_sessions),
    ]


def _visits_today(who: Reader, patient: Patient, place: Location) -> list[VisitRow]:
    """Visits of today that they may have come for."""
    start, end = local_day_bounds(who.today_at(place.zone), place.zone)
    booked = Appointment.objects.filter(
        patient=patient, status__in=Appointment.MAY_ARRIVE, starts_at__gte=start, starts_at__lt=end
    )
    return visit_rows(who, visible(in_full(booked), who.user).prefetch_related(None), ("arrive",))


def _follow_ups(who: Reader, patient: Patient) -> list[FollowUp]:
    """Follow-ups that they may have come for; one is attended by its own dialog."""
    if not who.may("plans.followup", "attend"):
        return []
    rows = visible(follow_ups_in_full(), who.user, "attend").filter(patient=patient)
    open_now = rows.filter(state__in=FollowUp.MAY_ATTEND).select_related("plan").order_by("target_date")
    return list(open_now[:FOLLOW_UPS_SHOWN])
