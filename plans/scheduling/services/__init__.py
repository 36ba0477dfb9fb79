"""Writes appointments and calendar feeds. Booking never double-books a practitioner, a room or a patient."""

from plans.scheduling.services.attendance import (
    NO_LONGER_OWED,
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
    appointment_record_consultation,
    appointments_close,
    appointments_of_session_arrive,
    appointments_of_session_fulfil,
    follow_up_visit_fulfil,
)
from plans.scheduling.services.booking import (
    appointment_book,
    appointment_note,
    appointment_reschedule,
    appointment_undo,
)
from plans.scheduling.services.callers import Caller, caller_book, caller_register, caller_walk_in, likely_same
from plans.scheduling.services.feeds import calendar_feed_make, calendar_feed_note_reading, calendar_feed_revoke
from plans.scheduling.services.keeping import appointment_keep
from plans.scheduling.services.off_hours import appointments_check_hours
from plans.scheduling.services.series import SeriesVisit, plan_book_series, plan_preview_series
from plans.scheduling.services.taking_back import appointment_take_back, why_not_taken_back
from plans.scheduling.services.waitlist import (
    waitlist_accept,
    waitlist_add,
    waitlist_change,
    waitlist_decline,
    waitlist_offer,
    waitlist_withdraw,
)
from plans.scheduling.services.walk_in import walk_in_begin

__all__ = [
    "NO_LONGER_OWED",
    "Caller",
    "SeriesVisit",
    "appointment_arrive",
    "appointment_book",
    "appointment_cancel",
    "appointment_confirm",
    "appointment_fulfil",
    "appointment_keep",
    "appointment_no_show",
    "appointment_note",
    "appointment_record_consultation",
    "appointment_reschedule",
    "appointment_take_back",
    "appointment_undo",
    "appointments_check_hours",
    "appointments_close",
    "appointments_of_session_arrive",
    "appointments_of_session_fulfil",
    "calendar_feed_make",
    "calendar_feed_note_reading",
    "calendar_feed_revoke",
    "caller_book",
    "caller_register",
    "caller_walk_in",
    "follow_up_visit_fulfil",
    "likely_same",
    "plan_book_series",
    "plan_preview_series",
    "waitlist_accept",
    "waitlist_add",
    "waitlist_change",
    "waitlist_decline",
    "waitlist_offer",
    "waitlist_withdraw",
    "walk_in_begin",
    "why_not_taken_back",
]
