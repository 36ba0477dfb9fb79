"""Behind an offer's link: take the time, or do not. Whoever takes it first has it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from clinic.errors import Busy, Refusal, SlotTaken
from plans.portal.access import Page
from plans.portal.rules import may_change
from plans.portal.services import offer_accept, offer_decline
from plans.portal.views.base import ActView, LinkView, posted_number, see_other
from plans.portal.views.visit import link_to
from plans.portal.words import moment
from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.waitlist import present_visits

Status = WaitlistEntry.Status


class OfferView(LinkView):
    """The time that stands offered, or what became of it."""

    shows = Page.OFFER

    @property
    def entry(self) -> Any:
        return self.opened.entry

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        entry, said = self.entry, self.request.GET.get("said", "")
        if entry.status == Status.BOOKED and entry.appointment is not None:
            return see_other(link_to(entry.appointment, self.patient.link_generation))
        present = present_visits([entry]).get(entry.present_id)
        time, zone = entry.offered_starts_at, self.location.zone
        is_offered = entry.status == Status.OFFERED and entry.over is None
        context = {
            "notice": notice,
            "entry": entry,
            "is_known": self.is_known,
            "when": moment(time, zone) if time else None,
            "is_offered": is_offered and not entry.offer_is_taken,
            "is_taken": is_offered and entry.offer_is_taken,
            "is_declined": entry.status == Status.DECLINED,
            "is_waiting": entry.status in (Status.WAITING, Status.OFFERED) and entry.over is None,
            "present": moment(present.starts_at, zone) if present is not None else None,
            "is_binding": time is not None and not may_change(time, self.location.patient_cancel_hours, self.now),
            "asks_to_decline": said == "decline",
            "has_answered": said == "declined",
        }
        return self.page_of_link("offer.html", context, status=status)

    def refused(self, refusal: Refusal) -> HttpResponse:
        """The page as it stands now, and why nothing was changed."""
        if isinstance(refusal, Busy):
            raise refusal
        if isinstance(refusal, SlotTaken):
            notice = gettext("Somebody else was a moment faster. You stay on the waiting list, and we will tell you.")
        else:
            notice = gettext("The offer has changed meanwhile. Nothing was changed now. This is how it stands.")
        return self.as_it_stands(notice)


class AcceptView(OfferView, ActView):
    """Take the time."""

    def post(self, request: HttpRequest) -> HttpResponse:
        visit = self.entry.appointment if self.entry.status == Status.BOOKED else None
        if visit is None:
            try:
                visit = offer_accept(entry=self.entry, number=posted_number(request, "offer")).appointment
            except Refusal as refusal:
                return self.refused(refusal)
        assert visit is not None
        return see_other(link_to(visit, self.patient.link_generation, "booked" if visit.revision == 1 else "moved"))


class DeclineView(OfferView, ActView):
    """Do not take it, and wait on, or not."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The way out in a mail leads here: the page puts it first."""
        return HttpResponseRedirect(self.address(said="decline"))

    def post(self, request: HttpRequest) -> HttpResponse:
        keep = request.POST.get("keep") == "yes"
        if self._is_declined:
            return self.done("declined")
        try:
            offer_decline(entry=self.entry, number=posted_number(request, "offer"), keep_waiting=keep)
        except Refusal as refusal:
            self.entry.refresh_from_db(fields=["status"])
            return self.done("declined") if self._is_declined else self.refused(refusal)
        return self.done("declined")

    @property
    def _is_declined(self) -> bool:
        return self.entry.status in (Status.DECLINED, Status.WAITING)
