"""Mail: one row per message, what asks for it, what words it has, and what comes back."""

from plans.messages.models.events import DeliveryEvent, DeliveryPass, SentMail
from plans.messages.models.messages import ABOUT_NOBODY, STAFF_KINDS, SUBJECT_OF, SUBJECTS, MessageKind, PatientMessage
from plans.messages.models.policies import (
    BEFORE_A_VISIT,
    POLICY_KINDS,
    WORDED_KINDS,
    MessagePolicy,
    MessageWording,
)

__all__ = [
    "ABOUT_NOBODY",
    "BEFORE_A_VISIT",
    "POLICY_KINDS",
    "STAFF_KINDS",
    "SUBJECTS",
    "SUBJECT_OF",
    "WORDED_KINDS",
    "DeliveryEvent",
    "DeliveryPass",
    "MessageKind",
    "MessagePolicy",
    "MessageWording",
    "PatientMessage",
    "SentMail",
]
