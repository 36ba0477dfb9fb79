"""Without a link: ask for a new one by email. The answer is the same whoever asks, and takes as long."""

import time

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from clinic import clock
from clinic.access import counting
from clinic.access.signin import address_of
from clinic.mailboxes import is_mailable
from plans.portal.sealing import is_sealed, seal
from plans.portal.services import links_ask
from plans.portal.views.base import BUSY, PortalView, again_soon, see_other

HOUR_SECONDS = 60 * 60
PER_EMAIL, PER_ADDRESS = 3, 10
"""In an hour; an email that was asked for more often is answered as ever, and mailed no more."""
ANSWER_SECONDS = 0.4
"""How long an answer takes, whether anybody has this address or not."""
NO_LINK = "lost"


class LostView(PortalView):
    """The form, and the one answer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(is_asked=request.GET.get("said") == "asked")

    def post(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        email = self.email
        if not is_sealed(NO_LINK, request.POST.get("seal", ""), clock.now()):
            notice = gettext("This page was open for too long. Nothing was changed. Try again.")
            return self._form(email=email, notice=notice)
        if not is_mailable(email):
            return self._form(email=email, notice=gettext("This is not an email address. Please check it."), status=422)
        if counting.add(f"lost-from:{address_of(request)}", HOUR_SECONDS) > PER_ADDRESS:
            response = self.sorry("too_often", status=429, seconds=counting.seconds_left(HOUR_SECONDS))
            response["Retry-After"] = str(counting.seconds_left(HOUR_SECONDS))
            return response
        if counting.add(f"lost:{email.lower()}", HOUR_SECONDS) <= PER_EMAIL:
            links_ask(email=email)
        time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - began)))
        return see_other(f"{reverse('portal:lost')}?said=asked")

    @property
    def email(self) -> str:
        return self.request.POST.get("email", "").strip()[:254]

    def busy(self) -> HttpResponse:
        return again_soon(self._form(email=self.email, notice=str(BUSY), status=503))

    def _form(self, *, is_asked: bool = False, email: str = "", notice: str = "", status: int = 200) -> HttpResponse:
        context = {"seal": seal(NO_LINK, clock.now()), "is_asked": is_asked, "email": email, "notice": notice}
        return self.page("lost.html", context, status=status)
