"""Consents and the documents they are given under, in the console."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge, Tone
from clinic.console.base import PartAdmin, SetUpAdmin
from clinic.console.forms import ConsoleModelForm, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, Job, job, patient_panel
from clinic.errors import Invalid
from clinic.people.models import Modality
from clinic.records import Record
from clinic.words import within
from patients.models import Consent, ConsentDocument, Patient
from patients.services import consent_document_create, consent_withdraw


@admin.register(Consent)
class ConsentAdmin(PartAdmin):
    owner = "patient"
    change_form_template = "console/consent.html"
    history_grant = "view_clinical"
    fields = ("document", "signed_name", "signed_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).select_related("document", "patient__home_location", "recorded_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the patient's page, or with the plan."""
        return False

    def name_of(self, row: Consent) -> str:
        return f"Consent: {row.document.title}"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        consent = kwargs.get("obj")
        context |= {
            "consent": consent,
            "badge": consent_badge(consent) if consent else None,
            "sees_clinical": reader().may_on("view_clinical", consent),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @act(
        "Withdraw",
        grant="withdraw",
        is_legal=in_states(Consent.MAY_WITHDRAW),
        form=ReasonForm,
        icon="undo",
        variant=ActionVariant.DANGER,
        description="What rests on this consent cannot go on.",
        submit="Withdraw consent",
    )
    def withdraw(self, request: HttpRequest, row: Consent, form: ReasonForm) -> Done:
        consent_withdraw(consent_id=row.pk, reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: consent withdrawn.")


class ConsentDocumentForm(ConsoleModelForm):
    class Meta:
        model = ConsentDocument
        fields = ("purpose", "modality", "version_label", "title", "text", "in_force_from")
        help_texts = {"modality": "For treatment only.", "text": "As the patient reads it."}


@admin.register(ConsentDocument)
class ConsentDocumentAdmin(SetUpAdmin):
    form = ConsentDocumentForm
    list_display = ("title", "concerns", "version_label", "state")
    fields = ("purpose", "modality", "version_label", "title", "text", "in_force_from")
    empty_reason = "No documents yet. A plan cannot be accepted without one for each modality."

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version that people signed is never edited: a new one takes its place."""
        return False

    @display(description="Concerns")
    def concerns(self, document: ConsentDocument) -> str:
        return str(Modality(document.modality).label) if document.modality else document.get_purpose_display()

    @display(description="State")
    def state(self, document: ConsentDocument) -> Badge:
        if document.in_force_until is None:
            return Badge(Tone.DONE, f"In force since {within(reader().day(document.in_force_from))}")
        return Badge(Tone.NEUTRAL, f"Until {within(reader().day(document.in_force_until))}", "history")

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        if (data["purpose"] == ConsentDocument.Purpose.TREATMENT) != bool(data["modality"]):
            raise Invalid("A treatment consent names its modality; the others name none.", attr="modality")
        return consent_document_create(**data)


def consent_badge(consent: Consent) -> Badge:
    """What became of a consent."""
    return {
        Consent.Status.GIVEN: Badge(Tone.DONE, "Given"),
        Consent.Status.WITHDRAWN: Badge(Tone.STOP, "Withdrawn"),
        Consent.Status.SUPERSEDED: Badge(Tone.NEUTRAL, "Replaced by a newer version", "history"),
    }[Consent.Status(consent.status)]


@patient_panel(60)
def consents_panel(who: Reader, patient: Patient) -> Block | None:
    if not who.may_on("view", patient, "patients.consent"):
        return None
    consents = list(patient.consents.select_related("document"))
    shown = [(consent, consent_badge(consent)) for consent in consents]
    return Block("Consents", "console/panels/consents.html", {"consents": shown}, count=len(shown) or None)


job(
    Job(
        title="Consent documents",
        url_name="admin:patients_consentdocument_changelist",
        icon="description",
        resource="patients.consentdocument",
        position=100,
        group="set_up",
    )
)
