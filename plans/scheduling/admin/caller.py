"""Somebody new: on the phone, from the first digits to a booked consultation; or here now, without a visit."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from clinic.access.visibility import visible
from clinic.console.base import ConsoleAdmin
from clinic.console.refusals import add_refusal, refusals
from clinic.console.registry import Newcomer, PatientLink, Shortcut, newcomer, patient_link, shortcut
from clinic.errors import Invalid, Refusal, SlotTaken, SoftWarning
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from patients.rules import OF_AGE
from patients.services import LIKELY_DUPLICATE
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.caller_forms import (
    CallerForm,
    Match,
    doubt_of_phone,
    matches,
    places_of,
    same_people,
    times_for,
    typed,
)
from plans.scheduling.admin.times import chosen_time
from plans.scheduling.admin.walk_in import Wait, waits_of, walk_in_view
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_book,
    caller_book,
    caller_register,
    caller_walk_in,
    walk_in_begin,
)

BOOK, HERE, REGISTER = "book", "here", "register"
DEEDS = (BOOK, HERE, REGISTER)
IF_SAME = {BOOK: "Book for", HERE: "Is here:", REGISTER: "Open"}
IF_OTHER = {BOOK: "Somebody else: book anyway", HERE: "Somebody else: is here", REGISTER: "Somebody else: register"}
FROM_FAMILY = ("phone", "email", "language")
"""What members of a family share; a new one keeps a name and a birthday of their own."""
LOOKED_AT = ("phone", "first_name", "last_name", "date_of_birth", "email")


class CallerPages(ConsoleAdmin):
    """The pages for who has no visit yet: a new caller, and a patient who walks in."""

    def say_booked(self, request: HttpRequest, appointment: Appointment) -> None:
        """Tell the desk what was booked, and offer the way back."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "caller": ("new-caller/", self.caller_view),
            "caller_matches": ("new-caller/matches/", self.caller_matches_view),
            "caller_times": ("new-caller/times/", self.caller_times_view),
            "walk_in": ("walk-in/", self.walk_in_view),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"plans_appointment_{name}")
            for name, (address, view) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def walk_in_view(self, request: HttpRequest) -> HttpResponse:
        """Who of the qualified is free for a patient who is here now; POST begins the visit."""
        return walk_in_view(self, request)

    def caller_matches_view(self, request: HttpRequest) -> HttpResponse:
        """Who the caller may be, by what is typed so far."""
        user, places = _places(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        place = _place(request.GET.get("location", ""), places)
        asked = {name: request.GET.get(name, "") for name in LOOKED_AT}
        context = {
            "matches": matches(user, place, asked),
            "has_asked": any(value.strip() for value in asked.values()),
            "soft_phone": doubt_of_phone(asked["phone"], place),
            "is_here": request.GET.get("here") == "1",
        }
        return TemplateResponse(request, "console/caller_answer.html", context)

    def caller_times_view(self, request: HttpRequest) -> HttpResponse:
        """Free times of a consultation, at the place and with whom the address says."""
        _, places = _places(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        place = _place(request.GET.get("location", ""), places)
        times = times_for(place, request.GET.get("practitioner", ""), request.GET.get("from", ""))
        return TemplateResponse(request, "console/caller_times.html", {"times": times})

    def caller_view(self, request: HttpRequest) -> HttpResponse:
        """The form; POST registers and books, or asks whether it is somebody known, or shows what is in the way."""
        user, places = _places(request)
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        return Call(self, request, user, places).answer()


class Call:
    """One request of the caller's page."""

    def __init__(self, admin: CallerPages, request: HttpRequest, user: User, places: list[Location]) -> None:
        self.admin, self.request, self.user, self.places = admin, request, user, places
        self.data = request.POST if request.method == "POST" else request.GET
        asked = self.data.get("asked") if self.data.get("decision") else self.data.get("act")
        self.deed = asked if asked in DEEDS else ""
        self.wait = self.data.get("wait", "")
        if self.wait:
            self.deed = HERE
        self.is_here = self.deed == HERE or self.data.get("here") == "1"
        self.same: list[Match] = []
        self.waits: list[Wait] = []

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self._page(CallerForm(places=self.places, initial=self._initial()))
        if not self.deed:  # only another look, without script
            return self._page(CallerForm(places=self.places, initial=self.data.dict()))
        is_new = self.data.get("decision", "") in ("", "new")
        form = CallerForm(self.data, places=self.places, needs_slot=self.deed == BOOK, is_new=is_new)
        if not form.is_valid():
            return self._page(form)
        try:
            with refusals():
                return self._do(form)
        except Refusal as refusal:
            if refusal.code == LIKELY_DUPLICATE:
                self.same = same_people(self.user, map(UUID, refusal.extra["patients"]))
            else:
                self._explain(form, refusal)
        return self._page(form, status=409)

    def _initial(self) -> dict[str, Any]:
        initial = typed(self.data.get("typed", "")) if self.data.get("typed", "").strip() else {}
        initial |= {name: value for name, value in self.data.items() if name in CallerForm.base_fields}
        known = self._patient(self.data.get("like", "")) if self.data.get("like") else None
        if known is not None:
            initial |= {name: getattr(known, name) for name in FROM_FAMILY} | {"location": str(known.home_location_id)}
        return initial

    def _patient(self, key: str) -> Patient:
        try:
            return visible(Patient.objects.select_related("home_location"), self.user).get(pk=key)
        except (Patient.DoesNotExist, ValidationError, ValueError):
            raise Http404 from None

    def _do(self, form: CallerForm) -> HttpResponse:
        decision = self.data.get("decision", "")
        note = form.cleaned_data["reason"]
        if decision not in ("", "new"):
            return self._do_for(self._patient(decision), form, note)
        known: dict[str, Any] = {
            "by": self.user,
            "caller": form.caller(),
            "location": form.cleaned_data["location"],
            "is_somebody_else": decision == "new",
        }
        if self.deed == REGISTER:
            patient, warnings = caller_register(**known)
            messages.success(self.request, f"{patient} ({patient.mrn}) is registered. Nothing is booked.")
            return self._leave(patient, warnings)
        if self.deed == HERE:
            visit, warnings = caller_walk_in(**known, **self._now(), note=note)
            self._say_here(visit)
            return self._leave(visit.patient, warnings)
        practitioner, starts_at = self._choice(form.cleaned_data["slot"])
        visit, warnings = caller_book(**known, practitioner=practitioner, starts_at=starts_at, note=note)
        self.admin.say_booked(self.request, visit)
        return self._leave(visit.patient, warnings)

    def _do_for(self, patient: Patient, form: CallerForm, note: str) -> HttpResponse:
        """It is somebody known: nobody is registered."""
        if self.deed == REGISTER:
            return self._leave(patient, [])
        known: dict[str, Any] = {
            "by": self.user,
            "location": form.cleaned_data["location"],
            "consultation_for": patient,
            "note": note,
        }
        if self.deed == HERE:
            self._say_here(walk_in_begin(**known, **self._now()))
        else:
            practitioner, starts_at = self._choice(form.cleaned_data["slot"])
            self.admin.say_booked(
                self.request, appointment_book(**known, practitioner=practitioner, starts_at=starts_at)
            )
        return self._leave(patient, [])

    def _choice(self, text: str) -> tuple[Practitioner, Any]:
        try:
            chosen = chosen_time(self.user, text)
        except Invalid as invalid:
            raise SlotTaken(invalid.detail, attr="starts_at") from None
        return chosen.practitioner, chosen.starts_at

    def _now(self) -> dict[str, Any]:
        """With whom and when somebody is seen who is here: the time that they wait for, or the first who is free."""
        if self.wait:
            practitioner, starts_at = self._choice(self.wait)
            return {"practitioner": practitioner, "starts_at": starts_at}
        return {}

    def _say_here(self, visit: Appointment) -> None:
        messages.success(self.request, f"{visit.patient} is here: {visit_in_words(visit)}.")

    def _explain(self, form: CallerForm, refusal: Refusal) -> None:
        add_refusal(form, refusal, form.refusal_names)
        if self.deed == HERE and isinstance(refusal, SlotTaken):
            self.waits = waits_of(refusal, form.place)

    def _leave(self, patient: Patient, warnings: list[SoftWarning]) -> HttpResponse:
        for warning in warnings:
            messages.warning(self.request, warning.detail)
        return HttpResponseRedirect(reverse("admin:patients_patient_change", args=[patient.pk]), status=303)

    def _page(self, form: CallerForm, *, status: int = 200) -> HttpResponse:
        site = self.admin.admin_site
        if not self.same and not form.errors:
            form.fields["phone"].widget.attrs["autofocus"] = True
        looked = {name: str(form[name].value() or "") for name in LOOKED_AT}
        with_whom, first = self.data.get("practitioner", ""), self.data.get("from", "")
        if turned := self.data.get("turn"):  # “practitioner|first day”, without script
            with_whom, _, first = turned.partition("|")
        chosen = str(form["slot"].value() or "")
        context = {
            **site.each_context(self.request),
            "title": "Somebody is here" if self.is_here else "New caller",
            "crumbs": [*self.admin.crumbs(), ("Somebody is here" if self.is_here else "New caller", "")],
            "opts": self.admin.opts,
            "form": form,
            "is_here": self.is_here,
            "of_age": OF_AGE,
            "times": times_for(form.place, with_whom, first, chosen),
            "chosen": chosen,
            "same": self.same,
            "if_same": IF_SAME.get(self.deed, ""),
            "if_other": IF_OTHER.get(self.deed, ""),
            "asked": self.deed,
            "waits": self.waits,
            "matches": [] if self.same else matches(self.user, form.place, looked),
            "has_asked": any(value.strip() for value in looked.values()),
        }
        return TemplateResponse(self.request, "console/caller.html", context, status=status)


def _places(request: HttpRequest) -> tuple[User, list[Location]]:
    """Who asks, and where they may register and book somebody. Raises `PermissionDenied` where that is nowhere."""
    user = cast(User, request.user)
    places = places_of(user)
    if not places:
        raise PermissionDenied
    return user, places


def _place(asked: str, places: list[Location]) -> Location:
    return next((place for place in places if str(place.pk) == asked), places[0])


MAY_REGISTER = (("plans.appointment", "add"), ("patients.patient", "add"))
newcomer(
    Newcomer(
        title="New caller",
        icon="add_call",
        resources=MAY_REGISTER,
        url=lambda text: f"{reverse('admin:plans_appointment_caller')}?{urlencode({'typed': text})}",
    )
)
shortcut(
    Shortcut(
        title="New caller",
        icon="add_call",
        key="n",
        resources=MAY_REGISTER,
        url_name="admin:plans_appointment_caller",
        on=("index", "plans_appointment_changelist", "plans_followup_changelist", "patients_patient_changelist"),
    )
)
shortcut(
    Shortcut(
        title="Walk-in",
        icon="directions_walk",
        key="w",
        resources=MAY_REGISTER,
        url_name="admin:plans_appointment_walk_in",
        on=("index", "plans_appointment_changelist"),
    )
)
patient_link(
    PatientLink(
        title="Is here now",
        icon="directions_walk",
        resource="plans.appointment",
        action="add",
        url=lambda patient: f"{reverse('admin:plans_appointment_walk_in')}?{urlencode({'patient': patient.pk})}",
    )
)
