"""A location's own mail words in the console: one page for each location and kind, with the languages as tabs."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.console.base import SetUpAdmin
from clinic.console.forms import dress
from clinic.console.reader import Reader, reader
from clinic.console.refusals import add_refusal, refusals
from clinic.console.registry import Block, Job, job, location_panel, today_section
from clinic.errors import Invalid, Refusal
from clinic.people.models import User
from clinic.places.models import Location
from plans.messages.models import WORDED_KINDS, MessageKind, MessageWording
from plans.messages.naming import quoted, telling_words
from plans.messages.wording import (
    BODY_AT_MOST,
    LINK,
    LINK_NEEDED,
    MEANING,
    PLACEHOLDERS,
    SUBJECT_AT_MOST,
    Wording,
)
from plans.messages.wordings.previews import framed, keep, kept, page_of, scheme_asked
from plans.messages.wordings.queries import own_languages, standard_words
from plans.messages.wordings.services import (
    faults_here,
    message_wording_reset,
    message_wording_write,
    wording_send_test,
    wording_try,
)

LANGUAGES = dict(settings.LANGUAGES)
FROM_RIGHT = {code for code in LANGUAGES if code in settings.LANGUAGES_BIDI}
VIEWS = (("desktop", "Desktop"), ("phone", "Phone"), ("text", "Plain text"))
SCHEMES = (("light", "Light"), ("dark", "Dark"))
MOST_BYTES = 16 * 1024
"""Of a draft that is tried out: words of the longest body fit into a quarter of it."""


class WordingForm(forms.Form):
    subject = forms.CharField(max_length=SUBJECT_AT_MOST)
    body = forms.CharField(
        label="What it says",
        max_length=BODY_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Paragraphs, with an empty line between them. Date, place, links and phone stand below.",
    )

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"lang": language, "dir": "rtl" if language in FROM_RIGHT else "ltr"}
        dress(self)


@admin.register(MessageWording)
class MessageWordingAdmin(SetUpAdmin):
    """Rows are made and changed on the page of their location and kind alone."""

    fields = ()
    history_of = {}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "plans_messagewording"
        of = "of/<uuid:location>/<str:kind>/"
        return [
            path(of, view(self.words_view), name=f"{name}_words"),
            path(f"{of}try/", view(self.try_view), name=f"{name}_try"),
            path(f"{of}sample/", view(self.sample_view), name=f"{name}_sample"),
            path("shown/<uuid:key>/", view(self.shown_view), name=f"{name}_shown"),
            *super().get_urls(),
        ]

    def name_of(self, row: MessageWording) -> str:
        return f"{row.location}: {row}"

    # The list: what there is to write, and where somebody has

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        locations = [place for place in reader().locations if self._may_at(request, "view", place)]
        own = own_languages(locations)
        context = {
            **self.admin_site.each_context(request),
            "title": self.job_title,
            "crumbs": [(self.job_title, "")],
            "places": [
                (
                    place,
                    [
                        (kind.label, words_url(place, kind), [LANGUAGES[one] for one in own.get((place.pk, kind), [])])
                        for kind in WORDED_KINDS
                    ],
                )
                for place in locations
            ],
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/wordings.html", context)

    # The page of a location and kind

    def words_view(self, request: HttpRequest, location: UUID, kind: str) -> HttpResponse:
        place, worded = self._found(request, location, kind)
        return self._page(request, place, worded, _language(request, place))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        place = next(place for place in reader().locations if self._may_at(request, "add", place))
        return self._page(request, place, WORDED_KINDS[0], _language(request, place))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return self._page(request, row.location, MessageKind(row.kind), row.language)

    def _page(self, request: HttpRequest, place: Location, kind: MessageKind, language: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        row = MessageWording.objects.filter(location=place, kind=kind, language=language).first()
        standing = Wording(row.subject, row.body) if row is not None else standard_words(kind, language)
        if request.method != "POST":
            form = WordingForm(initial={"subject": standing.subject, "body": standing.body}, language=language)
            return self._show(request, place, kind, language, row, form, standing)
        if not self._may_at(request, "change", place):
            raise PermissionDenied
        form = WordingForm(request.POST, language=language)
        draft = _draft(request)
        operation = request.POST.get("op", "save")
        if operation == "preview":
            return self._show(request, place, kind, language, row, form, draft)
        try:
            with refusals():
                said = self._do(request, operation, place, kind, language, row, draft)
        except Refusal as refusal:
            form.is_valid()
            form.errors.clear()
            add_refusal(form, refusal)
            status = 200 if isinstance(refusal, Invalid) else 409
            return self._show(request, place, kind, language, row, form, draft, status=status)
        messages.success(request, said)
        if operation == "test":
            return self._show(request, place, kind, language, row, form, draft)
        return HttpResponseRedirect(f"{words_url(place, kind)}?language={language}", status=303)

    def _do(
        self,
        request: HttpRequest,
        operation: str,
        place: Location,
        kind: MessageKind,
        language: str,
        row: MessageWording | None,
        draft: Wording,
    ) -> str:
        """Save, reset or send a test mail; what to tell who asked for it."""
        user, name = cast(User, request.user), f"{kind.label}, {LANGUAGES[language]}"
        if operation == "test":
            wording_send_test(to=user, location=place, kind=kind, language=language, wording=draft)
            return f"A test mail is on its way to {user.email}."
        with self.unless_stale(request, row, change=row is not None):
            if operation == "reset":
                if row is not None:
                    message_wording_reset(wording=row)
                return f"{name}: the standard words stand again."
            message_wording_write(location=place, kind=kind, language=language, subject=draft.subject, body=draft.body)
        return f"{name}: saved. Mail that leaves from now on has these words."

    def _show(
        self,
        request: HttpRequest,
        place: Location,
        kind: MessageKind,
        language: str,
        row: MessageWording | None,
        form: WordingForm,
        draft: Wording,
        *,
        status: int = 200,
    ) -> HttpResponse:
        own = own_languages([place]).get((place.pk, kind), [])
        url = words_url(place, kind)
        title = f"{kind.label}: mail words"
        context = {
            **self.admin_site.each_context(request),
            **_preview(request, place, kind, language, draft),
            "title": title,
            "crumbs": [*self.crumbs(), (f"{place}: {kind.label}", "")],
            "place": place,
            "kind": kind.label,
            "kinds": [
                (other.label, f"{words_url(place, other)}?language={language}", other == kind) for other in WORDED_KINDS
            ],
            "language": language,
            "language_name": LANGUAGES[language],
            "tabs": [(code, name, f"{url}?language={code}", code in own) for code, name in LANGUAGES.items()],
            "address": f"{url}?language={language}",
            "try_url": reverse("admin:plans_messagewording_try", args=[place.pk, kind]),
            "form": form,
            "is_draft": request.method == "POST",
            "row": row,
            "seen_version": request.POST.get("_version") or getattr(row, "version", ""),
            "placeholders": [(name, MEANING[name]) for name in PLACEHOLDERS[kind]],
            "needs_link": kind in LINK_NEEDED and LINK,
            "views": VIEWS,
            "schemes": SCHEMES,
            "may_change": self._may_at(request, "change", place),
            "history_url": self.history_url(request, row) if row is not None else "",
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/wording.html", context, status=status)

    # What a draft looks like

    def try_view(self, request: HttpRequest, location: UUID, kind: str) -> HttpResponse:
        """The preview of a draft, and what is wrong with it; nothing is kept but the picture, for some minutes."""
        place, worded = self._found(request, location, kind)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        language = _language(request, place)
        context = _preview(request, place, worded, language, _draft(request))
        return TemplateResponse(request, "console/wording_preview.html", context)

    def shown_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """A mail alone, for the frame on the page."""
        page = kept(key, cast(User, request.user))
        if page is None:
            raise Http404
        return framed(page)

    def sample_view(self, request: HttpRequest, location: UUID, kind: str) -> HttpResponse:
        """A mail of a location as it would leave now, in its own language, for a frame on a page."""
        place, worded = self._found(request, location, kind)
        language = _language(request, place)
        own = MessageWording.objects.filter(location=place, kind=worded, language=language).first()
        wording = Wording(own.subject, own.body) if own is not None else None
        mail = wording_try(location=place, kind=worded, language=language, wording=wording)
        return framed(page_of(mail, scheme_asked(request)))

    def _found(self, request: HttpRequest, location: UUID, kind: str) -> tuple[Location, MessageKind]:
        """The location and kind of an address; raises `Http404` where the reader sees no such location."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        place = next((place for place in reader().locations if place.pk == location), None)
        if place is None or kind not in WORDED_KINDS:
            raise Http404
        return place, MessageKind(kind)

    def _may_at(self, request: HttpRequest, action: str, place: Location) -> bool:
        return cast(User, request.user).may(self.resource, action, place.pk)


def words_url(place: Location, kind: MessageKind) -> str:
    return reverse("admin:plans_messagewording_words", args=[place.pk, kind.value])


def _language(request: HttpRequest, place: Location) -> str:
    asked = request.POST.get("language") or request.GET.get("language", "")
    if asked in LANGUAGES:
        return asked
    return place.language if place.language in LANGUAGES else settings.LANGUAGE_CODE


def _draft(request: HttpRequest) -> Wording:
    """The words as the page holds them, with the line ends that we keep."""
    subject, body = (request.POST.get(name, "")[:MOST_BYTES] for name in ("subject", "body"))
    return Wording(subject.strip(), body.replace("\r\n", "\n").strip())


def _preview(request: HttpRequest, place: Location, kind: MessageKind, language: str, draft: Wording) -> dict[str, Any]:
    """What the preview's part of the page needs. Words that cannot be used are shown as what would go out instead."""
    mail = wording_try(location=place, kind=kind, language=language, wording=draft)
    scheme = scheme_asked(request)
    view = request.POST.get("view", "desktop")
    key = keep(page_of(mail, scheme), cast(User, request.user))
    return {
        "mail": mail,
        "faults": [(fault.field, str(fault)) for fault in faults_here(place, kind, language, draft)],
        "frame_url": reverse("admin:plans_messagewording_shown", args=[key]) if key is not None else "",
        "view": view if view in dict(VIEWS) else "desktop",
        "scheme": scheme,
        "direction": "rtl" if language in FROM_RIGHT else "ltr",
        "language": language,
    }


@location_panel(10)
def mail_of_location(who: Reader, location: Location) -> Block | None:
    """What its mail looks like, with the colour and logo that are saved."""
    if not who.may_on("view", location, "plans.messagewording"):
        return None
    url = reverse("admin:plans_messagewording_sample", args=[location.pk, MessageKind.CONFIRMATION.value])
    frames = [(name, f"{url}?scheme={scheme}") for scheme, name in SCHEMES]
    words = ("Mail words", reverse("admin:plans_messagewording_changelist"))
    return Block("How its mail looks", "console/panels/mail_of_location.html", {"frames": frames}, link=words)


@location_panel(5)
def name_of_location(who: Reader, location: Location) -> Block | None:
    """That its name tells what is treated, for who can give it another in mail."""
    found = telling_words(location) if who.may_on("change", location) else []
    if not found:
        return None
    context = {"rows": [(location, quoted(found))], "is_here": True}
    return Block("Its name in mail", "console/panels/names_in_mail.html", context)


@today_section(45)
def names_in_mail_today(who: Reader) -> Block | None:
    """Locations whose mail tells by its name what is treated, for managers."""
    own = visible(Location.objects.all(), who.user, "change") if who.has(Role.MANAGER) else ()
    rows = [(location, quoted(found)) for location in own if (found := telling_words(location))]
    return Block("Names in mail", "console/panels/names_in_mail.html", {"rows": rows}) if rows else None


job(Job("Mail words", "admin:plans_messagewording_changelist", "edit_note", "plans.messagewording", 91, "set_up"))
