"""The console's pages of people and places."""

import clinic.people.admin
import clinic.places.admin  # noqa: F401
