"""The consents that a plan rests on, as signed when it is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clinic.errors import Invalid
from clinic.people.models import User
from clinic.text import says_nothing
from patients.models import ConsentDocument
from patients.services import consent_give
from plans.treatment.gates import check_consents
from plans.treatment.models import PlanConsent, TreatmentPlan


@dataclass(frozen=True, slots=True)
class ConsentInput:
    """One consent as signed at acceptance."""

    modality: str
    document_version: str
    signed_name: str


def consents_give(plan: TreatmentPlan, consents: Sequence[ConsentInput], accepted_on: date, by: User | None) -> None:
    """Record the consents of an acceptance. Raises `Invalid` for each that cannot be, `GateBlocked` for what lacks."""
    in_force = {
        (document.modality, document.version_label): document
        for document in ConsentDocument.objects.filter(
            purpose=ConsentDocument.Purpose.TREATMENT, in_force_from__lte=accepted_on, in_force_until__isnull=True
        )
    }
    faults = []
    for index, item in enumerate(consents):
        if (item.modality, item.document_version) not in in_force:
            known = ", ".join(sorted(f"{modality} {version}" for modality, version in in_force)) or "none"
            faults.append(
                Invalid(
                    f"No document “{item.document_version}” for {item.modality} is in force; in force: {known}.",
                    attr=f"consents.{index}.document_version",
                )
            )
        if says_nothing(item.signed_name):
            faults.append(
                Invalid("The consent carries the signer's name.", code="required", attr=f"consents.{index}.signed_name")
            )
    Invalid.gather(faults)
    needed = set(
        plan.sessions.filter(components__isnull=False).values_list("components__modality", flat=True).distinct()
    )
    check_consents(needed - {item.modality for item in consents}, attr="consents")
    for item in {item.modality: item for item in consents}.values():
        consent = consent_give(
            patient=plan.patient,
            document=in_force[item.modality, item.document_version],
            signed_name=item.signed_name,
            signed_on=accepted_on,
            by=by,
        )
        PlanConsent.objects.get_or_create(plan=plan, consent=consent)
