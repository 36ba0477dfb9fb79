"""Reads plans, their sessions, their course and their roll-outs."""

from plans.treatment.queries.care import Advice, advice_for
from plans.treatment.queries.course import CourseRow, course_of, moves_of, progress_of, with_course
from plans.treatment.queries.facts import Calendar, GivenTo, facts_of, given_to
from plans.treatment.queries.flags import flagged, with_flags
from plans.treatment.queries.owed import (
    in_the_way_of_completion,
    left_by_completion,
    owed_follow_up,
    owed_of,
    owed_session,
)
from plans.treatment.queries.plans import (
    consented_modalities,
    live_appointment_ids,
    plans_in_full,
    signed_consultations,
)
from plans.treatment.queries.sessions import early_warning, sessions_in_full, shown_status, with_scheduled, with_visit

__all__ = [
    "Advice",
    "Calendar",
    "CourseRow",
    "GivenTo",
    "advice_for",
    "consented_modalities",
    "course_of",
    "early_warning",
    "facts_of",
    "flagged",
    "given_to",
    "in_the_way_of_completion",
    "left_by_completion",
    "live_appointment_ids",
    "moves_of",
    "owed_follow_up",
    "owed_of",
    "owed_session",
    "plans_in_full",
    "progress_of",
    "sessions_in_full",
    "shown_status",
    "signed_consultations",
    "with_course",
    "with_flags",
    "with_scheduled",
    "with_visit",
]
