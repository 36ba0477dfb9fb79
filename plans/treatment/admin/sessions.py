"""Sessions: list, gates, charting, signature and amendment."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.words import date_in_full, within
from patients.models import Patient
from patients.queries import search
from plans.followups.admin import check_in_rows
from plans.followups.queries import check_ins_in_full
from plans.treatment.admin.charting import AbortForm, AmendForm, PerformForm, charted
from plans.treatment.admin.forms import PinForm, UnpinForm
from plans.treatment.admin.plans import OWED, booking_url, next_to_book
from plans.treatment.looks import session_badge
from plans.treatment.models import (
    ProcedureSession,
    SessionAmendment,
    TreatmentPlan,
    Zone,
)
from plans.treatment.queries import advice_for, consented_modalities, early_warning, sessions_in_full, with_visit
from plans.treatment.services import (
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_pin,
    session_sign,
    session_start,
)

Status = ProcedureSession.Status
SETTLED = (Status.SIGNED, Status.AMENDED, Status.CANCELLED)


def _may_pin(session: ProcedureSession) -> bool:
    return session.status in ProcedureSession.MAY_PIN and session.plan.status in TreatmentPlan.MAY_PIN


class WorkFilter(ChoiceFilter):
    """What a session waits for."""

    title = "what it waits for"
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("book", "To book"), ("sign", "To sign")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "sign":
            return rows.filter(status__in=ProcedureSession.MAY_SIGN)
        return next_to_book(rows, reader().today).filter(is_scheduled=False)


@admin.register(ProcedureSession)
class ProcedureSessionAdmin(ConsoleAdmin):
    change_form_template = "console/session.html"
    fields = ()
    list_display = ("patient_shown", "title", "state", "target", "visit")
    list_filter = (WorkFilter, status_filter("state", Status), LocationFilter)
    search_fields = ("plan__patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    # What is still to be signed or given comes first.
    ordering = (ExpressionWrapper(Q(status__in=SETTLED), BooleanField()).asc(), "target_date", "id")
    empty_reason = "No sessions yet. They come with a plan."
    history_of = {SessionAmendment: "session_id"}
    history_grant = "view_clinical"

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcedureSession]:
        rows = super().get_queryset(request)
        return with_visit(rows).select_related("plan__patient", "plan__location", "plan__protocol", "step")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(plan__patient__in=search(Patient.objects.all(), search_term)), False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Sessions come with a plan."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A session changes by its transitions alone."""
        return False

    @display(description="Patient", ordering="plan__patient__last_name")
    def patient_shown(self, session: ProcedureSession) -> str:
        return str(session.plan.patient)

    @display(description="State", ordering="status")
    def state(self, session: Any) -> Badge:
        return _badge(session)

    @display(description="Best", ordering="target_date")
    def target(self, session: ProcedureSession) -> str:
        return reader().day(session.target_date, session.plan.location.zone)

    @display(description="Visit")
    def visit(self, session: Any) -> str:
        return reader().moment(session.visit_at, session.plan.location.zone) if session.visit_at else "–"

    def name_of(self, row: ProcedureSession) -> str:
        return f"{row.plan.patient}: {row.title}"

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        who = reader()
        sees_clinical = who.may_on("view_clinical", row)
        context |= {
            "session": row,
            "plan": row.plan,
            "badge": _badge(row),
            "book_url": _book_url(who, row),
            "sees_clinical": sees_clinical,
            "gates": _gates(row) if row.status == Status.PLANNED else [],
            "lead": row.plan.lead_practitioner,
            "advice": advice_for(row.step, row.plan.patient.language),
        }
        if sees_clinical:
            context |= _chart(row)
        return super().render_change_form(request, context, *args, **kwargs)

    # Transitions

    @act(
        "Start",
        grant="start",
        is_legal=lambda row: row.status in ProcedureSession.MAY_START and row.plan.status in TreatmentPlan.MAY_BOOK,
        icon="play_circle",
        description="The session begins now; its visit counts as arrived.",
        variant=ActionVariant.PRIMARY,
    )
    def start(self, request: HttpRequest, row: ProcedureSession, form: ActForm) -> Done:
        session_start(session_id=row.pk, by=cast(User, request.user))
        return Done(f"{row.plan.patient}: {row.title} has begun.", url=self.url_of(row))

    @act(
        "Chart",
        grant="perform",
        is_legal=in_states(ProcedureSession.MAY_PERFORM),
        form=PerformForm,
        icon="edit_document",
        submit="Save as performed",
        variant=ActionVariant.PRIMARY,
        page="console/chart.html",
    )
    def perform(self, request: HttpRequest, row: ProcedureSession, form: PerformForm) -> Done:
        data = form.cleaned_data
        session = session_perform(
            session_id=row.pk,
            by=cast(User, request.user),
            performed_at=data["performed_at"],
            components=form.given(),
            zones=data["zones"],
            pain_0_10=data["pain_0_10"],
            deviations=data["deviations"],
        )
        said = f"{row.plan.patient}: {row.title} is charted."
        return Done(said, url=self.url_of(row), warnings=early_warning(session))

    @act(
        "Abort",
        grant="abort",
        is_legal=in_states(ProcedureSession.MAY_ABORT),
        form=AbortForm,
        icon="stop_circle",
        description="The step is owed again, as a new session. Whatever was given starts the minimum interval.",
        submit="Abort the session",
        variant=ActionVariant.DANGER,
        page="console/chart.html",
    )
    def abort(self, request: HttpRequest, row: ProcedureSession, form: AbortForm) -> Done:
        session_abort(
            session_id=row.pk,
            by=cast(User, request.user),
            reason=form.cleaned_data["reason"],
            components=form.given(),
            zones=form.cleaned_data["zones"],
            pain_0_10=form.cleaned_data["pain_0_10"],
        )
        return Done(f"{row.plan.patient}: {row.title} was aborted; it is owed again.", url=self.url_of(row))

    @act(
        "Sign",
        grant="sign",
        is_legal=in_states(ProcedureSession.MAY_SIGN),
        icon="signature",
        description="From then on it changes only by amendment.",
        variant=ActionVariant.PRIMARY,
    )
    def sign(self, request: HttpRequest, row: ProcedureSession, form: ActForm) -> Done:
        session_sign(session_id=row.pk, by=cast(User, request.user))
        return Done(f"{row.plan.patient}: {row.title} is signed.")

    @act(
        "Amend",
        grant="amend",
        is_legal=in_states(ProcedureSession.MAY_AMEND),
        form=AmendForm,
        icon="edit_note",
        description="What it said before stays in its history.",
        submit="Amend the record",
        page="console/chart.html",
    )
    def amend(self, request: HttpRequest, row: ProcedureSession, form: AmendForm) -> Done:
        session_amend(
            session_id=row.pk,
            by=cast(User, request.user),
            reason=form.cleaned_data["reason"],
            changes=form.changes(),
        )
        return Done(f"{row.plan.patient}: {row.title} is amended.", url=self.url_of(row))

    @act(
        "Pin a date",
        grant="pin",
        is_legal=_may_pin,
        form=PinForm,
        icon="keep",
        description="It is aimed at this day, and stays so when the course is worked out anew. What follows it moves.",
        submit="Pin the date",
    )
    def pin(self, request: HttpRequest, row: ProcedureSession, form: PinForm) -> Done:
        return Done(_pinned(session_pin(session_id=row.pk, by=cast(User, request.user), **form.cleaned_data)))

    @act(
        "Remove pin",
        grant="pin",
        is_legal=lambda row: _may_pin(row) and row.pinned_on is not None,
        form=UnpinForm,
        icon="keep_off",
        description="It goes back to where the protocol puts it. What follows it moves.",
        submit="Remove the pin",
    )
    def unpin(self, request: HttpRequest, row: ProcedureSession, form: UnpinForm) -> Done:
        reason = form.cleaned_data["reason"]
        return Done(_pinned(session_pin(session_id=row.pk, by=cast(User, request.user), pinned_on=None, reason=reason)))

    @act(
        "Not needed",
        grant="cancel",
        is_legal=in_states(ProcedureSession.MAY_CANCEL),
        form=ReasonForm,
        icon="cancel",
        description="It is not owed any more, and a visit booked for it is cancelled.",
        submit="Cancel the session",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: ProcedureSession, form: ReasonForm) -> Done:
        session_cancel(session_id=row.pk, by=cast(User, request.user), reason=form.cleaned_data["reason"])
        return Done(f"{row.plan.patient}: {row.title} is not owed any more.")


def _pinned(session: ProcedureSession) -> str:
    """What became of the pin, in words."""
    day = within(reader().day(session.target_date, session.plan.location.zone))
    if session.pin_conflict:
        return f"{session.title} cannot be on the day you pinned, and is aimed at {day}. {session.pin_conflict}"
    return f"{session.title} is aimed at {day}."


def _badge(session: Any) -> Badge:
    today = reader().today_at(session.plan.location.zone)
    return session_badge(
        session,
        today,
        is_booked=session.is_scheduled,
        is_here=session.is_here,
        is_owed=session.plan.status in OWED,
    )


def _book_url(who: Reader, session: Any) -> str:
    is_bookable = session.status in ProcedureSession.MAY_BOOK and session.plan.status in TreatmentPlan.MAY_BOOK
    if not is_bookable or session.is_scheduled or not who.may_on("add", session.plan, "plans.appointment"):
        return ""
    return booking_url(session)


def _gates(session: ProcedureSession) -> list[tuple[Badge, str]]:
    """What must hold before it starts: the plan accepted, a consent for each treatment; and how today suits it."""
    is_open = session.plan.status in TreatmentPlan.MAY_BOOK
    state = session.plan.get_status_display().lower()
    gates = [(Badge(Tone.DONE, "Fine") if is_open else Badge(Tone.STOP, "Closed", "block"), f"The plan is {state}")]
    consented = consented_modalities(session.plan)
    for component in session.components.all():
        modality = Modality(component.modality)
        if modality in consented:
            gates.append((Badge(Tone.DONE, "Given"), f"Consent for {modality.label} is given"))
        else:
            gates.append(
                (Badge(Tone.STOP, "Closed", "block"), f"Consent for {modality.label} is missing: the patient signs it")
            )
    return [*gates, _timing(session)]


def _timing(session: ProcedureSession) -> tuple[Badge, str]:
    """Whether today lies in its window, and what set that."""
    today = reader().today_at(session.plan.location.zone)
    if today < session.window_start:
        because = f"{date_in_full(session.window_start)}. {session.window_because}"
        return Badge(Tone.SOON, "Too early", "schedule"), f"Its window opens on {because}".strip()
    if today > session.window_end:
        return Badge(Tone.SOON, "Late", "schedule"), f"Its window closed on {date_in_full(session.window_end)}"
    return Badge(Tone.DONE, "Fine"), "Today lies in its window"


def _chart(session: ProcedureSession) -> dict[str, Any]:
    """What was charted, for who may know it."""
    full = sessions_in_full().get(pk=session.pk)
    return {
        "cards": [
            (component, charted(component), list(component.warnings.all())) for component in full.components.all()
        ],
        "zones": ", ".join(str(Zone(zone).label) for zone in full.zones),
        "operator": full.operator,
        "check_ins": {"rows": check_in_rows(reader(), check_ins_in_full().filter(session=session))},
        "amendments": list(full.amendments.select_related("amended_by")),
    }


job(Job("Sessions", "admin:plans_proceduresession_changelist", "vaccines", "plans.proceduresession", 50))
