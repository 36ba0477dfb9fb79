"""The worklist and one follow-up, with its transitions."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Done, act, in_states
from clinic.console.base import ConsoleAdmin
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, ReasonForm
from clinic.console.reader import reader
from clinic.people.models import Practitioner, User
from clinic.records import Record
from clinic.words import within
from plans.consultations.models import Consultation
from plans.followups.admin.rows import rows_of, with_contact
from plans.followups.admin.worklist import DeskViews, page_context
from plans.followups.admin.worklist.calls import call_toast
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import follow_ups_in_full
from plans.followups.services import (
    attempt_record,
    doubt_about,
    follow_up_attend,
    follow_up_cancel,
    follow_up_create,
    follow_up_pin,
)
from plans.scheduling.models import Appointment
from plans.treatment.models import TreatmentPlan


class AttemptForm(ActForm):
    channel = forms.ChoiceField(choices=ContactAttempt.Channel.choices)
    outcome = forms.ChoiceField(choices=[("", "Choose"), *ContactAttempt.Outcome.choices], label="What came of it")
    note = forms.CharField(max_length=500, required=False)
    next_try_on = forms.DateField(required=False, label="Try again on")


class AttendForm(ActForm):
    above = "console/parts/attend.html"
    practitioner = forms.ModelChoiceField(queryset=Practitioner.objects.none(), required=False, label="Seen by")
    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Why it fulfils its purpose today",
        help_text="It stays with the visit.",
    )

    def prepare(self) -> None:
        """The reason is asked for where the visit may not fulfil its purpose."""
        field = cast(forms.ModelChoiceField, self.fields["practitioner"])
        field.queryset = visible(Practitioner.objects.select_related("user"), cast(User, self.request.user))
        field.empty_label = "The practitioner in charge"
        self.doubt = doubt_about(self.row) if self.row.state in FollowUp.MAY_ATTEND else None
        if not self.doubt:
            del self.fields["reason"]


class PinForm(ActForm):
    pinned_on = forms.DateField(label="Best on")
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class FollowUpForm(ConsoleModelForm):
    """A visit that no protocol asks for, owed after a consultation."""

    refusal_names = {"duration_minutes": "duration_minutes"}

    class Meta:
        model = FollowUp
        fields = ("title", "window_start", "target_date", "window_end", "duration_minutes")
        labels = {"window_start": "Earliest", "target_date": "Best", "window_end": "Latest"}
        widgets = {"window_start": DateInput, "target_date": DateInput, "window_end": DateInput}


@admin.register(FollowUp)
class FollowUpAdmin(DeskViews, ConsoleAdmin):
    form = FollowUpForm
    change_form_template = "console/follow_up.html"
    fields = ("title", "window_start", "target_date", "window_end", "duration_minutes")
    history_of = {ContactAttempt: "follow_up_id", Appointment: "follow_up_id"}
    history_grant = "view_clinical"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        return with_contact(
            visible(follow_ups_in_full(), cast(User, request.user)).select_related(
                "patient",
                "location",
                "plan__protocol",
                "plan__lead_practitioner__user",
                "consultation",
                "step",
                "cancelled_by",
                "pinned_by",
            )
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its window follows the plan; its state follows its visits."""
        return False

    def name_of(self, row: FollowUp) -> str:
        return f"{row.patient}: {row.title}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = page_context(reader(), request.GET)  # before the sidebar, which says how much it found
        context = {
            **self.admin_site.each_context(request),
            "title": "Follow-ups",
            "crumbs": [("Follow-ups", "")],
            "opts": self.opts,
            **shown,
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
                "sees_clinical": who.may_on("view_clinical", row),
                "attempts": list(row.attempts.select_related("attempted_by")),
                "visits": list(
                    visible(Appointment.objects.filter(follow_up=row), who.user)
                    .select_related("practitioner__user", "room", "location", "patient")
                    .order_by("-starts_at")
                ),
                "lead": row.plan.lead_practitioner if row.plan_id else None,
            }
        return super().render_change_form(request, context, *args, **kwargs)

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
        attempt = attempt_record(follow_up_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(call_toast(f"{row.patient}: call logged.", attempt))

    @act(
        "Is here now",
        grant="attend",
        is_legal=lambda row: (
            row.state in FollowUp.MAY_ATTEND and (row.plan is None or row.plan.status in TreatmentPlan.MAY_BOOK)
        ),
        form=AttendForm,
        icon="directions_walk",
        description="Books and closes the visit in one step, at this moment. A visit on a later day is given back.",
        submit="The visit took place",
    )
    def attend(self, request: HttpRequest, row: FollowUp, form: AttendForm) -> Done:
        follow_up_attend(follow_up_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: {row.title} took place.")

    @act(
        "Set the date",
        grant="pin",
        is_legal=in_states(FollowUp.MAY_PIN, "state"),
        form=PinForm,
        icon="push_pin",
        description="It stays there whatever moves in the plan, with as many days before and after as it has now.",
        submit="Set the date",
    )
    def pin(self, request: HttpRequest, row: FollowUp, form: PinForm) -> Done:
        follow_up_pin(follow_up_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: {row.title} is due around {within(reader().day(form.cleaned_data['pinned_on']))}.")

    @act(
        "Free the date",
        grant="pin",
        is_legal=lambda row: row.state in FollowUp.MAY_PIN and row.pinned_on is not None and row.step_id is not None,
        form=ReasonForm,
        icon="keep_off",
        description="It goes where the protocol puts it, and moves with the plan again.",
        submit="Free the date",
    )
    def unpin(self, request: HttpRequest, row: FollowUp, form: ReasonForm) -> Done:
        follow_up_pin(follow_up_id=row.pk, by=cast(User, request.user), pinned_on=None, **form.cleaned_data)
        return Done(f"{row.patient}: {row.title} moves with the plan again.")

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
