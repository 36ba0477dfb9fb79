"""The addresses of the patient pages, below `/p/`. A link opens the page that it was made for; acts stand below it."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.generic import View

from plans.messages.links import Purpose, link_of
from plans.portal.views import looks
from plans.portal.views.care import BirthView, CareView, ProgressView
from plans.portal.views.check_in import CheckInView
from plans.portal.views.follow_up import BookView, CallView, FollowUpView
from plans.portal.views.home import HomeView, PreferencesView, UnsubscribeView
from plans.portal.views.lost import LostView
from plans.portal.views.offer import AcceptView, DeclineView, OfferView
from plans.portal.views.visit import CalendarView, CancelView, ConfirmView, MoveView, VisitView

OPENS: Mapping[Purpose, type[View]] = {
    Purpose.VISIT: VisitView,
    Purpose.AFTERCARE: CareView,
    Purpose.CHECK_IN: CheckInView,
    Purpose.FOLLOW_UP: FollowUpView,
    Purpose.OFFER: OfferView,
    Purpose.HOME: HomeView,
    Purpose.UNSUBSCRIBE: UnsubscribeView,
}


def open_page(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page that this link was made for; what we have not signed opens none of them, and says so."""
    link = link_of(token)
    return OPENS[link.purpose if link is not None else Purpose.HOME].as_view()(request, token=token)


open_page.csrf_exempt = True  # type: ignore[attr-defined] # the views behind it check the seal
app_name = "portal"
urlpatterns = [
    path("", LostView.as_view(), name="lost"),
    path("look/<str:colour>.css", looks.colour, name="colour"),
    path("look/<uuid:location_id>/logo", looks.logo, name="logo"),
    path("<str:token>/", open_page, name="open"),
    path("<str:token>/confirm/", ConfirmView.as_view(), name="confirm"),
    path("<str:token>/move/", MoveView.as_view(), name="move"),
    path("<str:token>/cancel/", CancelView.as_view(), name="cancel"),
    path("<str:token>/calendar.ics", CalendarView.as_view(), name="calendar"),
    path("<str:token>/book/", BookView.as_view(), name="book"),
    path("<str:token>/call/", CallView.as_view(), name="call"),
    path("<str:token>/accept/", AcceptView.as_view(), name="accept"),
    path("<str:token>/decline/", DeclineView.as_view(), name="decline"),
    path("<str:token>/birth/", BirthView.as_view(), name="birth"),
    path("<str:token>/progress/", ProgressView.as_view(), name="progress"),
    path("<str:token>/aftercare/", CareView.as_view(), name="care"),
    path("<str:token>/check-in/", CheckInView.as_view(), name="check_in"),
    path("<str:token>/preferences/", PreferencesView.as_view(), name="preferences"),
    path("<str:token>/unsubscribe/", UnsubscribeView.as_view(), name="unsubscribe"),
]
