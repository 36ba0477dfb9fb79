"""What a location sends and when: one page, read as sentences, with what a booking now would send beside it.

The page holds the whole draft. A button that adds or removes a line posts it and gets it back changed; nothing is
written but by “Save”. Without script each of these is a page of its own.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from clinic import words
from clinic.access.visibility import visible
from clinic.console.base import SetUpAdmin
from clinic.console.reader import reader
from clinic.console.refusals import refusals
from clinic.console.registry import Job, job
from clinic.errors import Refusal, Stale
from clinic.places.models import Location
from plans.messages.admin.policies.draft import EVERY_VISIT, Kind, alter, on_top_of, posted, stored
from plans.messages.admin.policies.preview import preview_of
from plans.messages.models import MessagePolicy
from plans.messages.policies import message_policies_set
from plans.scheduling.models import VisitKind


@admin.register(MessagePolicy)
class MessagePolicyAdmin(SetUpAdmin):
    fields = ("location",)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A line has no page but the one of its location and kind of visit."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self._page(request, row.location, row.visit_kind)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page of one location and kind of visit. Raises PermissionDenied, and Http404 for a form that was made
        for a location which the reader does not see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        own = list(visible(Location.objects.all(), reader().user))
        key, visit_kind = request.GET.get("location", ""), request.GET.get("visits", EVERY_VISIT)
        found = [place for place in own if str(place.pk) == key]
        is_known = visit_kind in (EVERY_VISIT, *VisitKind.values)
        if not own or (request.method == "POST" and ((key and not found) or not is_known)):
            raise Http404
        return self._page(request, (found or own)[0], visit_kind if is_known else EVERY_VISIT)

    def _page(self, request: HttpRequest, location: Location, visit_kind: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        user = reader().user
        may_change = user.is_superuser or location.pk in user.locations_where(self.resource, "change")
        if request.method != "POST":
            return self._show(request, location, visit_kind, list(stored(location, visit_kind)), may_change=may_change)
        if not may_change:
            raise PermissionDenied
        draft = list(posted(request.POST, location, visit_kind))
        operation, _, about = request.POST.get("op", "").partition(":")
        alter(draft, operation, about)
        for kind in draft:
            kind.check()
        refusal = None
        if operation == "save" and not any(kind.has_faults for kind in draft):
            refusal = self._save(request, location, visit_kind, draft)
            if refusal is None:
                return HttpResponseRedirect(self._address(location, visit_kind), status=303)
            if isinstance(refusal, Stale):
                draft, changed = on_top_of(draft, stored(location, visit_kind))
                refusal = Stale(
                    f"Somebody has changed this since you opened it: {', '.join(kind.title for kind in changed)}. "
                    "Nothing was saved. What you did not touch now shows what stands; look at it, then save again."
                )
        return self._show(request, location, visit_kind, draft, refusal=refusal, may_change=True)

    def _address(self, location: Location, visit_kind: str) -> str:
        return f"{self.list_url}?location={location.pk}&visits={visit_kind}"

    def _save(self, request: HttpRequest, location: Location, visit_kind: str, draft: Sequence[Kind]) -> Refusal | None:
        try:
            with refusals():
                message_policies_set(
                    location_id=location.pk,
                    visit_kind=visit_kind,
                    choices={kind.kind: kind.timings() for kind in draft},
                    seen={kind.kind: kind.timings_seen() for kind in draft if kind.seen},
                )
        except Refusal as refusal:
            return refusal
        messages.success(request, f"{location}: saved. Visits that are booked already follow within two minutes.")
        return None

    def _show(
        self,
        request: HttpRequest,
        location: Location,
        visit_kind: str,
        draft: Sequence[Kind],
        *,
        may_change: bool,
        refusal: Refusal | None = None,
    ) -> HttpResponse:
        who = reader()
        preview = preview_of(request, who, location, visit_kind, draft)
        places = list(visible(Location.objects.all(), who.user))
        kinds = [(EVERY_VISIT, "Every visit"), *((kind.value, str(kind.label)) for kind in VisitKind)]
        context = {
            **self.admin_site.each_context(request),
            "title": "Message policies",
            "crumbs": [(self.job_title, self.list_url), (location.name, "")],
            "location": location,
            "visit_kind": visit_kind,
            "places": places if len(places) > 1 else [],
            "kinds": kinds,
            "draft": draft,
            "is_draft": request.method == "POST",
            "standard": "Standard" if visit_kind == EVERY_VISIT else "As for every visit",
            "preview": preview,
            "zone": words.zone_name(location.zone),
            "address": self._address(location, visit_kind),
            "may_change": may_change,
            "refusal": refusal,
            "faults": sum(kind.has_faults for kind in draft),
            "may_see_words": who.may("plans.messagewording", "view"),
            "location_url": reverse("admin:clinic_location_change", args=[location.pk]),
            "opts": self.opts,
        }
        status = 409 if isinstance(refusal, Stale) else 200
        return TemplateResponse(request, "console/message_policies.html", context, status=status)


job(
    Job(
        "Message policies", "admin:plans_messagepolicy_changelist", "notifications", "plans.messagepolicy", 90, "set_up"
    )
)
