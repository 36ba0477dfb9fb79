"""Behind a visit's link: when and where; confirm, another time, cancel, and a file for the calendar."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, ngettext

from clinic.errors import Busy, Conflict, Refusal
from plans.followups.models import FollowUp
from plans.followups.queries import state_of
from plans.messages.links import Link, Purpose
from plans.messages.render import Entry, calendar_file
from plans.portal.access import Page, plan_of
from plans.portal.queries import DAYS_SHOWN, Times, wanted_for_visit
from plans.portal.rules import may_change
from plans.portal.services import TOO_LATE, visit_cancel, visit_confirm, visit_move
from plans.portal.views.base import ActView, LinkView, address_of_page, posted_number
from plans.portal.words import day, moment, time_of_day
from plans.scheduling.models import Appointment
from plans.treatment.models import TreatmentPlan

Status = Appointment.Status
MAP = "https://www.google.com/maps/search/"
MORE_DAYS = 6
MOST_DAYS = 60


def link_to(visit: Appointment, generation: int, said: str = "") -> str:
    """The page of another visit of the same patient."""
    return address_of_page(Link(Purpose.VISIT, visit.pk, generation).token, said=said)


class VisitPage(LinkView):
    """What all of a visit's pages know of it."""

    shows = Page.VISIT

    @property
    def visit(self) -> Appointment:
        return self.opened.visit

    @property
    def is_on_hold(self) -> bool:
        plan = plan_of(self.visit)
        return plan is not None and plan.status == TreatmentPlan.Status.ON_HOLD

    @property
    def may_change(self) -> bool:
        """Whether the patient may move or cancel it themselves."""
        is_awaited = self.visit.status in Appointment.MAY_RESCHEDULE
        return is_awaited and may_change(self.visit.starts_at, self.location.patient_cancel_hours, self.now)

    said = ""
    """What the page says once the act is done."""

    def is_done(self) -> bool:
        """Whether the visit is already as this act would leave it."""
        return False

    def again(self) -> None:
        """Read the visit anew: an act may have met another state of it than the page showed."""
        self.visit.refresh_from_db(fields=["status", "starts_at", "ends_at", "revision", "practitioner"])

    def state(self, notice: str = "") -> dict[str, object]:
        visit, hours = self.visit, self.location.patient_cancel_hours
        said = self.request.GET.get("said", "")
        may_confirm = visit.status == Status.BOOKED and self.now < visit.starts_at and not self.is_on_hold
        return {
            "visit": visit,
            "map_url": f"{MAP}?{urlencode({'api': 1, 'query': f'{self.location.name}, {self.location.address}'})}",
            "when": moment(visit.starts_at, self.location.zone),
            "practitioner": visit.practitioner if self.is_known else None,
            "rebook_path": self._rebook_path(),
            "is_cancelled": visit.status == Status.CANCELLED,
            "is_confirmed": visit.status in (Status.CONFIRMED, Status.ARRIVED),
            "is_here": visit.status == Status.ARRIVED,
            "has_begun": self.now >= visit.starts_at,
            "is_on_hold": self.is_on_hold,
            "may_confirm": may_confirm,
            "asks_to_confirm": may_confirm and said == "confirm",
            "may_move": self.may_change and not self.is_on_hold,
            "may_cancel": self.may_change,
            "deadline": ngettext(
                "Less than %(hours)s hour before your visit it can be moved or cancelled by phone only.",
                "Less than %(hours)s hours before your visit it can be moved or cancelled by phone only.",
                hours,
            )
            % {"hours": hours},
            "notice": notice,
            "said": said,
        }

    def _rebook_path(self) -> str:
        """Where another time can be chosen after it was cancelled: a follow-up that is still owed; else empty."""
        follow_up = self.visit.follow_up
        if self.visit.status != Status.CANCELLED or follow_up is None:
            return ""
        if state_of(follow_up) not in FollowUp.MAY_BOOK or self.is_on_hold:
            return ""
        return address_of_page(Link(Purpose.FOLLOW_UP, follow_up.pk, self.patient.link_generation).token)

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        return self.page_of_link("visit.html", self.state(notice), status=status)

    def refused(self, refusal: Refusal) -> HttpResponse:
        """The page as the visit stands now, and why nothing was changed."""
        if isinstance(refusal, Busy):
            raise refusal
        self.again()
        if self.is_done():  # by the same press, twice at once
            return self.done(self.said)
        if refusal.code == TOO_LATE:
            notice = gettext("It is too late to change this here. Nothing was changed. Please call us.")
        else:
            notice = gettext("Your visit has changed meanwhile. Nothing was changed now. This is how it stands.")
        return self.show(notice=notice, status=409)


class VisitView(VisitPage):
    """When and where."""


class ConfirmView(VisitPage, ActView):
    """The patient will come."""

    said = "confirmed"

    def is_done(self) -> bool:
        return self.visit.status == Status.CONFIRMED

    def get(self, request: HttpRequest) -> HttpResponse:
        """The button of a mail leads here: one more press, as a mail scanner opens links too."""
        return HttpResponseRedirect(self.address(said="confirm"))

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_done():
            return self.done(self.said)
        try:
            visit_confirm(visit=self.visit, revision=posted_number(request, "revision"))
        except Refusal as refusal:
            return self.refused(refusal)
        return self.done(self.said)


class CancelView(VisitPage):
    """Asks once more, then cancels."""

    said = "cancelled"

    def is_done(self) -> bool:
        return self.visit.status == Status.CANCELLED

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.may_change:
            return self.show()
        return self.page_of_link("cancel.html", self.state())

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_done():
            return self.done(self.said)
        try:
            visit_cancel(visit=self.visit, revision=posted_number(request, "revision"))
        except Refusal as refusal:
            return self.refused(refusal)
        return self.done(self.said)


class MoveView(VisitPage):
    """Free times to choose from; then moves."""

    said = "moved"

    def is_done(self) -> bool:
        """Whether it stands at the time that was chosen."""
        visit = self.visit
        own = f"{int(visit.starts_at.timestamp())}-{visit.practitioner_id.hex}"
        return visit.status in Appointment.MAY_RESCHEDULE and self.request.POST.get("time") == own

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.may_change or self.is_on_hold:
            return self.show()
        return self._choices()

    def post(self, request: HttpRequest) -> HttpResponse:
        value = request.POST.get("time", "")
        if not value:
            return self._choices(gettext("Please choose a time first."), status=422)
        if self.is_done():
            return self.done(self.said)
        try:
            visit_move(visit=self.visit, revision=posted_number(request, "revision"), value=value)
        except Conflict as refusal:
            self.again()
            if self.is_done() or refusal.code == TOO_LATE or not self.may_change or self.is_on_hold:
                return self.refused(refusal)
            notice = gettext("This time has just been taken. Your visit stands as it was. Choose another time.")
            return self._choices(notice, status=409)
        except Refusal as refusal:
            return self.refused(refusal)
        return self.done(self.said)

    def _choices(self, notice: str = "", *, status: int = 200) -> HttpResponse:
        days = days_asked(self.request)
        times = wanted_for_visit(self.visit).times(days)
        with_whom = names_for(times, self.visit.practitioner_id, are_shown=self.is_known)
        context = {**self.state(notice), **times_in_words(times, self.location.zone, days, with_whom)}
        return self.page_of_link("move.html", context, status=status)


class CalendarView(VisitPage):
    """The visit as a calendar file."""

    def get(self, request: HttpRequest) -> HttpResponse:
        visit, place = self.visit, self.location
        entry = Entry(
            visit_id=visit.pk,
            revision=visit.revision,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            is_cancelled=visit.status == Status.CANCELLED,
            place=place.name_in_mail,
            address=place.address,
            phone=place.phone,
            email=place.email,
            written_at=self.now,
        )
        headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
        file = calendar_file(entry, "PUBLISH")
        return HttpResponse(file, content_type="text/calendar; charset=utf-8", headers=headers)


def names_for(times: Times, known: UUID | None, *, are_shown: bool) -> Mapping[UUID, str]:
    """With whom each time is, where that makes a difference: by name, or else only that it is with somebody else than
    the practitioner `known`."""
    people = {one.practitioner.pk: one.practitioner for _, choices in times.days for one in choices}
    if are_shown and len(people) > 1:
        return {key: str(person) for key, person in people.items()}
    return {key: gettext("With a colleague") for key in people if known is not None and key != known}


def times_in_words(times: Times, zone: ZoneInfo, days: int, with_whom: Mapping[UUID, str]) -> dict[str, object]:
    """What `times.html` shows: each day in words with its times, and how many days `more` shows."""
    shown = [
        (
            day(on),
            [
                (one.value, time_of_day(one.slot.starts_at.astimezone(zone)), with_whom.get(one.practitioner.pk, ""))
                for one in choices
            ],
        )
        for on, choices in times.days
    ]
    more = days + MORE_DAYS if times.has_more and days < MOST_DAYS else 0
    return {"days": shown, "more": more}


def days_asked(request: HttpRequest) -> int:
    """On how many days times are shown."""
    asked = request.GET.get("days", "")
    return min(int(asked), MOST_DAYS) if asked.isascii() and asked.isdigit() and len(asked) < 4 else DAYS_SHOWN
