"""Writes follow-ups, check-ins and contact attempts."""

from plans.followups.services.attempts import (
    attempt_amend,
    attempt_record,
    attempt_record_for_patient,
    attempt_record_for_session,
    attempt_take_back,
    why_attempt_stands,
)
from plans.followups.services.attending import doubt_about, follow_up_attend
from plans.followups.services.check_ins import (
    LONGEST_ACKNOWLEDGEMENT,
    check_in_answer,
    check_in_cancel,
    check_in_report_acknowledge,
    check_in_report_submit,
    check_ins_put,
)
from plans.followups.services.course import (
    Moved,
    follow_ups_close,
    follow_ups_create,
    follow_ups_move,
    follow_ups_revise,
)
from plans.followups.services.obligations import follow_up_cancel, follow_up_create, follow_up_pin, lock_follow_up

__all__ = [
    "LONGEST_ACKNOWLEDGEMENT",
    "Moved",
    "attempt_amend",
    "attempt_record",
    "attempt_record_for_patient",
    "attempt_record_for_session",
    "attempt_take_back",
    "check_in_answer",
    "check_in_cancel",
    "check_in_report_acknowledge",
    "check_in_report_submit",
    "check_ins_put",
    "doubt_about",
    "follow_up_attend",
    "follow_up_cancel",
    "follow_up_create",
    "follow_up_pin",
    "follow_ups_close",
    "follow_ups_create",
    "follow_ups_move",
    "follow_ups_revise",
    "lock_follow_up",
    "why_attempt_stands",
]
