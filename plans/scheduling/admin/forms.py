"""What the transitions of a visit ask for."""

from django import forms

from clinic.console.forms import ActForm, ReasonForm
from plans.scheduling.admin.asked import why_not
from plans.scheduling.admin.booking import TimeForm, offer
from plans.scheduling.models import Appointment
from plans.scheduling.queries import subject_of, why_rebook


class CancelForm(ActForm):
    reason = forms.ChoiceField(choices=Appointment.CancelReason.choices, label="Who cancels")
    note = forms.CharField(max_length=300, required=False, help_text="For the team; patients do not read it.")


class KeepForm(ReasonForm):
    above = "console/parts/keep.html"
    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="It stays on the visit."
    )

    def prepare(self) -> None:
        self.why = why_rebook(self.row)


class NoteForm(ActForm):
    note = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For the team."
    )

    def prepare(self) -> None:
        self.fields["note"].initial = self.row.note


class MoveForm(TimeForm):
    """Another time for a visit that is booked."""

    note = None  # type: ignore[assignment]

    def prepare(self) -> None:
        subject = subject_of(self.row)
        self.blocked = why_not(subject, except_for=self.row.pk)
        self.set_offer(offer(self.request, self.row.location, subject))
        self.fields["practitioner"].initial = self.row.practitioner_id
