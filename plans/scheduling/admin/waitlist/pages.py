"""The pages of the waitlist: who waits, one entry with the times that fit now, a time that is free; and its acts."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.enums import ActionVariant

from clinic import clock
from clinic.console.acts import Done, act, in_states
from clinic.console.back import back_to
from clinic.console.base import ConsoleAdmin
from clinic.console.reader import Reader, reader
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.records import Record
from clinic.words import within
from plans.scheduling.admin.asked import place_of, seen_revision, subject_asked_for
from plans.scheduling.admin.asked import title_of as title_of_subject
from plans.scheduling.admin.gaps import gap_asked_for, gap_of, gap_page
from plans.scheduling.admin.times import time_key
from plans.scheduling.admin.toasts import booked_toast, moved_toast
from plans.scheduling.admin.waitlist.forms import AcceptForm, DeclineOfferForm, OfferForm, WaitlistForm, WithdrawForm
from plans.scheduling.admin.waitlist.joining import choices_of, first_wishes
from plans.scheduling.admin.waitlist.rows import URGENT, offer_in_words, rows_of
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries.gaps import times_for
from plans.scheduling.queries.waitlist import (
    entries_for,
    subjects_of,
    title_of,
    waiting,
    waitlist_in_full,
)
from plans.scheduling.services import (
    waitlist_accept,
    waitlist_add,
    waitlist_change,
    waitlist_decline,
    waitlist_offer,
    waitlist_withdraw,
)
from plans.scheduling.services.waitlist import WISHES
from plans.scheduling.wishes import Over

ROWS_A_PAGE = 50
TIMES_THAT_FIT = 5


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ConsoleAdmin):
    form = WaitlistForm
    change_form_template = "console/waitlist_entry.html"
    fields = WISHES

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitlistEntry]:
        return waitlist_in_full(super().get_queryset(request)).select_related("added_by", "offered_by", "appointment")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Wishes change as long as somebody waits."""
        if isinstance(obj, WaitlistEntry) and obj.status not in WaitlistEntry.MAY_CHANGE:
            return False
        return super().has_change_permission(request, obj)

    @property
    def job_title(self) -> str:
        return "Waitlist"

    def name_of(self, row: WaitlistEntry) -> str:
        return f"{row.patient}: {title_of(row)}"

    def choices_of(self, name: str, related: type[Any]) -> QuerySet[Any]:
        rows = super().choices_of(name, related)
        return rows.filter(is_bookable=True).select_related("user") if related is Practitioner else rows

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        who = reader()
        place = next((one for one in who.locations if str(one.pk) == request.GET.get("location")), None)
        shows_over = request.GET.get("show") == "over"
        rows = self.get_queryset(request)
        rows = rows.filter(location=place) if place is not None else rows
        still = Q(status__in=WaitlistEntry.OPEN, over__isnull=True)
        rows = rows.exclude(still) if shows_over else rows.filter(still)
        ordered = rows.order_by("-created_at", "id") if shows_over else rows.order_by("-is_urgent", "created_at", "id")
        page = Paginator(ordered, ROWS_A_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Waitlist",
            "crumbs": [("Waitlist", "")],
            "opts": self.opts,
            "rows": rows_of(who, page.object_list),
            "page": page,
            "shows_over": shows_over,
            "place": place,
            "places": who.locations if who.several_locations else [],
            "next": request.get_full_path(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "console/waitlist.html", context)

    # One entry

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The form of a new entry; where they wait for the same already, their entry."""
        if request.method == "GET" and self.has_add_permission(request):
            subject, _, place = self._asked(request)
            known = waiting(entries_for(subject, place)).first()
            if known is not None:
                self.message_user(request, f"{subject.patient} waits for this already.")
                return HttpResponseRedirect(self.url_of(known))
        return super().add_view(request, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            self._asked(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the patient likes anyhow; within the window, where nothing is booked yet."""
        subject, _, place = self._asked(request)
        return first_wishes(subject, clock.today(place.zone))

    def _asked(self, request: HttpRequest) -> tuple[Any, dict[str, Any], Location]:
        """The subject that the address names, how the service calls it, and where. Raises Http404 without one."""
        subject, what = subject_asked_for(request)
        if subject is None:
            raise Http404
        if "consultation_for" in what:
            what = {"patient": what["consultation_for"]}
        return subject, what, place_of(request, subject, cast(User, request.user))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        who = reader()
        if row is None:
            subject, _, place = self._asked(request)
            context |= {
                "subject": subject,
                "subject_title": title_of_subject(subject),
                "place": place,
                "choices": choices_of(who, subject),
            }
        else:
            context |= self._page(who, row)
        response = super().render_change_form(request, context, *args, **kwargs)
        if row is None:
            title = f"Waitlist: {subject.patient}"
            response.context_data |= {"title": title, "crumbs": [*self.crumbs(), (title, "")]}
        return response

    def _page(self, who: Reader, row: Any) -> dict[str, Any]:
        shown = rows_of(who, [row])[0]
        is_open = row.status in WaitlistEntry.OPEN and row.over is None
        times = times_for(row, subjects_of([row])[row.pk], shown.present, limit=TIMES_THAT_FIT) if is_open else []
        names = Practitioner.objects.select_related("user").in_bulk({slot.practitioner_id for slot in times})
        return {
            "entry": row,
            "row": shown,
            "over": Over(row.over).in_words if row.over else "",
            "is_open": is_open,
            "times": [(time_key(slot), slot.starts_at, names[slot.practitioner_id]) for slot in times],
            "may_offer": who.may_on("offer", row),
            "book_url": self.url_of(row),
            "urgent": URGENT,
        }

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            subject, _, place = self._asked(request)
            row.patient, row.location = subject.patient, place
            row.session, row.follow_up, row.kind = subject.session, subject.follow_up, subject.kind
        return row

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        _, what, place = self._asked(request)
        return waitlist_add(by=cast(User, request.user), location=place, **what, **data)

    def update(self, request: HttpRequest, row: WaitlistEntry, data: dict[str, Any]) -> Record:
        return waitlist_change(entry_id=row.pk, changes=data)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, f"{obj.patient} is on the waitlist.")
        return HttpResponseRedirect(back_to(request, self.url_of(obj)), status=303)

    # A time that is free

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.gap_view)
        return [path("gap/", page, name="plans_waitlistentry_gap"), *super().get_urls()]

    def gap_view(self, request: HttpRequest) -> HttpResponse:
        """Who fits the time that the address names, in the order in which they are asked. Changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        gap = gap_asked_for(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Free time",
            "crumbs": [*self.crumbs(), ("Free time", "")],
            "opts": self.opts,
            "next": request.get_full_path(),
            **gap_page(reader(), gap),
        }
        return TemplateResponse(request, "console/gap.html", context)

    # Transitions

    @act(
        "Offer",
        grant="offer",
        is_legal=lambda row: False,  # its button stands beside each time that fits
        form=OfferForm,
        icon="phone_in_talk",
        description="You told them of this time, and they are to answer. It is held back for nobody.",
        submit="They were told",
    )
    def offer(self, request: HttpRequest, row: WaitlistEntry, form: OfferForm) -> Done:
        entry = waitlist_offer(
            entry_id=row.pk,
            by=cast(User, request.user),
            **form.given,
        )
        return Done(f"{row.patient} was told of {within(offer_in_words(reader(), entry))}. It is not held back.")

    @act(
        "Takes it",
        grant="accept",
        is_legal=in_states(WaitlistEntry.MAY_DECLINE),
        form=AcceptForm,
        icon="event_available",
        description="The visit that they have moves to this time; without one it is booked.",
        submit="Book this time for them",
        variant=ActionVariant.PRIMARY,
    )
    def accept(self, request: HttpRequest, row: WaitlistEntry, form: AcceptForm) -> Done:
        entry = waitlist_accept(
            entry_id=row.pk, by=cast(User, request.user), revision=seen_revision(request), **form.given
        )
        visit = cast(Appointment, entry.appointment)
        return Done(moved_toast(visit, gap_of(form.present)) if form.present is not None else booked_toast(visit))

    @act(
        "Declined",
        grant="decline",
        is_legal=in_states(WaitlistEntry.MAY_DECLINE),
        form=DeclineOfferForm,
        icon="thumb_down",
        submit="They said no",
    )
    def decline(self, request: HttpRequest, row: WaitlistEntry, form: DeclineOfferForm) -> Done:
        entry = waitlist_decline(entry_id=row.pk, **form.cleaned_data)
        goes_on = "goes on waiting" if entry.status == WaitlistEntry.Status.WAITING else "waits no more"
        return Done(f"{row.patient} said no and {goes_on}.")

    @act(
        "Take off",
        grant="withdraw",
        is_legal=in_states(WaitlistEntry.MAY_WITHDRAW),
        form=WithdrawForm,
        icon="person_remove",
        description="They wait no more. What is booked stays.",
        submit="Take off the waitlist",
    )
    def withdraw(self, request: HttpRequest, row: WaitlistEntry, form: WithdrawForm) -> Done:
        waitlist_withdraw(entry_id=row.pk, **form.cleaned_data)
        return Done(f"{row.patient} is off the waitlist.")
