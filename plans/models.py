"""The models of every room of the course of care, where Django looks for them."""

from plans.consultations.models import (
    Cause,
    Consultation,
    ConsultationAmendment,
    ScreeningAnswer,
    ScreeningItem,
)
from plans.followups.models import CheckIn, ContactAttempt, FollowUp
from plans.messages.models import DeliveryPass, MessagePolicy, PatientMessage
from plans.protocols.models import Protocol, ProtocolStep, StepComponent
from plans.scheduling.models import Appointment, AppointmentRevision, VisitType
from plans.treatment.models import (
    ComponentWarning,
    ExosomeRecord,
    MicroneedlingRecord,
    PlanConsent,
    PlanRevision,
    ProcedureSession,
    PrpRecord,
    PrpSpin,
    SessionAmendment,
    SessionComponent,
    StemCellRecord,
    TreatmentPlan,
)

__all__ = [
    "Appointment",
    "AppointmentRevision",
    "Cause",
    "CheckIn",
    "ComponentWarning",
    "Consultation",
    "ConsultationAmendment",
    "ContactAttempt",
    "DeliveryPass",
    "ExosomeRecord",
    "FollowUp",
    "MessagePolicy",
    "MicroneedlingRecord",
    "PatientMessage",
    "PlanConsent",
    "PlanRevision",
    "ProcedureSession",
    "Protocol",
    "ProtocolStep",
    "PrpRecord",
    "PrpSpin",
    "ScreeningAnswer",
    "ScreeningItem",
    "SessionAmendment",
    "SessionComponent",
    "StemCellRecord",
    "StepComponent",
    "TreatmentPlan",
    "VisitType",
]
