"""The only writers of protocols, care advice and intervals."""

from plans.protocols.services.care import care_text_write, care_topic_create, care_topic_edit
from plans.protocols.services.intervals import interval_rule_create, interval_rule_edit
from plans.protocols.services.protocols import protocol_delete, protocol_restore, protocol_retire, protocol_write
from plans.protocols.services.seeding import protocols_seed

__all__ = [
    "care_text_write",
    "care_topic_create",
    "care_topic_edit",
    "interval_rule_create",
    "interval_rule_edit",
    "protocol_delete",
    "protocol_restore",
    "protocol_retire",
    "protocol_write",
    "protocols_seed",
]
