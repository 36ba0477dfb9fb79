"""Behind a follow-up's link: book one of its free times, or ask to be called."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from clinic.errors import Busy, Conflict, Refusal
from plans.followups.models import FollowUp
from plans.followups.queries import state_of
from plans.portal.access import Page
from plans.portal.queries import live_visit_of, wanted_for_follow_up
from plans.portal.services import follow_up_ask_for_call, follow_up_book
from plans.portal.views.base import ActView, LinkView, see_other
from plans.portal.views.visit import days_asked, link_to, names_for, times_in_words
from plans.treatment.models import TreatmentPlan


class FollowUpView(LinkView):
    """Free times; or the visit, where one is booked."""

    shows = Page.FOLLOW_UP

    @property
    def follow_up(self) -> FollowUp:
        return self.opened.follow_up

    @property
    def is_on_hold(self) -> bool:
        plan = self.follow_up.plan
        return plan is not None and plan.status not in TreatmentPlan.MAY_BOOK

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        booked = live_visit_of(self.follow_up)
        if booked is not None:
            return see_other(link_to(booked, self.patient.link_generation))
        context: dict[str, object] = {
            "notice": notice,
            "is_on_hold": self.is_on_hold,
            "said": self.request.GET.get("said", ""),
        }
        if not self.is_on_hold:
            days = days_asked(self.request)
            wanted = wanted_for_follow_up(self.follow_up)
            times = wanted.times(days)
            with_whom = names_for(times, wanted.known, are_shown=self.is_known)
            context |= times_in_words(times, self.location.zone, days, with_whom)
        return self.page_of_link("follow_up.html", context, status=status)


class BookView(FollowUpView, ActView):
    """Book the time that was chosen."""

    def post(self, request: HttpRequest) -> HttpResponse:
        booked = live_visit_of(self.follow_up)
        if booked is not None:
            return see_other(link_to(booked, self.patient.link_generation, "booked"))
        value = request.POST.get("time", "")
        if not value:
            return self.show(notice=gettext("Please choose a time first."), status=422)
        try:
            visit = follow_up_book(follow_up=self.follow_up, value=value)
        except Busy:
            raise
        except Conflict:
            return self.as_it_stands(gettext("This time has just been taken. Nothing is booked. Choose another time."))
        except Refusal:
            return self.as_it_stands(gettext("This time cannot be booked. Choose another time, or call us."))
        return see_other(link_to(visit, self.patient.link_generation, "booked"))


class CallView(FollowUpView, ActView):
    """Ask to be called."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if state_of(self.follow_up) not in FollowUp.MAY_BOOK:
            return self.show()
        try:
            follow_up_ask_for_call(follow_up=self.follow_up)
        except Conflict:
            return self.as_it_stands(
                gettext("Your visit has changed meanwhile. Nothing was changed now. This is how it stands.")
            )
        return self.done("call")
