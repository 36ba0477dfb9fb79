"""Plans: list, making one from a consultation, its steps, and its transitions."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.records import Record
from clinic.words import NBSP
from patients.models import Patient
from patients.queries import search
from plans.consultations.models import Consultation
from plans.followups.admin import rows_of as follow_up_rows
from plans.followups.admin import with_contact
from plans.followups.queries import follow_ups_in_full
from plans.scheduling.admin.series import BooksSeries
from plans.treatment.admin.course import course_page, moved, next_in_words
from plans.treatment.admin.forms import (
    AcceptForm,
    DeclineForm,
    ExpectationForm,
    HoldForm,
    PlanForm,
    ResumeForm,
    ReviseForm,
)
from plans.treatment.admin.words import ChangeLine, change_lines
from plans.treatment.looks import plan_badge, session_badge
from plans.treatment.models import PlanRevision, ProcedureSession, TreatmentPlan
from plans.treatment.progress import Flag, Progress
from plans.treatment.queries import (
    flagged,
    in_the_way_of_completion,
    left_by_completion,
    progress_of,
    signed_consultations,
    with_course,
)
from plans.treatment.services import (
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
)

Status = TreatmentPlan.Status
OWED = frozenset({Status.ACCEPTED, Status.ACTIVE})


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as its plan shows it."""

    session: Any
    badge: Badge
    book_url: str
    is_later: bool
    """Whether it is booked once the one before it is, or all together."""


class ProgressFilter(ChoiceFilter):
    """How its course goes."""

    title = "progress"
    parameter_name = "progress"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(flag.value, flag.said) for flag in Flag]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return flagged(rows, [value])


class PlanList(ChangeList):
    """Plans with their course: four more queries for a page of them."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return with_course(super().get_queryset(request, exclude_parameters))


@admin.register(TreatmentPlan)
class TreatmentPlanAdmin(BooksSeries, ConsoleAdmin):
    form = PlanForm
    change_form_template = "console/plan.html"
    fields = ("protocol", "lead_practitioner", "start_date")
    list_display = ("patient_shown", "protocol_shown", "state", "done", "next_step", "adherence", "lead", "starts")
    list_select_related = ("patient", "protocol", "lead_practitioner__user", "location")
    list_filter = (ProgressFilter, status_filter("state", Status), LocationFilter)
    search_fields = ("patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    ordering = ("-id",)
    empty_reason = "No plans yet. One is made from a signed consultation that found a candidate."
    history_of = {PlanRevision: "plan_id"}
    history_grant = "view_clinical"

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[TreatmentPlan]:
        return (
            super()
            .get_queryset(request)
            .select_related("patient", "protocol", "lead_practitioner__user", "location", "consultation")
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlanList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(patient__in=search(Patient.objects.all(), search_term)), False

    @display(description="Patient", ordering="patient__last_name")
    def patient_shown(self, plan: TreatmentPlan) -> str:
        return str(plan.patient)

    @display(description="Plan", ordering="protocol__title")
    def protocol_shown(self, plan: TreatmentPlan) -> str:
        return plan.protocol.title

    @display(description="State", ordering="status")
    def state(self, plan: TreatmentPlan) -> Badge:
        return plan_badge(plan)

    @display(description="Sessions done")
    def done(self, plan: Any) -> str:
        found = self._progress(plan)
        return _unbroken(f"{found.sessions_done} of {found.sessions_total}")

    @display(description="Next step")
    def next_step(self, plan: Any) -> str:
        return next_in_words(reader(), plan, self._progress(plan).next)

    @display(description="Adherence")
    def adherence(self, plan: Any) -> str:
        pct = self._progress(plan).adherence_pct
        return "–" if pct is None else _unbroken(f"{pct} %")

    def _progress(self, plan: Any) -> Progress:
        return reader().once(f"progress of {plan.pk}", lambda: progress_of(plan))

    @display(description="In charge")
    def lead(self, plan: TreatmentPlan) -> str:
        return _unbroken(str(plan.lead_practitioner))

    @display(description="Starts", ordering="start_date")
    def starts(self, plan: TreatmentPlan) -> str:
        return _unbroken(reader().day(plan.start_date, plan.location.zone))

    def name_of(self, row: TreatmentPlan) -> str:
        return f"{row.patient}: {row.protocol.title}"

    # The form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft is edited; later on there are revisions."""
        if isinstance(obj, TreatmentPlan) and obj.status not in TreatmentPlan.MAY_EDIT:
            return False
        return super().has_change_permission(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.consultation = obj.consultation if obj else consultation_asked_for(request)
        return form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        plan = kwargs.get("obj")
        if plan is None:
            context |= {"consultation": context["adminform"].form.consultation}
        else:
            context |= self._page(request, plan)
        return super().render_change_form(request, context, *args, **kwargs)

    def _page(self, request: HttpRequest, plan: TreatmentPlan) -> dict[str, Any]:
        who = reader()
        sees_clinical = who.may_on("view_clinical", plan)
        back = self.url_of(plan)
        full = with_course(TreatmentPlan.objects.filter(pk=plan.pk).select_related("patient", "protocol")).get()
        rows = session_rows(who, full.course_sessions, full, back)
        follow_ups = with_contact(visible(follow_ups_in_full().filter(plan=plan), who.user)).order_by(
            "target_date", "id"
        )
        needed = {
            Modality(one.modality)
            for row in rows
            for one in row.session.components.all()
            if not row.session.cancelled_at
        }
        consented = {Modality(modality) for modality in full.consented}
        return {
            "plan": plan,
            "badge": plan_badge(plan),
            "sessions": rows,
            "follow_ups": follow_up_rows(who, follow_ups, back, ()),
            "consents": [(modality.label, modality in consented) for modality in sorted(needed)],
            "sees_clinical": sees_clinical,
            "course": course_page(who, full, back),
            "moved": moved(who, plan),
            "revisions": revisions_of(plan) if sees_clinical else [],
            "has_errors": request.method == "POST",
        }

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            row.consultation = form.consultation
            row.patient, row.location = form.consultation.patient, form.consultation.location
        return row

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        return plan_create(by=cast(User, request.user), consultation=consultation_asked_for(request), **data)

    def update(self, request: HttpRequest, row: TreatmentPlan, data: dict[str, Any]) -> Record:
        return plan_edit(plan_id=row.pk, changes=data)

    # Transitions

    @act(
        "Propose",
        grant="propose",
        is_legal=in_states(TreatmentPlan.MAY_PROPOSE),
        form=ExpectationForm,
        icon="contract",
        description="Puts the plan before the patient.",
        variant=ActionVariant.PRIMARY,
    )
    def propose(self, request: HttpRequest, row: TreatmentPlan, form: ActForm) -> Done:
        plan_propose(plan_id=row.pk)
        return Done(f"{row.patient}: the plan is proposed.")

    @act(
        "Accept",
        grant="accept",
        is_legal=in_states(TreatmentPlan.MAY_ACCEPT),
        form=AcceptForm,
        icon="handshake",
        description="The patient accepts, and signs the consent for each treatment. Then visits can be booked.",
        submit="The patient accepts",
        variant=ActionVariant.PRIMARY,
    )
    def accept(self, request: HttpRequest, row: TreatmentPlan, form: AcceptForm) -> Done:
        plan_accept(
            plan_id=row.pk,
            by=cast(User, request.user),
            accepted_on=form.cleaned_data["accepted_on"],
            consents=form.consents(),
        )
        return Done(f"{row.patient}: the plan is accepted; its visits can be booked.")

    @act(
        "Decline",
        grant="decline",
        is_legal=in_states(TreatmentPlan.MAY_DECLINE),
        form=DeclineForm,
        icon="thumb_down",
        submit="The patient declines",
        variant=ActionVariant.DANGER,
    )
    def decline(self, request: HttpRequest, row: TreatmentPlan, form: DeclineForm) -> Done:
        plan_decline(plan_id=row.pk, reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: the plan is declined.")

    @act(
        "Hold",
        grant="hold",
        is_legal=in_states(TreatmentPlan.MAY_HOLD),
        form=HoldForm,
        icon="pause_circle",
        description="Nothing falls due. Booked visits stay, marked to rebook; their reminders stop.",
        submit="Put on hold",
    )
    def hold(self, request: HttpRequest, row: TreatmentPlan, form: HoldForm) -> Done:
        plan_hold(plan_id=row.pk, reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: the plan is on hold.")

    @act(
        "Resume",
        grant="resume",
        is_legal=in_states(TreatmentPlan.MAY_RESUME),
        form=ResumeForm,
        icon="play_circle",
        description="What is owed is worked out anew.",
        variant=ActionVariant.PRIMARY,
    )
    def resume(self, request: HttpRequest, row: TreatmentPlan, form: ResumeForm) -> Done:
        plan_resume(plan_id=row.pk)
        return Done(f"{row.patient}: the plan goes on.")

    @act(
        "Revise",
        grant="revise",
        is_legal=in_states(TreatmentPlan.MAY_REVISE),
        form=ReviseForm,
        icon="edit_note",
        description="What was performed stays; what is still owed follows the new steps.",
    )
    def revise(self, request: HttpRequest, row: TreatmentPlan, form: ReviseForm) -> Done:
        plan_revise(plan_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: the plan is revised.")

    @act(
        "Complete",
        grant="complete",
        is_legal=lambda row: row.status in TreatmentPlan.MAY_COMPLETE and not in_the_way_of_completion(row),
        icon="check_circle",
        description="Nothing of it may be owed any more. Maintenance that was offered but not taken is let go.",
    )
    def complete(self, request: HttpRequest, row: TreatmentPlan, form: ActForm) -> Done:
        plan = plan_complete(plan_id=row.pk, by=cast(User, request.user))
        return Done(f"{row.patient}: the plan is complete.", warnings=left_by_completion(plan))

    @act(
        "Discontinue",
        grant="discontinue",
        is_legal=in_states(TreatmentPlan.MAY_DISCONTINUE),
        form=ReasonForm,
        icon="stop_circle",
        description="Ends the plan before its end: open sessions, follow-ups and visits are cancelled.",
        submit="Discontinue the plan",
        variant=ActionVariant.DANGER,
    )
    def discontinue(self, request: HttpRequest, row: TreatmentPlan, form: ReasonForm) -> Done:
        plan_discontinue(plan_id=row.pk, by=cast(User, request.user), reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: the plan is discontinued.")


def _unbroken(text: str) -> str:
    """On one line of a narrow column."""
    return text.replace(" ", NBSP)


def next_to_book(sessions: QuerySet[ProcedureSession], today: date) -> QuerySet[ProcedureSession]:
    """The next planned session of each accepted plan, where its window has opened; booked or not."""
    planned = ProcedureSession.objects.filter(status=ProcedureSession.Status.PLANNED)
    before = planned.filter(plan=OuterRef("plan"), sequence__lt=OuterRef("sequence"))
    return sessions.filter(
        ~Exists(before),
        status=ProcedureSession.Status.PLANNED,
        plan__status__in=TreatmentPlan.MAY_BOOK,
        window_start__lte=today,
    )


def revisions_of(plan: TreatmentPlan) -> list[tuple[PlanRevision, list[ChangeLine]]]:
    """Each revision with what it changed, the latest first."""
    revisions = plan.revisions.select_related("protocol", "revised_by").order_by("-number")
    return [(revision, change_lines(revision.changes)) for revision in revisions]


def session_rows(who: Reader, sessions: Any, plan: TreatmentPlan, back: str) -> list[SessionRow]:
    """One row a session, in their order; booking leads on to `back`, for the first that waits for it. No query."""
    today = who.today_at(plan.location.zone)
    may_book = plan.status in TreatmentPlan.MAY_BOOK and who.may_on("add", plan, "plans.appointment")
    rows = []
    behind = is_later = False
    for session in sessions:
        waits = session.status in ProcedureSession.MAY_BOOK and not session.is_scheduled
        badge = session_badge(
            session,
            today,
            is_booked=session.is_scheduled,
            is_here=session.is_here,
            is_owed=plan.status in OWED and not behind,
        )
        is_next = may_book and waits and not is_later
        url = booking_url(session, back) if is_next else ""
        rows.append(SessionRow(session, badge, url, is_later=may_book and waits and is_later))
        is_later = is_later or is_next
        behind = behind or session.status in ProcedureSession.OPEN
    return rows


def booking_url(session: ProcedureSession, back: str = "") -> str:
    """Where a time is chosen for it; afterwards on to `back`."""
    return f"{reverse('admin:plans_appointment_add')}?session={session.pk}" + (f"&next={back}" if back else "")


def consultation_asked_for(request: HttpRequest) -> Consultation:
    """The consultation that the address names. Raises Http404 where the reader sees none such that is signed."""
    rows = signed_consultations().select_related("patient", "location", "practitioner")
    try:
        return visible(rows, cast(User, request.user)).get(pk=request.GET.get("consultation"))
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None


job(Job("Plans", "admin:plans_treatmentplan_changelist", "assignment", "plans.treatmentplan", 40))
