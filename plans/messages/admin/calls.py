"""Whom to call instead: patients whom a mail did not reach, or will not, with their numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from clinic import words
from clinic.access.visibility import visible
from clinic.console.acts import Button, buttons
from clinic.console.badges import Badge
from clinic.console.reader import Reader, reader
from patients.models import Patient
from plans.followups.admin.rows import call_url
from plans.followups.models import ContactAttempt
from plans.followups.rules import MEANS_REACHED, NO_TRIES
from plans.messages.looks import message_badge, message_title
from plans.messages.models import PatientMessage
from plans.messages.queries import to_call

LOOKED_AT = 400
"""Messages; more would be no list to work off by phone."""


@dataclass(frozen=True, slots=True)
class Untold:
    """One message that a patient does not know of."""

    message: PatientMessage
    title: str
    badge: Badge


@dataclass(slots=True)
class Call:
    """A patient to call, and what about."""

    patient: Patient
    untold: list[Untold] = field(default_factory=list)
    last_try: str = ""
    try_on: date | None = None
    """When somebody said to try again, if that is still to come."""
    acts: list[Button] = field(default_factory=list)
    log_url: str = ""


def waiting(who: Reader) -> QuerySet[PatientMessage]:
    """The messages that the reader sees whose patients should be called."""
    return visible(to_call(who.now), who.user)


def number_of_calls(who: Reader) -> int:
    """How many patients that are."""
    return who.once("calls instead", lambda: waiting(who).order_by().values("patient").distinct().count())


def calls(who: Reader, back: str = "", most: int | None = None) -> list[Call]:
    """The patients to call, who is to be tried now first, then by what is due soonest. Two queries."""
    found: dict[UUID, Call] = {}
    for message in waiting(who).select_related("patient", "location", "appointment")[:LOOKED_AT]:
        assert message.patient is not None
        call = found.setdefault(message.patient.pk, Call(message.patient))
        call.untold.append(Untold(message, message_title(message), message_badge(message)))
    _add_tries(who, found)
    model_admin = admin.site._registry[PatientMessage]
    ordered = sorted(found.values(), key=lambda call: call.try_on or date.min)[:most]
    for call in ordered:
        call.acts = buttons(model_admin, who.user, call.untold[0].message, ("told",))
        call.log_url = call_url(call.patient, back) if who.may("plans.contactattempt", "add") else ""
    return ordered


def _add_tries(who: Reader, found: dict[UUID, Call]) -> None:
    tries: Iterable[ContactAttempt] = (
        ContactAttempt.objects.filter(patient__in=found)
        .exclude(outcome__in=[*MEANS_REACHED, *NO_TRIES])
        .order_by("patient_id", "-attempted_at")
        .distinct("patient_id")
        .select_related("location", "attempted_by")
    )
    for attempt in tries:
        call = found[attempt.patient_id]
        if attempt.attempted_at < min(one.message.created_at for one in call.untold):
            continue
        at = words.within(who.moment(attempt.attempted_at, attempt.location.zone))
        call.last_try = f"{attempt.get_outcome_display()}, {at}"
        today = who.today_at(attempt.location.zone)
        if attempt.next_try_on is not None and attempt.next_try_on > today:
            call.try_on = attempt.next_try_on
            call.last_try += f"; again {words.within(words.day(attempt.next_try_on, today))}"


class CallsInstead:
    """The page of the list."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        page = path("call-instead/", self.admin_site.admin_view(self.calls_view), name="plans_patientmessage_calls")
        return [page, *super().get_urls()]  # type: ignore[misc]

    def calls_view(self, request: HttpRequest) -> HttpResponse:
        """Whom to call instead. Raises PermissionDenied."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        who = reader()
        if not who.may("plans.patientmessage", "view"):
            raise PermissionDenied
        here = reverse("admin:plans_patientmessage_calls")
        context = {
            **self.admin_site.each_context(request),
            "title": "Call instead",
            "crumbs": [("Messages", reverse("admin:plans_patientmessage_changelist")), ("Call instead", "")],
            "calls": calls(who, here),
            "next": here,
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/calls_instead.html", context)
