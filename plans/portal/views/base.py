"""What every patient page does: limits, opens the link, speaks its language, and keeps itself to itself."""

from collections.abc import Mapping
from typing import Any, ClassVar

from csp.decorators import csp
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language_info, gettext, gettext_lazy, override
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from clinic import clock
from clinic.access import counting
from clinic.access.signin import address_of
from clinic.errors import Busy
from plans.portal import birth, speaking
from plans.portal.access import CLINICAL, OWN, Opened, Page, Standing, open_link
from plans.portal.queries import places_to_call
from plans.portal.sealing import is_sealed, seal

WINDOW_SECONDS = 60
PER_ADDRESS = {"GET": 60, "HEAD": 60, "POST": 60}
"""In a minute, of each method; a practice behind one address shares them."""
POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Robots-Tag": "noindex, nofollow",
}
LARGEST_BODY = 100 * 1024
"""Of a form without pictures."""


class Answer(Exception):
    """Ends the work on a request with this response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


@method_decorator([csrf_exempt, csp(POLICY)], name="dispatch")  # forms carry a seal: `portal/sealing.py`
class PortalView(View):
    """A page of the portal, whether a link opens it or not."""

    http_method_names = ["get", "head", "post"]
    opened: Opened | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.language = speaking.language_of(request, None)
        with override(self.language):
            try:
                if (request.method or "").lower() not in self.http_method_names:
                    raise Answer(self.http_method_not_allowed(request))
                response = self._answer(request, *args, **kwargs)
            except Answer as found:
                response = found.response
            except Busy:
                response = self.busy()
        speaking.remember(request, response)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._check_rate(request, address_of(request))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def _check_rate(self, request: HttpRequest, whose: str) -> None:
        method = request.method or ""
        key = f"patient-pages:{'POST' if method == 'POST' else 'GET'}:{whose}"
        if counting.add(key, WINDOW_SECONDS) > PER_ADDRESS.get(method, 60):
            wait = counting.seconds_left(WINDOW_SECONDS)
            response = self.sorry("too_often", status=429, seconds=wait)
            response["Retry-After"] = str(wait)
            raise Answer(response)

    def page(self, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
        """The page, in the language that is active."""
        language = get_language_info(self.language)
        shared = {
            "language": self.language,
            "direction": "rtl" if language["bidi"] else "ltr",
            "languages": [(code, name, code == self.language) for code, name in settings.LANGUAGES],
            "opened": self.opened,
            "location": self.opened.location if self.opened is not None else None,
            "places": places_to_call() if self.opened is None else [],
        }
        content = render_to_string(f"portal/{template}", {**shared, **context})
        return HttpResponse(content, status=status)

    def sorry(self, why: str, *, status: int, **context: Any) -> HttpResponse:
        """A page that opens nothing, and says why and what to do."""
        return self.page("sorry.html", {"why": why, **context}, status=status)

    def busy(self) -> HttpResponse:
        """What to say while somebody else holds what this page wants to change."""
        return again_soon(self.sorry("busy", status=503))

    def address(self, name: str = "open", said: str = "") -> str:
        """Where a page of this link is; `said` names the sentence that it then begins with."""
        if self.opened is None:
            return reverse("portal:lost")
        return address_of_page(self.opened.token, name, said)


BUSY = gettext_lazy("Somebody is changing this right now. Nothing was changed. Please try again, or call us.")


def again_soon(response: HttpResponse) -> HttpResponse:
    """`response`, to be asked for again in a moment."""
    response["Retry-After"] = "5"
    return response


def address_of_page(token: str, name: str = "open", said: str = "") -> str:
    path = reverse(f"portal:{name}", args=[token])
    return f"{path}?said={said}" if said else path


class LinkView(PortalView):
    """A page behind a link. Subclasses say which, and answer GET and POST.

    `opened` is the link with its patient. What is clinical is shown to those who gave the date of birth; a form without
    our seal changes nothing and is shown again.
    """

    shows: ClassVar[Page]
    largest_body: ClassVar[int] = LARGEST_BODY
    opened: Opened

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = kwargs.pop("token")
        self._check_rate(request, self.counted_as(request, token))
        self.now = clock.now()
        found = open_link(token, self.now)
        if found is None:
            return self.sorry("unknown", status=404)
        self.opened = found
        self.patient, self.location = found.patient, found.location
        self.language = speaking.language_of(request, found.patient)
        with override(self.language):
            try:
                return self._answer_opened(request, *args, **kwargs)
            except Answer as answer:
                return answer.response
            except Busy:
                return self.busy()

    def counted_as(self, request: HttpRequest, token: str) -> str:
        """Whose requests are counted together."""
        return address_of(request)

    @property
    def is_known(self) -> bool:
        """Whether this browser gave the patient's date of birth."""
        return birth.is_known(self.request, self.patient, self.now)

    def _answer_opened(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.opened.may(self.shows):
            return self._closed()
        if self.shows in CLINICAL and not self.is_known:
            return self.ask_birth()
        if request.method == "POST":
            self._check_body(request)
            if not is_sealed(self.opened.token, request.POST.get("seal", ""), self.now):
                return self.show(notice=gettext("This page was open for too long. Nothing was changed. Try again."))
        handler = getattr(self, (request.method or "").lower(), self.http_method_not_allowed)
        response: HttpResponse = handler(request, *args, **kwargs)
        return response

    def _check_body(self, request: HttpRequest) -> None:
        """Refuses what is too large before any of it is read, and what cannot be read."""
        try:
            is_too_large = int(request.META.get("CONTENT_LENGTH") or 0) > self.largest_body
            _ = None if is_too_large else request.POST
        except (ValueError, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
            is_too_large = True
        if is_too_large:
            raise Answer(self.sorry("too_large", status=413))

    def _closed(self) -> HttpResponse:
        if self.opened.standing is Standing.OPEN:
            return self.sorry("unknown", status=404)
        return self.sorry(self.opened.standing.value, status=410)

    def ask_birth(self, *, after: Page | None = None, status: int = 200, **context: Any) -> HttpResponse:
        """The question for the date of birth; then on to the page `after`, or to this one."""
        given = context.pop("given", {})
        order = _birth_fields(self.language, self.location.country)
        fields = [(name, given.get(name, "")) for name in order]
        has_back = OWN[self.opened.link.purpose] not in CLINICAL  # else the link itself leads to this question
        context |= {"next": (after or self.shows).value, "fields": fields, "has_back": has_back}
        return self.page_of_link("birth.html", context, status=status)

    def page_of_link(self, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
        """A page with what its forms and its ways to other pages need."""
        token = self.opened.token
        shared = {
            "token": token,
            "seal": seal(token, self.now),
            "patient": self.patient,
            "may": {page.value: self.opened.may(page) for page in Page},
            "shows": self.shows.value,
        }
        return self.page(template, {**shared, **context}, status=status)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        """The page as it stands, beginning with `notice`."""
        raise NotImplementedError

    def busy(self) -> HttpResponse:
        """The page with what was typed, to send it again."""
        return again_soon(self.show(notice=str(BUSY), status=503))

    def as_it_stands(self, notice: str) -> HttpResponse:
        """The page as it is by now, beginning with why nothing was changed; or that it has ended meanwhile."""
        found = open_link(self.opened.token, self.now)
        if found is None or not found.may(self.shows):
            return self.sorry("ended", status=410)
        self.opened = found
        return self.show(notice=notice, status=409)

    def done(self, said: str, name: str = "open") -> HttpResponse:
        """On to a page of this link, which says what was done."""
        return see_other(self.address(name, said))


class ActView(LinkView):
    """An act: a POST changes something, and a GET leads to the page that has its button."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.address())


def see_other(address: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": address})


def posted_number(request: HttpRequest, name: str) -> int:
    """A whole number that a form sent; -1 for anything else."""
    value = request.POST.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1


def _birth_fields(language: str, country: str) -> list[str]:
    """The parts of a date in the order in which they are written."""
    return ["month", "day", "year"] if language == "en" and country in ("US", "") else ["day", "month", "year"]
