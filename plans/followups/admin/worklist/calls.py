"""Calls from the worklist: what can come of one, and writing it down."""

from typing import Any

from django import forms
from django.urls import reverse

from clinic import clock, words
from clinic.console.forms import DateInput, dress
from clinic.console.reader import Reader
from clinic.console.toasts import Toast
from clinic.places.queries import open_weekdays
from plans.followups.admin.worklist.opened import Opened
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.rules import next_try
from plans.followups.services import attempt_record, attempt_record_for_patient, attempt_record_for_session
from plans.scheduling.admin.toasts import SLIP_SECONDS

CALLED = (
    (ContactAttempt.Outcome.NO_ANSWER, "phone_missed"),
    (ContactAttempt.Outcome.LEFT_MESSAGE, "voicemail"),
    (ContactAttempt.Outcome.REACHED, "phone_in_talk"),
    (ContactAttempt.Outcome.DECLINED, "phone_disabled"),
    (ContactAttempt.Outcome.WRONG_NUMBER, "wrong_location"),
)
"""What can come of a call, each a button of its own."""


class CallForm(forms.Form):
    """What came of a call, or until when it was put off."""

    outcome = forms.CharField(max_length=20)
    note = forms.CharField(max_length=500, required=False)
    next_try_on = forms.DateField(required=False)


class AmendForm(forms.Form):
    next_try_on = forms.DateField(required=False, label="Try again on", widget=DateInput)
    note = forms.CharField(max_length=500, required=False, widget=forms.TextInput(attrs={"placeholder": "Note"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


def record_call(who: Reader, opened: Opened, *, outcome: str, note: str, next_try_on: Any) -> ContactAttempt:
    """Write down what came of a call about an open row, or that it was put off; with the next try, unless one is given,
    on a day on which the place is open."""
    channel = ContactAttempt.Channel.OTHER if outcome == ContactAttempt.Outcome.PUT_OFF else ContactAttempt.Channel.CALL
    if next_try_on is None:
        next_try_on = next_try(outcome, clock.today(opened.location.zone), open_weekdays(opened.location))
    said = {"channel": channel, "outcome": outcome, "note": note, "next_try_on": next_try_on}
    about = opened.subject.obligation if opened.subject is not None else None
    if isinstance(about, FollowUp):
        return attempt_record(follow_up_id=about.pk, by=who.user, **said)
    if about is not None:
        return attempt_record_for_session(session_id=about.pk, by=who.user, **said)
    return attempt_record_for_patient(patient_id=opened.patient.pk, location=opened.location, by=who.user, **said)


def attempt_in_words(who: Reader, attempt: ContactAttempt) -> str:
    """“Mock Dogwood: no answer, again tomorrow.”"""
    outcome = ContactAttempt.Outcome(attempt.outcome).label.lower()
    if not attempt.next_try_on:
        return f"{attempt.patient}: {outcome}."
    again = words.within(who.day(attempt.next_try_on, attempt.location.zone))
    if attempt.outcome == ContactAttempt.Outcome.PUT_OFF:
        return f"{attempt.patient}: put off to {again}."
    return f"{attempt.patient}: {outcome}, again {again}."


def call_toast(words: str, attempt: ContactAttempt, *, undo_url: str = "") -> Toast:
    """Of what was written down. `undo_url`: where a POST takes it back; empty for the attempt's own address."""
    return Toast(
        words,
        about=str(attempt.pk),
        undo_url=undo_url or reverse("admin:plans_contactattempt_take_back", args=[attempt.pk]),
        seconds=SLIP_SECONDS,
        waits="Can be taken back here for",
    )


def taken_back_toast(attempt: ContactAttempt) -> Toast:
    """Of the attempt as it was."""
    return Toast(f"{attempt.patient}: “{attempt.get_outcome_display().lower()}” is taken back.", about=str(attempt.pk))


def amend_form(attempt: ContactAttempt) -> AmendForm:
    return AmendForm(initial={"next_try_on": attempt.next_try_on, "note": attempt.note})
