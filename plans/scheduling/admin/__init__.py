"""Visits in the console: the calendar, one visit, booking and moving, the waitlist, Today; calendar feeds."""

from plans.scheduling.admin import appointments, feeds, panels, visit_types
from plans.scheduling.admin.waitlist import pages as waitlist

__all__ = ["appointments", "feeds", "panels", "visit_types", "waitlist"]
