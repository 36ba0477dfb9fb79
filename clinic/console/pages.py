"""The console's own pages: Today, the search, and what every page of the site stands in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from clinic.audit.history import recorded
from clinic.console.base import ConsoleAdmin
from clinic.console.reader import reader, reading
from clinic.console.registry import find, search_address, shortcuts, today_sections
from clinic.people.models import User

View = Callable[..., HttpResponse]

REFUSALS: dict[type[Exception], tuple[int, str, str, str]] = {
    Http404: (
        404,
        "Nothing here",
        "There is nothing at this address.",
        "It is written wrong, or what was here is gone, or it belongs to a location where you do not work.",
    ),
    PermissionDenied: (
        403,
        "Not for your role",
        "Your role does not open this page or do this.",
        "Nothing was changed. Whoever looks after people at your clinic can say who may.",
    ),
}
"""What the console says instead of a page: status, title, why, and what to think of it."""


class Console(UnfoldAdminSite):
    """The admin site of the clinic's staff: by job, not by table."""

    site_title = "Clinic"
    site_header = "Clinic"
    index_title = "Today"
    index_template = "console/today.html"
    password_change_template = "console/password_change.html"
    password_change_done_template = "console/password_change_done.html"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: type[Any] | None = None, **options: Any) -> None:
        """Only the console's own: what packages register (groups, tokens, events) is nobody's job."""
        if admin_class is not None and issubclass(admin_class, ConsoleAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """As Django's; made and rendered in the signed-in person's name and zone."""
        checked = super().admin_view(view, cacheable)

        @wraps(checked)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User):
                return checked(request, *args, **kwargs)
            with reading(request.user):
                try:
                    response = checked(request, *args, **kwargs)
                except (Http404, PermissionDenied) as refused:
                    if "HX-Request" in request.headers:
                        raise  # a part of a page has no room for a whole one
                    response = self.refuse(
                        request, *REFUSALS[Http404 if isinstance(refused, Http404) else PermissionDenied]
                    )
                if isinstance(response, TemplateResponse) and not response.is_rendered:
                    response.render()
                return response

        return inner

    def refuse(self, request: HttpRequest, status: int, title: str, why: str, what: str) -> HttpResponse:
        """Say in the console itself that an address leads nowhere or not for this reader, with the way on."""
        context = {**self.each_context(request), "title": title, "crumbs": [(title, "")], "why": why, "what": what}
        return TemplateResponse(request, "console/refused.html", context, status=status)

    def get_urls(self) -> list[Any]:
        """As Django's, without the short cut from a content type and a key to a public page: nothing here has one."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        if isinstance(request.user, User):
            context |= {
                "find_url": search_address(reader()),
                "shortcuts": shortcuts(
                    reader(), request.resolver_match.url_name or "" if request.resolver_match else ""
                ),
                "templates": {"navigation": "console/navigation.html"},
            }
        return context

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        who = reader()
        sections = today_sections(who)
        context = {
            **self.each_context(request),
            "title": "Today",
            "crumbs": [("Today", "")],
            "day": f"{who.today:%A} {who.today.day} {who.today:%B %Y}",
            "wide": [section for section in sections if section.is_wide],
            "beside": [section for section in sections if not section.is_wide],
            **(extra_context or {}),
        }
        request.current_app = self.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.index_template, context)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Tables by application are nobody's job."""
        return HttpResponseRedirect(reverse("admin:index"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        return []

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What the command palette shows for a few letters."""
        text = request.GET.get("s", "").replace("\x00", "").strip()
        found = find(reader(), text) if text else []
        results = [SearchResult(title=one.title, description=one.detail, link=one.url, icon=one.icon) for one in found]
        return TemplateResponse(request, "console/search_results.html", {"results": results, "text": text})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"crumbs": [("Change password", "")], **(extra_context or {})}
        with recorded("Password changed"):
            return super().password_change(request, context)
