"""What the transitions of a plan and of its sessions ask for."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import Q

from clinic.access.visibility import visible
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, ReasonForm
from clinic.console.reader import reader
from clinic.console.refusals import add_refusal, refusals
from clinic.errors import Refusal
from clinic.people.models import Modality, Practitioner, User
from patients.queries import documents_in_force
from plans.consultations.models import Consultation
from plans.protocols.models import Protocol
from plans.treatment.admin.words import PreviewLines, preview_lines
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    ConsentInput,
    Preview,
    plan_hold_preview,
    plan_preview,
    plan_resume_preview,
    session_pin_preview,
)


class PlanForm(ConsoleModelForm):
    refusal_names = {"consultation": "__all__"}
    consultation: Consultation
    """Set by the admin when it makes the form's class."""

    class Meta:
        model = TreatmentPlan
        fields = ("protocol", "lead_practitioner", "start_date")
        widgets = {"start_date": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "protocol" in self.fields:
            protocols = cast(forms.ModelChoiceField, self.fields["protocol"])
            protocols.queryset = Protocol.objects.filter(is_current=True)
            protocols.label_from_instance = lambda protocol: protocol.title  # type: ignore[method-assign]
            people = cast(forms.ModelChoiceField, self.fields["lead_practitioner"])
            people.queryset = visible(Practitioner.objects.select_related("user"), cast(User, self.request.user))
            if self.instance._state.adding:
                self.initial.setdefault("lead_practitioner", self.consultation.practitioner_id)
                self.initial.setdefault("start_date", reader().today_at(self.consultation.location.zone))


class ExpectationForm(ActForm):
    """Shows what the patient is told before they decide."""

    above = "console/parts/expectation.html"

    @property
    def expectation(self) -> str:
        plan: TreatmentPlan = self.row
        return plan.expectation_as_shown or plan.protocol.expectation


class AcceptForm(ExpectationForm):
    """The patient's signature under each document that the plan needs."""

    accepted_on = forms.DateField(label="Accepted on")
    signed_name = forms.CharField(
        max_length=200, label="Signed by", help_text="The name as the patient or guardian types it."
    )

    def prepare(self) -> None:
        plan: TreatmentPlan = self.row
        self.fields["accepted_on"].initial = reader().today_at(plan.location.zone)
        needed = {
            component
            for session in plan.sessions.all()
            for component in session.components.values_list("modality", flat=True)
        }
        self.documents = {one.modality: one for one in documents_in_force() if one.modality in needed}
        self.missing = sorted(needed - self.documents.keys())
        for modality, document in sorted(self.documents.items(), key=lambda item: str(item[0])):
            self.fields[f"consent_{modality}"] = forms.BooleanField(
                required=False, label=f"{document.title} (version {document.version_label}) is signed"
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for modality in self.missing:
            self.add_error(None, f"No consent document for {Modality(modality).label} is in force; a manager adds one.")
        return cleaned

    def consents(self) -> list[ConsentInput]:
        return [
            ConsentInput(str(modality), document.version_label, self.cleaned_data["signed_name"])
            for modality, document in self.documents.items()
            if self.cleaned_data.get(f"consent_{modality}")
        ]


class DeclineForm(ActForm):
    reason = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class PreviewedForm(ActForm):
    """The button *See what would change* comes back with what the act would do, unwritten."""

    below = "console/parts/preview_button.html"
    preview: ClassVar[PreviewLines | None] = None
    """What the act would do, once that was asked for."""

    def prepare(self) -> None:
        self.is_preview = "preview" in self.data
        self.fields["reason"].required = not self.is_preview

    def is_valid(self) -> bool:
        """A preview never goes on to the service."""
        return super().is_valid() and not self.is_preview

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.is_preview and not self.errors:
            try:
                with refusals():
                    self.preview = preview_lines(self.foresee(cleaned))  # type: ignore[misc]
            except Refusal as refusal:
                add_refusal(self, refusal, self.refusal_names)
        return cleaned

    def foresee(self, cleaned: Mapping[str, Any]) -> Preview:
        """What the act would do with this input. Raises what the act raises."""
        raise NotImplementedError


class ReviseForm(PreviewedForm):
    """What the plan is to follow from now on."""

    protocol = forms.ModelChoiceField(queryset=Protocol.objects.none(), required=False, empty_label="As it is")
    lead_practitioner = forms.ModelChoiceField(
        queryset=Practitioner.objects.none(), required=False, empty_label="As it is", label="In charge"
    )
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def prepare(self) -> None:
        super().prepare()
        plan: TreatmentPlan = self.row
        protocols = cast(forms.ModelChoiceField, self.fields["protocol"])
        protocols.queryset = Protocol.objects.filter(~Q(pk=plan.protocol_id), is_current=True)
        protocols.label_from_instance = self._protocol_label  # type: ignore[method-assign]
        people = cast(forms.ModelChoiceField, self.fields["lead_practitioner"])
        people.queryset = visible(Practitioner.objects.select_related("user"), cast(User, self.request.user))

    def foresee(self, cleaned: Mapping[str, Any]) -> Preview:
        return plan_preview(
            plan_id=self.row.pk, protocol=cleaned["protocol"], lead_practitioner=cleaned["lead_practitioner"]
        )

    def _protocol_label(self, protocol: Protocol) -> str:
        newer = ", the newer version of what it follows" if protocol.code == self.row.protocol.code else ""
        return f"{protocol.title} (version {protocol.version_number}{newer})"


class PinForm(PreviewedForm):
    """A date that a person sets, and why."""

    pinned_on = forms.DateField(label="Date")
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def prepare(self) -> None:
        super().prepare()
        session: ProcedureSession = self.row
        self.fields["pinned_on"].initial = session.pinned_on or session.target_date

    def foresee(self, cleaned: Mapping[str, Any]) -> Preview:
        return session_pin_preview(session_id=self.row.pk, pinned_on=cleaned["pinned_on"])


class UnpinForm(PreviewedForm):
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def foresee(self, cleaned: Mapping[str, Any]) -> Preview:
        return session_pin_preview(session_id=self.row.pk, pinned_on=None)


class HoldForm(ReasonForm):
    """Says which booked visits then want another time."""

    above = "console/parts/preview.html"

    @property
    def preview(self) -> PreviewLines | None:
        return foreseen(lambda: plan_hold_preview(plan_id=self.row.pk))


class ResumeForm(ActForm):
    """Says what moves."""

    above = "console/parts/preview.html"

    @property
    def preview(self) -> PreviewLines | None:
        return foreseen(lambda: plan_resume_preview(plan_id=self.row.pk))


def foreseen(preview: Callable[[], Preview]) -> PreviewLines | None:
    """What an act would do; None where it is refused, which the act itself says."""
    try:
        with refusals():
            return preview_lines(preview())
    except Refusal:
        return None
