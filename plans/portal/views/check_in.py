"""How the recovery goes: one plain form, pictures if the patient likes, and what to do at once for a red flag."""

from collections.abc import Mapping, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from clinic.errors import Invalid, InvalidTransition
from clinic.images import Picture, encoded_anew
from plans.followups import recovery
from plans.followups.models import CheckIn, CheckInReport
from plans.followups.queries import check_in_state_of
from plans.followups.services import check_in_report_submit
from plans.portal.access import Page
from plans.portal.queries import check_in_to_answer
from plans.portal.questions import answered, asked
from plans.portal.views.base import LinkView
from plans.portal.words import moment

NAMES = (*(question.code for question in recovery.QUESTIONS), "note")


class CheckInView(LinkView):
    """The questions while they wait for an answer; then what was answered."""

    shows = Page.CHECK_IN

    def wanted(self) -> CheckIn | None:
        """The link's own check-in, or the one that it is time to answer."""
        return self.opened.check_in or check_in_to_answer(self.patient)

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        check_in = self.wanted()
        if check_in is None:
            return self.page_of_link("check_in_none.html", {"notice": notice, "is_early": False}, status=status)
        state = check_in_state_of(check_in)
        if state == CheckIn.State.ANSWERED:
            return self._answered(check_in, notice, status)
        if state not in CheckIn.MAY_ANSWER:
            return self.page_of_link("check_in_none.html", {"notice": notice, "is_early": True}, status=status)
        return self._form(check_in, {}, notice=notice, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        check_in = self._meant(request)
        if check_in is None:
            return self.show()
        given = {name: request.POST.get(name, "")[:2000] for name in NAMES}
        try:
            said = recovery.checked(given)
        except Invalid as refusal:
            missing = frozenset(str(fault.attr) for fault in (refusal, *refusal.others))
            return self._form(check_in, given, notice=self._what_is_missing(missing), missing=missing, status=422)
        pictures, complaints = self._pictures(request.FILES.getlist("photos"))
        if complaints and not recovery.red_flags(said):
            notice = " ".join([*complaints, gettext("Nothing was sent yet. Choose the pictures anew, or send none.")])
            return self._form(check_in, given, notice=notice, status=422)
        try:
            # A picture that is no good holds up no red flag.
            check_in_report_submit(
                check_in_id=check_in.pk, answers=given, language=self.language, photos=[] if complaints else pictures
            )
        except InvalidTransition:
            return self.done("", "check_in")
        return self.done("photos" if complaints else "thanks", "check_in")

    def _meant(self, request: HttpRequest) -> CheckIn | None:
        """The check-in that the form was about: the link's own, or another one of this patient."""
        if self.opened.check_in is not None:
            return self.opened.check_in
        key = request.POST.get("check_in", "")
        own = CheckIn.objects.filter(session__plan__patient=self.patient)
        return next((row for row in own if str(row.pk) == key), None)

    def _what_is_missing(self, missing: frozenset[str]) -> str:
        if missing == {"note"}:
            return gettext("Your text is too long. Please shorten it to 1000 characters.")
        number = len(missing)
        return ngettext(
            "%(number)s question still needs an answer. It is marked below.",
            "%(number)s questions still need an answer. They are marked below.",
            number,
        ) % {"number": number}

    def _pictures(self, files: Sequence[UploadedFile]) -> tuple[list[Picture], list[str]]:
        """Made anew; or what is wrong with them, in the patient's words."""
        if len(files) > recovery.MOST_PHOTOS:
            return [], [gettext("You can send %(number)s pictures at most.") % {"number": recovery.MOST_PHOTOS}]
        pictures, complaints = [], []
        for file in files:
            try:
                pictures.append(encoded_anew(file, attr="photos", longest_side=recovery.LONGEST_SIDE))
            except Invalid as refusal:
                said = (
                    gettext("The picture “%(name)s” is too large. It can have up to 10 MB and 40 million pixels.")
                    if refusal.code == "too_large"
                    else gettext("“%(name)s” is no picture that we can read. Send a JPEG, PNG or WebP.")
                )
                complaints.append(said % {"name": str(file.name)[:60]})
        return pictures, complaints

    def _form(
        self,
        check_in: CheckIn,
        given: Mapping[str, str],
        *,
        notice: str = "",
        missing: frozenset[str] = frozenset(),
        status: int = 200,
    ) -> HttpResponse:
        questions = list(asked(given, missing))
        signs = {question.code for question in recovery.SIGNS}
        context = {
            "check_in": check_in,
            "scale": [question for question in questions if question.is_scale],
            "course": [question for question in questions if not question.is_scale and question.code not in signs],
            "signs": [question for question in questions if question.code in signs],
            "note": given.get("note", ""),
            "notice": notice,
            "has_red_flags": bool(recovery.red_flags(given)),
            "most_photos": recovery.MOST_PHOTOS,
        }
        return self.page_of_link("check_in.html", context, status=status)

    def _answered(self, check_in: CheckIn, notice: str, status: int) -> HttpResponse:
        report = CheckInReport.objects.filter(check_in=check_in).first()
        answers = report.answers if report is not None else {}
        context = {
            "answers": list(answered(answers)),
            "note": answers.get("note", ""),
            "photos": report.photos.count() if report is not None else 0,
            "has_red_flags": report is not None and bool(report.red_flags),
            "when": moment(check_in.answered_at, self.location.zone) if check_in.answered_at else None,
            "said": self.request.GET.get("said", ""),
            "notice": notice,
        }
        return self.page_of_link("check_in_answered.html", context, status=status)
