"""What is clinical behind a link: the date of birth first, then advice, and the course in plain words."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from plans.portal import birth
from plans.portal.access import CLINICAL, Page, plan_of
from plans.portal.queries import Course, care_for, courses_of
from plans.portal.sealing import is_sealed
from plans.portal.views.base import ActView, LinkView
from plans.portal.words import moment, short_day
from plans.protocols.models import CareTopic
from plans.treatment.models import TreatmentPlan
from plans.treatment.progress import Kind, State, Step

ADDRESSES = {Page.CARE: "care", Page.PROGRESS: "progress", Page.CHECK_IN: "check_in"}


HEADINGS: Mapping[CareTopic.Kind, Promise] = {
    CareTopic.Kind.PREPARATION: pgettext_lazy("page", "Before your visit"),
    CareTopic.Kind.AFTERCARE: pgettext_lazy("page", "After your visit"),
    CareTopic.Kind.LIFESTYLE: pgettext_lazy("page", "Between your visits"),
}
"""Above what several treatments share."""


class BirthView(ActView):
    """Compares the date of birth that was given, and lets this browser in."""

    shows = Page.CARE

    def _answer_opened(self, request: HttpRequest) -> HttpResponse:
        """Of any page that asks for it: which one, the form says."""
        asked = request.POST.get("next", "") if request.method == "POST" else ""
        self.after = Page(asked) if asked in {page.value for page in CLINICAL} else Page.CARE
        if not self.opened.may(self.after):
            return self._closed()
        if request.method != "POST":
            return self.get(request)
        self._check_body(request)
        return self.post(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        given = {name: request.POST.get(name, "").strip()[:10] for name in ("day", "month", "year")}
        if not is_sealed(self.opened.token, request.POST.get("seal", ""), self.now):
            return self.ask_birth(after=self.after, given=given, notice=gettext("Please try again."))
        written = _date(given)
        if written is None:
            notice = gettext("This is not a date. Use numbers for the day, the month and the year.")
            return self.ask_birth(after=self.after, given=given, notice=notice, is_wrong=True, status=422)
        verdict = birth.try_date(request, self.patient, written)
        if verdict.wait_seconds:
            minutes = -(-verdict.wait_seconds // 60)
            response = self.page_of_link("wait.html", {"minutes": minutes}, status=429)
            response["Retry-After"] = str(verdict.wait_seconds)
            return response
        if not verdict.is_right:
            notice = gettext("This is not the date of birth that we know. Please check it, or call us.")
            return self.ask_birth(after=self.after, given=given, notice=notice, is_wrong=True, status=422)
        response = self.done("", ADDRESSES[self.after])
        birth.remember(response, self.patient, self.now)
        return response


def _date(given: dict[str, str]) -> date | None:
    try:
        return date(int(given["year"]), int(given["month"]), int(given["day"]))
    except ValueError:
        return None


class CareView(LinkView):
    """How to prepare, and what to mind afterwards."""

    shows = Page.CARE

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        care = care_for(self.patient, self.opened.session, self.language, self.now)
        sections = [(part, part.title or HEADINGS[one.kind]) for one in care for part in one.parts]
        plan = plan_of(self.opened.subject)
        is_on_hold = plan is not None and plan.status == TreatmentPlan.Status.ON_HOLD
        context = {"sections": sections, "is_on_hold": is_on_hold, "notice": notice}
        return self.page_of_link("care.html", context, status=status)


class ProgressView(LinkView):
    """“2 of 3 treatments done”, and what is to come."""

    shows = Page.PROGRESS

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        courses = [
            {
                "done": course.done,
                "total": course.total,
                "number": course.total,
                "is_on_hold": course.is_on_hold,
                "treatments": _in_words(course.treatments, course),
                "others": _in_words(course.others, course),
            }
            for course in courses_of(self.patient)
        ]
        return self.page_of_link("progress.html", {"courses": courses, "notice": notice}, status=status)


def _in_words(steps: Sequence[Step], course: Course) -> list[tuple[str, str, str]]:
    """Of each: what it is, what a stylesheet calls it, and where it stands."""
    return [(_title(step, course), *_standing(step, course)) for step in steps]


def _title(step: Step, course: Course) -> str:
    if step.kind is Kind.SESSION:
        return gettext("Treatment %(number)s of %(total)s") % {
            "number": step.sequence,
            "total": course.total,
        }
    return gettext("Later treatment") if step.kind is Kind.MAINTENANCE else gettext("Check-up")


def _standing(step: Step, course: Course) -> tuple[str, str]:
    """What a stylesheet calls it, and where it stands in words."""
    if step.state is State.DONE and step.done_on is not None:
        return "done", gettext("Done on %(day)s") % {"day": short_day(step.done_on)}
    if step.booked_at is not None:
        when = moment(step.booked_at, course.plan.location.zone)
        return "booked", gettext("Booked: %(day)s, %(time)s") % {"day": when.day, "time": when.time}
    if step.state is State.IN_PROGRESS:
        return "booked", gettext("Today")
    if course.is_on_hold:
        return "planned", gettext("Paused")
    window = {"first": short_day(step.earliest), "last": short_day(step.latest)}
    if step.state in (State.OVERDUE, State.MISSED):
        return "late", gettext("Not booked yet. Please call us.")
    return "planned", gettext("Planned between %(first)s and %(last)s") % window
