"""Behind a patient's own link, and what mail they want: preferences, and no mail with one press."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from clinic.errors import Refusal
from patients.models import Patient
from patients.services import BY_THE_PATIENT, patient_choose_mail
from plans.messages.links import Link, Purpose
from plans.portal import birth
from plans.portal.access import Page
from plans.portal.queries import check_in_to_answer, courses_of, follow_ups_to_offer, offers_to_answer, visits_to_come
from plans.portal.services import mail_unsubscribe
from plans.portal.views.base import LinkView, address_of_page
from plans.portal.views.visit import link_to
from plans.portal.words import moment, number

OptionalMail = Patient.OptionalMail
KINDS: dict[str, str | Promise] = {
    OptionalMail.REMINDER: gettext_lazy("Reminders of my visits"),
    OptionalMail.PREPARATION: gettext_lazy("How to prepare for a visit"),
    OptionalMail.AFTERCARE: gettext_lazy("What to mind after a visit"),
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
        is_known = birth.is_known(self.request, self.patient, self.now)
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
            "courses": [(number(one.done), number(one.total), one.total) for one in courses_of(self.patient)]
            if is_known
            else [],
        }
        return self.page_of_link("home.html", context, status=status)

    def _path(self, purpose: Purpose, key: UUID) -> str:
        return address_of_page(Link(purpose, key, self.patient.link_generation).token)


class PreferencesView(LinkView):
    """Which mail, in which language, or none at all."""

    shows = Page.PREFERENCES

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        patient = self.patient
        context = {
            "kinds": [(kind, words, kind not in patient.unwanted_mail) for kind, words in KINDS.items()],
            "wants_none": patient.email_opt_out,
            "mail_languages": [(code, name, code == patient.language) for code, name in settings.LANGUAGES],
            "notice": notice,
            "said": self.request.GET.get("said", ""),
        }
        return self.page_of_link("preferences.html", context, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = set(request.POST.getlist("kinds"))
        try:
            patient_choose_mail(
                patient_id=self.patient.pk,
                unwanted_mail=[kind for kind in KINDS if kind not in wanted],
                email_opt_out=request.POST.get("none") == "yes",
                language=request.POST.get("mail_language") or None,
                reason=BY_THE_PATIENT,
            )
        except Refusal:
            return self.show(notice=gettext("This could not be kept. Nothing was changed. Try again."), status=409)
        return self.done("kept", "preferences")


class UnsubscribeView(LinkView):
    """No mail any more that the patient may do without; mail programs post here by themselves, with neither cookie nor
    page (RFC 8058)."""

    shows = Page.UNSUBSCRIBE
    needs_seal = False
    is_limited_when_posting = False

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        is_done = self.patient.email_opt_out or set(OptionalMail) <= set(self.patient.unwanted_mail)
        return self.page_of_link("unsubscribe.html", {"is_done": is_done, "notice": notice}, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        mail_unsubscribe(patient=self.patient)
        return self.done("", "unsubscribe")
