"""Locations, rooms and working time in the console."""

import clinic.places.admin.hours
import clinic.places.admin.sites  # noqa: F401
