"""Visits, free slots and calendar feeds over HTTP."""

from plans.scheduling.api.appointments import AppointmentViewSet
from plans.scheduling.api.feeds import CalendarFeedViewSet
from plans.scheduling.api.fits import FitsView
from plans.scheduling.api.slots import SlotsView

__all__ = ["AppointmentViewSet", "CalendarFeedViewSet", "FitsView", "SlotsView"]
