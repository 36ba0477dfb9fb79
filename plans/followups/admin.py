"""Follow-ups in the console: the front desk's worklist, one follow-up, Today, and a patient's panel."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Button, Done, act, buttons, in_states
from clinic.console.badges import Badge
from clinic.console.base import ConsoleAdmin
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from clinic.people.models import Practitioner, User
from clinic.records import Record
from patients.models import Patient
from patients.queries import search
from plans.consultations.models import Consultation
from plans.followups.looks import follow_up_badge
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import follow_ups_in_full
from plans.followups.services import attempt_record, follow_up_attend, follow_up_cancel, follow_up_create
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import TreatmentPlan

State = FollowUp.State
TABS = (State.OVERDUE, State.DUE, State.MISSED, State.SCHEDULED, State.PENDING)
TAB_TITLES = {
    State.OVERDUE: "Overdue",
    State.DUE: "Due",
    State.MISSED: "Missed",
    State.SCHEDULED: "Booked",
    State.PENDING: "Later",
}
WANTED = (State.OVERDUE, State.DUE, State.MISSED)
"""States that want a booking."""
PAGE = 50
SHOWN_TODAY = 8


def is_bookable(follow_up: Any) -> bool:
    """Whether a booking could be made for it now."""
    plan = follow_up.plan
    return follow_up.state in FollowUp.MAY_BOOK and (plan is None or plan.status in TreatmentPlan.MAY_BOOK)


def booking_url(follow_up: FollowUp, back: str = "") -> str:
    """Where a time is chosen for it; afterwards on to `back`."""
    return f"{reverse('admin:plans_appointment_add')}?follow_up={follow_up.pk}" + (f"&next={back}" if back else "")


def with_contact(follow_ups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Annotate `tries` and `last_try` (outcome, note and next day as JSON), and `booked_at`, in the same query."""
    attempts = ContactAttempt.objects.filter(follow_up=OuterRef("pk")).order_by("-attempted_at")
    number = attempts.order_by().values("follow_up").annotate(number=Count("pk")).values("number")
    document = JSONObject(outcome="outcome", note="note", next_try_on="next_try_on", at="attempted_at")
    booked = Appointment.objects.filter(follow_up=OuterRef("pk"), status__in=LIVE_STATUSES)
    return follow_ups.annotate(
        tries=Subquery(number),
        last_try=Subquery(attempts.values(document=document)[:1]),
        booked_at=Subquery(booked.values("starts_at")[:1]),
    )


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """One follow-up as lists show it."""

    follow_up: Any
    badge: Badge
    contact: str
    book_url: str
    acts: list[Button]


def rows_of(who: Reader, follow_ups: Any, back: str, names: tuple[str, ...] = ("attempt",)) -> list[FollowUpRow]:
    """One row each, with the legal acts among `names`; booking leads on to `back`. No query."""
    return [_row(who, follow_up, back, names) for follow_up in follow_ups]


def _row(who: Reader, follow_up: Any, back: str, names: tuple[str, ...]) -> FollowUpRow:
    today = who.now.astimezone(follow_up.location.zone).date()
    may_book = is_bookable(follow_up) and who.may_on("add", follow_up, "plans.appointment")
    return FollowUpRow(
        follow_up=follow_up,
        badge=follow_up_badge(follow_up.state, follow_up.window_start, follow_up.window_end, today),
        contact=_contact(follow_up),
        book_url=booking_url(follow_up, back) if may_book else "",
        acts=buttons(admin.site._registry[FollowUp], who.user, follow_up, names) if follow_up.state in WANTED else [],
    )


def _contact(follow_up: Any) -> str:
    last = follow_up.last_try
    if not last:
        return ""
    times = "1 call" if follow_up.tries == 1 else f"{follow_up.tries} calls"
    outcome = ContactAttempt.Outcome(last["outcome"]).label.lower()
    again = f", again {last['next_try_on']}" if last["next_try_on"] else ""
    return f"{times}, last: {outcome}{again}"


class AttemptForm(ActForm):
    channel = forms.ChoiceField(choices=ContactAttempt.Channel.choices)
    outcome = forms.ChoiceField(choices=[("", "Choose"), *ContactAttempt.Outcome.choices], label="What came of it")
    note = forms.CharField(max_length=500, required=False)
    next_try_on = forms.DateField(required=False, label="Try again on")


class AttendForm(ActForm):
    practitioner = forms.ModelChoiceField(queryset=Practitioner.objects.none(), required=False, label="Seen by")

    def prepare(self) -> None:
        field = cast(forms.ModelChoiceField, self.fields["practitioner"])
        field.queryset = visible(Practitioner.objects.select_related("user"), cast(User, self.request.user))
        field.empty_label = "The practitioner in charge"


class FollowUpForm(ConsoleModelForm):
    """A visit that no protocol asks for, owed after a consultation."""

    refusal_names = {"duration_minutes": "duration_minutes"}

    class Meta:
        model = FollowUp
        fields = ("title", "window_start", "target_date", "window_end", "duration_minutes")
        labels = {"window_start": "Earliest", "target_date": "Best", "window_end": "Latest"}
        widgets = {"window_start": DateInput, "target_date": DateInput, "window_end": DateInput}


@admin.register(FollowUp)
class FollowUpAdmin(ConsoleAdmin):
    form = FollowUpForm
    change_form_template = "console/follow_up.html"
    fields = ("title", "window_start", "target_date", "window_end", "duration_minutes")
    history_of = {ContactAttempt: "follow_up_id"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        return with_contact(
            visible(follow_ups_in_full(), cast(User, request.user)).select_related(
                "patient",
                "location",
                "plan__protocol",
                "plan__lead_practitioner__user",
                "consultation",
                "cancelled_by",
            )
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its window follows the plan; its state follows its visits."""
        return False

    def name_of(self, row: FollowUp) -> str:
        return f"{row.patient}: {row.title}"

    # The worklist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        who = reader()
        tab = request.GET.get("state", "")
        tab = tab if tab in [str(state) for state in TABS] else State.OVERDUE
        text = request.GET.get("q", "").replace("\x00", "").strip()
        rows = self.get_queryset(request)
        if text:
            rows = rows.filter(patient__in=search(Patient.objects.all(), text))
        counted = rows.order_by().values("state").annotate(number=Count("pk"))
        counts = {row["state"]: row["number"] for row in counted}
        asked = rows.filter(state=tab).order_by("window_end", "id")
        page = Paginator(asked, PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Follow-ups",
            "crumbs": [("Follow-ups", "")],
            "opts": self.opts,
            "tab": tab,
            "tabs": [(state, TAB_TITLES[state], counts.get(state, 0)) for state in TABS],
            "text": text,
            "page": page,
            "rows": rows_of(who, page.object_list, request.get_full_path(), ("attempt", "attend")),
            "shows_location": who.several_locations,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "console/follow_ups.html", context)

    # One follow-up

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        who = reader()
        if row is None:
            consultation = consultation_asked_for(request)
            context |= {"consultation": consultation, "patient": consultation.patient}
        else:
            context |= {
                "row": rows_of(who, [row], self.url_of(row), ())[0],
                "follow_up": row,
                "attempts": list(row.attempts.select_related("attempted_by")),
                "visits": list(
                    visible(Appointment.objects.filter(follow_up=row), who.user)
                    .select_related("practitioner__user", "room", "location", "patient")
                    .order_by("-starts_at")
                ),
                "lead": row.plan.lead_practitioner if row.plan_id else None,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            consultation = consultation_asked_for(request)
            row.consultation, row.patient, row.location = consultation, consultation.patient, consultation.location
        return row

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        minutes = data.pop("duration_minutes")
        return follow_up_create(consultation=consultation_asked_for(request), minutes=minutes, **data)

    # Transitions

    @act(
        "Log a call",
        grant="attempt",
        is_legal=in_states(FollowUp.OPEN, "state"),
        form=AttemptForm,
        icon="phone_in_talk",
        submit="Save",
    )
    def attempt(self, request: HttpRequest, row: FollowUp, form: AttemptForm) -> Done:
        attempt_record(follow_up_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: call logged.")

    @act(
        "Is here now",
        grant="attend",
        is_legal=lambda row: (
            row.state in FollowUp.MAY_ATTEND and (row.plan is None or row.plan.status in TreatmentPlan.MAY_BOOK)
        ),
        form=AttendForm,
        icon="directions_walk",
        description="Books and closes the visit in one step, at this moment.",
        submit="The visit took place",
    )
    def attend(self, request: HttpRequest, row: FollowUp, form: AttendForm) -> Done:
        follow_up_attend(follow_up_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: {row.title} took place.")

    @act(
        "Not needed",
        grant="cancel",
        is_legal=in_states(FollowUp.MAY_CANCEL, "state"),
        form=ReasonForm,
        icon="cancel",
        description="It is not owed any more, and a visit booked for it is cancelled.",
        submit="Cancel the follow-up",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: FollowUp, form: ReasonForm) -> Done:
        follow_up_cancel(follow_up_id=row.pk, by=cast(User, request.user), reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: {row.title} is not owed any more.")


def consultation_asked_for(request: HttpRequest) -> Consultation:
    """The consultation that the address names. Raises Http404 where the reader sees none such."""
    rows = Consultation.objects.select_related("patient__home_location", "location")
    try:
        return visible(rows, cast(User, request.user)).get(pk=request.GET.get("consultation"))
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None


def wanted(who: Reader) -> QuerySet[FollowUp]:
    """The follow-ups the reader sees that want a booking, the latest first."""
    return visible(follow_ups_in_full(), who.user).filter(state__in=WANTED).order_by("window_end", "id")


def number_wanted(who: Reader) -> int:
    return who.once("follow-ups wanted", lambda: wanted(who).order_by().count())


@today_section(30)
def to_book_today(who: Reader) -> Block | None:
    """What is due and overdue, for who books; a practitioner sees those of their own plans."""
    if not who.may("plans.followup", "view"):
        return None
    rows = list(with_contact(wanted(who))[:SHOWN_TODAY])
    number = number_wanted(who)
    home = reverse("admin:index")
    return Block(
        "Due and overdue",
        "console/panels/follow_ups_to_book.html",
        {"rows": rows_of(who, rows, home), "more": max(number - len(rows), 0), "several": who.several_locations},
        count=number,
        link=("All follow-ups", reverse("admin:plans_followup_changelist")),
    )


@patient_panel(30)
def follow_ups_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not who.may("plans.followup", "view"):
        return None
    own = with_contact(visible(follow_ups_in_full().filter(patient=patient), who.user)).order_by("target_date", "id")
    back = reverse("admin:patients_patient_change", args=[patient.pk])
    rows = rows_of(who, [row for row in own if row.state != State.CANCELLED], back)
    link = None
    return Block(
        "Follow-ups", "console/panels/follow_ups_of_patient.html", {"rows": rows}, len(rows) or None, False, link
    )


job(
    Job(
        title="Follow-ups",
        url_name="admin:plans_followup_changelist",
        icon="event_upcoming",
        resource="plans.followup",
        position=20,
        badge=number_wanted,
    )
)
