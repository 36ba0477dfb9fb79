"""Recovery check-ins: a list, one check-in, and what staff write down when they ask by phone. For clinical roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Button, Done, act, buttons, in_states
from clinic.console.badges import Badge
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm, ReasonForm
from clinic.console.reader import Reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from clinic.people.models import User
from patients.models import Patient
from patients.queries import search
from plans.followups.looks import check_in_badge
from plans.followups.models import CheckIn
from plans.followups.queries import check_ins_in_full, check_ins_to_ask
from plans.followups.rules import is_of_use
from plans.followups.services import check_in_answer, check_in_cancel

State = CheckIn.State
SHOWN_TODAY = SHOWN_OF_PATIENT = 6


class NeedsFilter(ChoiceFilter):
    title = "what it needs"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "To ask now")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=check_ins_to_ask().values("pk"))


class AnswerForm(ActForm):
    note = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 4}), label="What the patient said")


def badge_of(check_in: Any) -> Badge:
    """The state of a row of `check_ins_in_full`."""
    return check_in_badge(check_in.state, check_in.window_start, check_in.window_end, check_in.today)


@admin.register(CheckIn)
class CheckInAdmin(ConsoleAdmin):
    change_form_template = "console/check_in.html"
    fields = ()
    list_display = ("patient_shown", "title", "state_shown", "session_shown", "phone")
    list_filter = (NeedsFilter, status_filter("state", State, "state"), LocationFilter)
    search_fields = ("session__plan__patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    ordering = ("-window_end", "-id")
    empty_reason = "No check-ins yet. They come when a session is performed."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CheckIn]:
        return visible(check_ins_in_full(), cast(User, request.user)).order_by(*self.ordering)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(session__plan__patient__in=search(Patient.objects.all(), search_term)), False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its window follows the session; the rest are its transitions."""
        return False

    def name_of(self, row: CheckIn) -> str:
        return f"{row.session.plan.patient}: {row.title}"

    @display(description="Patient", ordering="session__plan__patient__last_name")
    def patient_shown(self, check_in: CheckIn) -> str:
        return str(check_in.session.plan.patient)

    @display(description="State", ordering="window_end")
    def state_shown(self, check_in: CheckIn) -> Badge:
        return badge_of(check_in)

    @display(description="After")
    def session_shown(self, check_in: CheckIn) -> str:
        return check_in.session.title

    @display(description="Phone")
    def phone(self, check_in: CheckIn) -> str:
        return check_in.session.plan.patient.phone or "–"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        context |= {"check_in": row, "session": row.session, "plan": row.session.plan, "badge": badge_of(row)}
        return super().render_change_form(request, context, *args, **kwargs)

    @act(
        "Write the answer",
        grant="answer",
        is_legal=in_states(CheckIn.MAY_ANSWER, "state"),
        form=AnswerForm,
        icon="phone_in_talk",
        submit="Save",
        description="As the patient says it. For a red flag, do not write: act.",
        variant=ActionVariant.PRIMARY,
    )
    def answer(self, request: HttpRequest, row: CheckIn, form: AnswerForm) -> Done:
        check_in_answer(check_in_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.session.plan.patient}: {row.title} is answered.")

    @act(
        "Not needed",
        grant="cancel",
        is_legal=in_states(CheckIn.MAY_CANCEL, "state"),
        form=ReasonForm,
        icon="cancel",
        description="Nobody asks any more.",
        submit="Cancel the check-in",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: CheckIn, form: ReasonForm) -> Done:
        check_in_cancel(check_in_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.session.plan.patient}: {row.title} is not needed.")


@dataclass(frozen=True, slots=True)
class CheckInRow:
    """One check-in as panels show it."""

    check_in: Any
    badge: Badge
    acts: list[Button]


def check_in_rows(who: Reader, check_ins: Iterable[Any]) -> list[CheckInRow]:
    """One row each of `queries.check_ins_in_full`, with what is of use to do now. No query."""
    model_admin = admin.site._registry[CheckIn]
    return [
        CheckInRow(
            check_in,
            badge_of(check_in),
            buttons(model_admin, who.user, check_in, ("answer",))
            if is_of_use(check_in.window_end, check_in.today)
            else [],
        )
        for check_in in check_ins
    ]


def to_ask(who: Reader) -> QuerySet[Any]:
    """The check-ins the reader sees for which it is time, the freshest first."""
    return visible(check_ins_to_ask(), who.user).order_by("-window_end", "-id")


def number_to_ask(who: Reader) -> int:
    return who.once("check-ins to ask", lambda: to_ask(who).order_by().count())


@today_section(33)
def check_ins_today(who: Reader) -> Block | None:
    """Patients to ask how they recover, for clinical roles."""
    if not who.may("plans.checkin", "view"):
        return None
    rows = list(to_ask(who)[:SHOWN_TODAY])
    if not rows:
        return None
    return Block(
        "Recovery check-ins",
        "console/panels/check_ins.html",
        {"rows": check_in_rows(who, rows), "shows_patient": True},
        count=number_to_ask(who),
        link=("All", f"{reverse('admin:plans_checkin_changelist')}?needs=person"),
    )


@patient_panel(32)
def check_ins_of_patient(who: Reader, patient: Patient) -> Block | None:
    """How the patient recovered, the newest first."""
    if not who.may("plans.checkin", "view"):
        return None
    own = visible(check_ins_in_full().filter(session__plan__patient=patient), who.user).exclude(state=State.CANCELLED)
    rows = list(own.order_by("-target_date", "-id")[:SHOWN_OF_PATIENT])
    if not rows:
        return None
    return Block("Recovery check-ins", "console/panels/check_ins.html", {"rows": check_in_rows(who, rows)})


job(
    Job(
        title="Check-ins",
        url_name="admin:plans_checkin_changelist",
        icon="healing",
        resource="plans.checkin",
        position=65,
        badge=number_to_ask,
    )
)
