"""Visits in the console: the calendar, one visit, booking and moving, the waitlist, Today."""

from plans.scheduling.admin import appointments, panels, visit_types, waitlist

__all__ = ["appointments", "panels", "visit_types", "waitlist"]
