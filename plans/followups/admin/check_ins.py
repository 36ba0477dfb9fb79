"""Recovery check-ins: a list, one check-in, and what staff write down when they ask by phone. For clinical roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import path, reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Button, Done, act, buttons, in_states
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from clinic.people.models import User
from patients.models import Patient
from patients.queries import search
from plans.followups import recovery
from plans.followups.admin.alarms import Alarms
from plans.followups.looks import check_in_badge, flags_badge, flags_in_words
from plans.followups.models import CheckIn, CheckInPhoto, CheckInReport
from plans.followups.queries import check_ins_in_full, check_ins_to_ask, red_flags_open, with_open_flags
from plans.followups.rules import is_of_use
from plans.followups.services import (
    LONGEST_ACKNOWLEDGEMENT,
    check_in_answer,
    check_in_cancel,
    check_in_report_acknowledge,
)

State = CheckIn.State
SHOWN_TODAY = SHOWN_OF_PATIENT = 6
FLAGS_SHOWN = 12
RED_FLAG = Badge(Tone.STOP, "Red flag, not acknowledged", "emergency_home")


class NeedsFilter(ChoiceFilter):
    title = "what it needs"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "To ask now"), ("flags", "Red flags to acknowledge")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "flags":
            return rows.filter(pk__in=red_flags_open().order_by().values("pk"))
        return rows.filter(pk__in=check_ins_to_ask().values("pk"))


class AnswerForm(ActForm):
    note = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 4}), label="What the patient said")


class AcknowledgeForm(ActForm):
    above = "console/parts/reported.html"
    acknowledgement = forms.CharField(
        max_length=LONGEST_ACKNOWLEDGEMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="What was done",
        help_text="Called the patient, sent them to emergency care, saw them: as it was.",
    )

    @property
    def flags(self) -> str:
        """What must not wait, in words; empty for a row without an answer."""
        report = report_of(self.row)
        return flags_in_words(report) if report is not None else ""

    @property
    def note(self) -> str:
        """What the patient wrote besides."""
        return note_of(report_of(self.row))


def report_of(check_in: Any) -> CheckInReport | None:
    """What the patient answered behind the link, if they did. No query for a row of `check_ins_in_full`."""
    return getattr(check_in, "report", None)


def note_of(report: CheckInReport | None) -> str:
    """What the patient wrote in their own words; empty where nothing."""
    return str(report.answers.get("note", "")) if report is not None else ""


def has_open_flags(check_in: Any) -> bool:
    """Whether red flags of it wait for somebody."""
    report = report_of(check_in)
    return report is not None and report.acknowledge_by is not None and report.acknowledged_at is None


def badge_of(check_in: Any) -> Badge:
    """The state of a row of `check_ins_in_full`. It is answered, and still not done, while its red flags wait."""
    if has_open_flags(check_in):
        return RED_FLAG
    return check_in_badge(
        check_in.state, check_in.window_start, check_in.window_end, check_in.today, check_in.is_overtaken
    )


@admin.register(CheckIn)
class CheckInAdmin(Alarms, ConsoleAdmin):
    change_form_template = "console/check_in.html"
    fields = ()
    list_display = ("patient_shown", "title", "state_shown", "session_shown", "phone")
    list_filter = (NeedsFilter, status_filter("state", State, "state"), LocationFilter)
    search_fields = ("session__plan__patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    empty_reason = "No check-ins yet. They come when a session is performed."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CheckIn]:
        return with_open_flags(visible(check_ins_in_full(), cast(User, request.user)))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Whose red flags wait come first."""
        return ("-has_open_flags", "-window_end", "-id")

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
        report = report_of(row)
        context |= {"check_in": row, "session": row.session, "plan": row.session.plan, "badge": badge_of(row)}
        if report is not None:
            context |= {
                "report": report,
                "answers": recovery.in_words(report.answers),
                "note": note_of(report),
                "language": dict(settings.LANGUAGES).get(report.language, report.language),
                "flags": flags_badge(report, reader().now),
                "photos": list(report.photos.all()) if reader().may("plans.checkinphoto", "view") else [],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        photo = path("photo/<uuid:photo_id>/", self.admin_site.admin_view(self.photo), name="plans_checkin_photo")
        return [photo, *super().get_urls()]

    def photo(self, request: HttpRequest, photo_id: UUID) -> FileResponse:
        """A picture that the patient sent. Raises Http404 for who may not see it."""
        shown = visible(CheckInPhoto.objects.filter(pk=photo_id), cast(User, request.user)).first()
        if shown is None or request.method not in ("GET", "HEAD"):
            raise Http404
        try:
            content = shown.image.open("rb")
        except FileNotFoundError:
            raise Http404 from None
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return FileResponse(content, headers=headers)

    @act(
        "Acknowledge",
        grant="acknowledge",
        resource="plans.checkinreport",
        is_legal=has_open_flags,
        form=AcknowledgeForm,
        icon="health_and_safety",
        submit="Acknowledge",
        description="You have seen to what the patient reported. It leaves the list of red flags.",
        variant=ActionVariant.PRIMARY,
    )
    def acknowledge(self, request: HttpRequest, row: CheckIn, form: AcknowledgeForm) -> Done:
        check_in_report_acknowledge(check_in_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.session.plan.patient}: the red flags are acknowledged.")

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
            if is_of_use(check_in.window_end, check_in.today) and not check_in.is_overtaken
            else [],
        )
        for check_in in check_ins
    ]


def to_ask(who: Reader) -> QuerySet[Any]:
    """The check-ins the reader sees for which it is time, the freshest first."""
    return visible(check_ins_to_ask(), who.user).order_by("-window_end", "-id")


def number_wanted(who: Reader) -> int:
    """How many check-ins want somebody: to be asked, or to be seen to."""
    return number_to_ask(who) + open_flags(who).number


def number_to_ask(who: Reader) -> int:
    return who.once("check-ins to ask", lambda: to_ask(who).order_by().count())


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One answer with red flags as Today shows it."""

    check_in: Any
    badge: Badge | None
    flags: str
    note: str
    """The patient's own words."""
    acts: list[Button]


@dataclass(frozen=True, slots=True)
class OpenFlags:
    """The check-ins whose red flags wait for somebody, the most urgent of them, and how many there are."""

    first: list[Any]
    number: int


def open_flags(who: Reader) -> OpenFlags:
    """Those that the reader sees. One query a page, two where there are more than are shown."""

    def find() -> OpenFlags:
        waiting = visible(red_flags_open(), who.user)
        found = list(waiting[: FLAGS_SHOWN + 1])
        return OpenFlags(found[:FLAGS_SHOWN], len(found) if len(found) <= FLAGS_SHOWN else waiting.count())

    return who.once("red flags", find)


@today_section(1)
def red_flags_today(who: Reader) -> Block | None:
    """What patients reported that must not wait, for clinical roles, the most urgent first."""
    if not who.may("plans.checkinreport", "view"):
        return None
    flags = open_flags(who)
    if not flags.first:
        return None
    model_admin = admin.site._registry[CheckIn]
    rows = [
        FlagRow(
            check_in,
            flags_badge(check_in.report, who.now),
            flags_in_words(check_in.report),
            note_of(check_in.report),
            buttons(model_admin, who.user, check_in, ("acknowledge",)),
        )
        for check_in in flags.first
    ]
    context = {"rows": rows, "more": flags.number - len(rows)}
    return Block("Red flags", "console/panels/red_flags.html", context, count=flags.number, is_wide=True)


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
    own = visible(check_ins_in_full().filter(session__plan__patient=patient), who.user).exclude(
        state=State.CANCELLED, report=None
    )
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
        badge=number_wanted,
    )
)
