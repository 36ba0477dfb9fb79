"""The only writers of protocols and care advice.

The only writer of `IntervalRule` is `plans/treatment/services/interval_rules.py`: saving a rule starts, in the same
transaction, the roll-out that works the running plans out anew, and services of this room call none of treatment.
"""

from plans.protocols.services.care import care_text_write, care_topic_create, care_topic_edit
from plans.protocols.services.codes import check_code_is_free
from plans.protocols.services.protocols import protocol_delete, protocol_restore, protocol_retire, protocol_write
from plans.protocols.services.seeding import protocols_seed

__all__ = [
    "care_text_write",
    "care_topic_create",
    "care_topic_edit",
    "check_code_is_free",
    "protocol_delete",
    "protocol_restore",
    "protocol_retire",
    "protocol_write",
    "protocols_seed",
]
