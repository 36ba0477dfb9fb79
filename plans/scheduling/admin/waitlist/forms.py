"""What the pages and acts of the waitlist ask for."""

from typing import Any, cast

from django import forms

from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, TimeInput
from clinic.console.reader import reader
from clinic.errors import Invalid
from clinic.people.models import User
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.times import chosen_time
from plans.scheduling.admin.waitlist.rows import offer_in_words
from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.waitlist import present_visits
from plans.scheduling.services.waitlist import WISHES


class WaitlistForm(ConsoleModelForm):
    """When and with whom they want to come."""

    class Meta:
        model = WaitlistEntry
        fields = WISHES
        labels = {"earliest": "First day", "latest": "Last day", "is_urgent": "Urgent", "weekdays": "Days"}
        widgets = {"earliest": DateInput, "latest": DateInput, "time_from": TimeInput, "time_until": TimeInput}


class TimeOfOffer(ActForm):
    """A dialog about the time that stands offered."""

    above = "console/parts/waitlist_time.html"

    @property
    def time(self) -> str:
        return offer_in_words(reader(), self.row)


class ChosenTime(TimeOfOffer):
    """Another time, as its button says it, or else the one that stands offered."""

    slot = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def time(self) -> str:
        chosen = getattr(self, "cleaned_data", {}).get("chosen")
        if chosen is None:
            return super().time
        return f"{reader().moment(chosen.starts_at, self.row.location.zone)} with {chosen.practitioner}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("slot"):
            try:
                cleaned["chosen"] = chosen_time(cast(User, self.request.user), cleaned["slot"])
            except Invalid as invalid:
                raise forms.ValidationError(invalid.detail) from None
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        """The chosen time as the services take it; empty for the one that stands offered."""
        chosen = self.cleaned_data.get("chosen")
        return {"starts_at": chosen.starts_at, "practitioner": chosen.practitioner} if chosen else {}


class AcceptForm(ChosenTime):
    """The time that they take, and the visit that they have by now, which moves there."""

    above = "console/parts/waitlist_accept.html"

    def prepare(self) -> None:
        self.present = present_visits([self.row]).get(self.row.present_id)

    @property
    def has_now(self) -> str:
        """“Tue 24 Nov 09:30 with Dr Rowan, Room 2”; empty where they have no visit."""
        return visit_in_words(self.present) if self.present is not None else ""


class OfferForm(ChosenTime):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "chosen" not in cleaned and not self.errors:
            raise forms.ValidationError("Choose a time on the page of the entry, or of the time that is free.")
        return cleaned


class DeclineOfferForm(TimeOfOffer):
    keep_waiting = forms.BooleanField(required=False, initial=True, label="Goes on waiting for another time")
    reason = forms.CharField(max_length=300, required=False)


class WithdrawForm(ActForm):
    reason = forms.CharField(max_length=300, required=False)
