"""How a consultation's state looks on a screen (pure)."""

from clinic.console.badges import Badge, Tone
from plans.consultations.models import Consultation

STATES = {
    Consultation.Status.DRAFT: Badge(Tone.SOON, "Draft: to sign", "signature"),
    Consultation.Status.SIGNED: Badge(Tone.DONE, "Signed"),
    Consultation.Status.AMENDED: Badge(Tone.DONE, "Signed, amended"),
}


def consultation_badge(consultation: Consultation) -> Badge:
    return STATES[Consultation.Status(consultation.status)]
