"""Behind a patient's own link, and what mail they want: preferences, and no mail with one press."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from clinic.errors import Busy, Conflict, Refusal
from patients.models import Patient
from plans.messages.links import Link, Purpose
from plans.portal.access import Page
from plans.portal.queries import check_in_to_answer, courses_of, follow_ups_to_offer, offers_to_answer, visits_to_come
from plans.portal.services import mail_choose, mail_unsubscribe
from plans.portal.views.base import LinkView, address_of_page
from plans.portal.views.visit import link_to
from plans.portal.words import moment

OptionalMail = Patient.OptionalMail
KINDS: dict[str, str | Promise] = {
    OptionalMail.REMINDER: gettext_lazy("Reminders of my visits"),
    OptionalMail.PREPARATION: gettext_lazy("How to prepare for a visit"),
    OptionalMail.AFTERCARE: gettext_lazy("What to keep in mind after a visit"),
    OptionalMail.CHECK_IN: gettext_lazy("Questions about how I am"),
    OptionalMail.OVERDUE: gettext_lazy("When it is time to book a visit"),
    OptionalMail.OFFER: gettext_lazy("Offers of an earlier time"),
}


class HomeView(LinkView):
    """The next visit, what waits for an answer, and the ways to everything else."""

    shows = Page.HOME

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        visits = list(visits_to_come(self.patient, self.now)[:10])
        generation = self.patient.link_generation
        is_known = self.is_known
        context = {
            "notice": notice,
            "visits": [
                (link_to(visit, generation), moment(visit.starts_at, visit.location.zone), visit.location)
                for visit in visits
            ],
            "follow_ups": [self._path(Purpose.FOLLOW_UP, row.pk) for row in follow_ups_to_offer(self.patient)[:5]],
            "offers": [self._path(Purpose.OFFER, row.pk) for row in offers_to_answer(self.patient, self.now)[:5]],
            "is_known": is_known,
            "has_check_in": is_known and check_in_to_answer(self.patient) is not None,
            "courses": [(one.done, one.total, one.total) for one in courses_of(self.patient)] if is_known else [],
        }
        return self.page_of_link("home.html", context, status=status)

    def _path(self, purpose: Purpose, key: UUID) -> str:
        return address_of_page(Link(purpose, key, self.patient.link_generation).token)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which mail somebody wants."""

    unwanted_mail: Sequence[str]
    wants_none: bool
    language: str | None
    """None: as it is."""

    @classmethod
    def of(cls, patient: Patient) -> "Wishes":
        return cls(patient.unwanted_mail, patient.email_opt_out, patient.language)


class PreferencesView(LinkView):
    """Which mail, in which language, or none at all."""

    shows = Page.PREFERENCES

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        wishes = self._typed() if self.request.method == "POST" else Wishes.of(self.patient)
        context = {
            "kinds": [(kind, words, kind not in wishes.unwanted_mail) for kind, words in KINDS.items()],
            "wants_none": wishes.wants_none,
            "mail_languages": [(code, name, code == wishes.language) for code, name in settings.LANGUAGES],
            "notice": notice,
            "said": self.request.GET.get("said", ""),
        }
        return self.page_of_link("preferences.html", context, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        wishes = self._typed()
        try:
            mail_choose(
                patient=self.patient,
                unwanted_mail=wishes.unwanted_mail,
                wants_none=wishes.wants_none,
                language=wishes.language,
            )
        except Busy:
            raise
        except Refusal:
            return self.show(
                notice=gettext("This could not be saved. Nothing was changed. Please try again."), status=409
            )
        return self.done("kept", "preferences")

    def _typed(self) -> Wishes:
        form = self.request.POST
        wanted = form.getlist("kinds")
        return Wishes(
            [kind for kind in KINDS if kind not in wanted], form.get("none") == "yes", form.get("mail_language") or None
        )


class UnsubscribeView(LinkView):
    """No mail any more that the patient may do without; mail programs post here by themselves, with neither cookie nor
    page (RFC 8058), and for many patients from one address."""

    shows = Page.UNSUBSCRIBE

    def counted_as(self, request: HttpRequest, token: str) -> str:
        return token if request.method == "POST" else super().counted_as(request, token)

    def _answer_opened(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whatever the body says: nothing in it is needed, so it is not read."""
        return self.post(request) if request.method == "POST" else self.show()

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        is_done = self.patient.email_opt_out or set(OptionalMail) <= set(self.patient.unwanted_mail)
        return self.page_of_link("unsubscribe.html", {"is_done": is_done, "notice": notice}, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            mail_unsubscribe(patient=self.patient)
        except Conflict:  # merged just now: the next try finds the record that stands
            return self.busy()
        return self.done("", "unsubscribe")
