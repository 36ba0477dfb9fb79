"""Visits in the console: the calendar, one visit, booking and moving, Today."""

from plans.scheduling.admin import appointments, panels, visit_types

__all__ = ["appointments", "panels", "visit_types"]
