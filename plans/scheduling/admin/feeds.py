"""Calendar feeds in the console's set-up: made once, shown once, revoked at any time."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.console.acts import Done, act
from clinic.console.badges import Badge, Tone
from clinic.console.base import SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ActForm, ConsoleModelForm
from clinic.console.reader import reader
from clinic.console.registry import Job, job
from clinic.people.models import Practitioner, User
from clinic.words import since, within
from plans.scheduling.feeds.queries import feed_address, feeds_for, name_of
from plans.scheduling.models import CalendarFeed
from plans.scheduling.services import calendar_feed_make, calendar_feed_revoke


class CalendarFeedForm(ConsoleModelForm):
    class Meta:
        help_texts = {"practitioner": "Whose visits it shows.", "room": "Or the room whose visits it shows."}


@admin.register(CalendarFeed)
class CalendarFeedAdmin(SetUpAdmin):
    form = CalendarFeedForm
    list_display = ("whose", "location", "made_by_shown", "read_shown", "state")
    list_select_related = ("location", "practitioner__user", "room", "made_by")
    list_filter = (LocationFilter,)
    ordering = ("-created_at",)
    empty_reason = (
        "No calendar feeds yet. Add one to see visits in the calendar of a phone or computer: one practitioner's "
        "or one room's, without patients' names unless the location allows them."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarFeed]:
        rows = super().get_queryset(request).filter(pk__in=feeds_for(request.user).values("pk"))
        return rows.select_related(*self.list_select_related)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["location", "practitioner", "room"]
        return [*fields, "made_by_shown", "read_shown", "state"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("made_by_shown", "read_shown", "state") if obj else ()

    def name_of(self, row: CalendarFeed) -> str:
        return name_of(row)

    @display(description="Shows")
    def whose(self, feed: CalendarFeed) -> str:
        return str(feed.practitioner or feed.room)

    @display(description="Made by")
    def made_by_shown(self, feed: CalendarFeed) -> str:
        return f"{feed.made_by.get_full_name()}, {within(reader().moment(feed.created_at, feed.location.zone))}"

    @display(description="Last read", ordering="last_read_at")
    def read_shown(self, feed: CalendarFeed) -> str:
        return since(feed.last_read_at, reader().now) if feed.last_read_at else "Never"

    @display(description="State")
    def state(self, feed: CalendarFeed) -> Badge:
        return Badge(Tone.NEUTRAL, "Revoked", "link_off") if feed.revoked_at else Badge(Tone.DONE, "Live", "rss_feed")

    def choices_of(self, name: str, related: Any) -> QuerySet[Any]:
        """A manager chooses among everybody and every room; somebody else makes a feed of their own visits."""
        rows = super().choices_of(name, related)
        if name == "practitioner":
            rows = rows.select_related("user")
        if name == "location" or reader().has(Role.MANAGER):
            return rows
        return rows.filter(user=reader().user) if name == "practitioner" else rows.none()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Who practises begins with a feed of their own visits."""
        own = visible(Practitioner.objects.filter(user=reader().user), reader().user).first()
        return {"practitioner": own, **super().get_changeform_initial_data(request)}

    def create(self, request: HttpRequest, data: dict[str, Any]) -> CalendarFeed:
        feed, token = calendar_feed_make(by=cast(User, request.user), **data)
        request.feed_token = token  # type: ignore[attr-defined]
        return feed

    def response_add(
        self, request: HttpRequest, obj: CalendarFeed, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that shows the address: it is stored nowhere, so no later page could."""
        address = feed_address(request.feed_token)  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": "New calendar feed",
            "crumbs": [*self.crumbs(), ("New calendar feed", "")],
            "feed": obj,
            "name": name_of(obj),
            "address": address,
            "webcal": f"webcal://{address.partition('://')[2]}",
            "back": self.list_url,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "console/calendar_feed_made.html", context)
        add_never_cache_headers(response)
        return response

    @act(
        "Revoke",
        grant="revoke",
        is_legal=lambda feed: feed.revoked_at is None,
        icon="link_off",
        variant=ActionVariant.DANGER,
        description="Its address stops working at once, wherever it is read. A new feed gets a new address.",
        submit="Revoke the feed",
    )
    def revoke(self, request: HttpRequest, row: CalendarFeed, form: ActForm) -> Done:
        feed = calendar_feed_revoke(feed_id=row.pk)
        return Done(f"{name_of(feed)}: the address no longer works.", url=self.list_url)


job(Job("Calendar feeds", "admin:plans_calendarfeed_changelist", "rss_feed", "plans.calendarfeed", 90, "set_up"))
