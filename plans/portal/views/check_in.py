"""How the recovery goes: one plain form, pictures if the patient likes, and what to do at once for a red flag."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from clinic.errors import Invalid, InvalidTransition
from clinic.images import Picture, check_picture, encoded_anew
from plans.followups import recovery
from plans.followups.models import CheckIn
from plans.followups.queries import check_in_state_of
from plans.portal.access import Page, Standing
from plans.portal.queries import check_in_of, check_in_to_answer, report_to
from plans.portal.questions import answered, asked, given_in
from plans.portal.rules import OPEN_FOR
from plans.portal.sealing import is_sealed, seal
from plans.portal.services import recovery_report
from plans.portal.uploads import PictureUpload
from plans.portal.views.base import BUSY, LinkView, again_soon
from plans.portal.words import moment

LARGEST_BODY = 200 * 1024 * 1024
"""So much is read, so that answers arrive that have too large pictures beside them."""


class CheckInView(LinkView):
    """The questions while they wait for an answer; then what was answered.

    A red flag that somebody sends is answered with *Call us now*, whatever else the page says.
    """

    shows = Page.CHECK_IN
    largest_body = LARGEST_BODY
    given: Mapping[str, str] = MappingProxyType({})
    """What a form sent."""

    def _answer_opened(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A form that we made was on the page of somebody who gave the date of birth: it is heard, however long it lay
        open, and although its link has ended meanwhile."""
        if request.method == "POST":
            self.upload = PictureUpload(request, recovery.MOST_PHOTOS)
            request.upload_handlers.insert(0, self.upload)
            self._check_body(request)
            self.given = given_in(request.POST)
            is_ours = is_sealed(self._form_of, request.POST.get("seal", ""), self.now, OPEN_FOR)
            if is_ours and self.opened.standing is not Standing.REVOKED:
                return self.post(request)
        return super()._answer_opened(request, *args, **kwargs)

    @property
    def _form_of(self) -> str:
        return f"{self.opened.token} check-in"

    def page(self, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
        urgent = {"has_red_flags": bool(recovery.red_flags(self.given))}
        return super().page(template, {**urgent, **context}, status=status)

    def wanted(self) -> CheckIn | None:
        """The link's own check-in, or the one that it is time to answer."""
        return self.opened.check_in or check_in_to_answer(self.patient)

    def show(self, *, notice: str = "", status: int = 200) -> HttpResponse:
        check_in = self.wanted()
        if check_in is None:
            return self.page_of_link("check_in_none.html", {"notice": notice, "is_early": False}, status=status)
        return self._as_it_stands(check_in, said=self.request.GET.get("said", ""), notice=notice, status=status)

    def _as_it_stands(self, check_in: CheckIn, *, said: str = "", notice: str = "", status: int = 200) -> HttpResponse:
        state = check_in_state_of(check_in)
        if state == CheckIn.State.ANSWERED:
            return self._answered(check_in, said=said, notice=notice, status=status)
        if state not in CheckIn.MAY_ANSWER:
            return self.page_of_link("check_in_none.html", {"notice": notice, "is_early": True}, status=status)
        return self._form(check_in, notice=notice, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        check_in = self._meant(request)
        if check_in is None:
            return self.show()
        try:
            flags = recovery.red_flags(recovery.checked(self.given))
        except Invalid as refusal:
            missing = frozenset(str(fault.attr) for fault in (refusal, *refusal.others))
            return self._form(check_in, missing=missing, status=422)
        pictures, complaints = self._pictures(request.FILES.getlist("photos"))
        if complaints and not flags:
            notice = " ".join([*complaints, gettext("Nothing was sent yet. Choose the pictures again, or send none.")])
            return self._form(check_in, notice=notice, status=422)
        has_page = self.opened.check_in is not None and self._may_read()
        try:
            # A picture that is no good holds up no red flag.
            recovery_report(
                check_in=check_in, answers=self.given, language=self.language, photos=[] if complaints else pictures
            )
        except InvalidTransition:
            if not self.opened.may(self.shows):
                return self._closed()
            return self.done("", "check_in") if has_page else self._as_it_stands(check_in)
        if has_page and not flags:
            return self.done("thanks", "check_in")
        check_in.refresh_from_db(fields=["answered_at"])
        return self._answered(check_in, said="photos" if complaints else "thanks")

    def busy(self) -> HttpResponse:
        check_in = self._meant(self.request)
        return again_soon(self._form(check_in, notice=str(BUSY), status=503) if check_in else super().busy())

    def _meant(self, request: HttpRequest) -> CheckIn | None:
        """The check-in that a form is about: the link's own, or another one of this patient."""
        return self.opened.check_in or check_in_of(self.patient, request.POST.get("check_in", ""))

    def _may_read(self) -> bool:
        """Whether the page that shows the answers opens in this browser."""
        return self.opened.may(self.shows) and self.is_known

    def _what_is_missing(self, questions: int) -> str:
        if not questions:
            return gettext("Your text is too long. Please shorten it to 1000 characters.")
        return ngettext(
            "%(number)s question still needs an answer. It is marked below.",
            "%(number)s questions still need an answer. They are marked below.",
            questions,
        ) % {"number": questions}

    def _pictures(self, files: Sequence[UploadedFile]) -> tuple[list[Picture], list[str]]:
        """Made anew; or what is wrong with them, in the patient's words."""
        if self.upload.is_too_many:
            return [], [gettext("You can send %(number)s pictures at most.") % {"number": recovery.MOST_PHOTOS}]
        complaints = [self._complaint("too_large", name) for name in self.upload.too_large]
        for file in files:  # all of them, before any is unpacked
            try:
                check_picture(file, attr="photos")
            except Invalid as refusal:
                complaints.append(self._complaint(refusal.code, str(file.name)))
        pictures: list[Picture] = []
        for file in files if not complaints else ():
            try:
                pictures.append(encoded_anew(file, attr="photos", longest_side=recovery.LONGEST_SIDE))
            except Invalid as refusal:
                return [], [self._complaint(refusal.code, str(file.name))]
        return pictures, complaints

    def _complaint(self, code: str, name: str) -> str:
        said = (
            gettext("The picture “%(name)s” is too large. It can have up to 10 MB and 40 million pixels.")
            if code == "too_large"
            else gettext("We cannot read “%(name)s” as a picture. Send a JPEG, PNG or WebP.")
        )
        return said % {"name": name[:60]}

    def _form(
        self, check_in: CheckIn, *, notice: str = "", missing: frozenset[str] = frozenset(), status: int = 200
    ) -> HttpResponse:
        """The questions, with what was answered so far; `missing` are those that want another answer."""
        questions, performed_at = list(asked(self.given, missing)), check_in.session.performed_at
        if missing:
            notice = self._what_is_missing(sum(question.is_missing for question in questions))
        context = {
            "check_in": check_in,
            "visit": moment(performed_at, self.location.zone) if performed_at else None,
            "questions": questions,
            "seal": seal(self._form_of, self.now),
            "note": self.given.get("note", ""),
            "notice": notice,
            "most_photos": recovery.MOST_PHOTOS,
        }
        return self.page_of_link("check_in.html", context, status=status)

    def _answered(self, check_in: CheckIn, *, said: str, notice: str = "", status: int = 200) -> HttpResponse:
        """What was answered, to who gave the date of birth; and what came of it."""
        report = report_to(check_in)
        answers = report.answers if report is not None and self._may_read() else {}
        has_red_flags = report is not None and bool(report.red_flags)
        context = {
            "answers": list(answered(answers)),
            "note": answers.get("note", ""),
            "photos": report.photos.count() if report is not None and answers else 0,
            "has_red_flags": has_red_flags,
            "is_told": has_red_flags,
            "when": moment(check_in.answered_at, self.location.zone) if check_in.answered_at else None,
            "was_by_phone": report is None,
            "said": said,
            "notice": notice,
        }
        return self.page_of_link("check_in_answered.html", context, status=status)
