"""The plan, its sessions, and what was given in each: one typed record per modality."""

from plans.treatment.models.plans import CourseMove, PlanConsent, PlanRevision, TreatmentPlan
from plans.treatment.models.records import (
    CHARTED,
    RECORDS,
    ExosomeRecord,
    MicroneedlingRecord,
    PrpRecord,
    PrpSpin,
    StemCellRecord,
)
from plans.treatment.models.rollouts import ProtocolRollout, RolloutPlan
from plans.treatment.models.sessions import (
    ComponentWarning,
    ProcedureSession,
    SessionAmendment,
    SessionComponent,
    Zone,
)
from plans.treatment.models.windows import Owed, Pinned

__all__ = [
    "CHARTED",
    "RECORDS",
    "ComponentWarning",
    "CourseMove",
    "ExosomeRecord",
    "MicroneedlingRecord",
    "Owed",
    "Pinned",
    "PlanConsent",
    "PlanRevision",
    "ProcedureSession",
    "ProtocolRollout",
    "PrpRecord",
    "PrpSpin",
    "RolloutPlan",
    "SessionAmendment",
    "SessionComponent",
    "StemCellRecord",
    "TreatmentPlan",
    "Zone",
]
