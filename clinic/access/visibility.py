"""Where a row belongs: the second half of “who may do what”.

`clinic/access/roles.py` says which role may do what; this table says at which location a row's role is asked. Lists,
the rows behind an address, the rows a body may refer to and the console's lists are all limited here.
"""

from collections.abc import Mapping
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models

from clinic.people.models import User

M = TypeVar("M", bound=models.Model)

EVERYWHERE = None
"""Belongs to no location: whoever has the right at any location has it."""

LOCATION_PATHS: Mapping[str, str | None] = {
    # People and places: a person belongs to every location where they have a role.
    "clinic.user": "memberships__location",
    "clinic.membership": "location",
    "clinic.practitioner": "user__memberships__location",
    "clinic.qualification": "practitioner__user__memberships__location",
    "clinic.location": "id",
    "clinic.room": "location",
    "clinic.openinghours": "location",
    "clinic.break": "location",
    "clinic.extrahours": "location",
    "clinic.closure": "location",
    "clinic.timeoff": "practitioner__user__memberships__location",
    # Patients
    "patients.patient": "home_location",
    "patients.guardian": "patient__home_location",
    "patients.allergy": "patient__home_location",
    "patients.historyentry": "patient__home_location",
    "patients.consentdocument": EVERYWHERE,
    "patients.consent": "patient__home_location",
    # Protocols
    "plans.protocol": EVERYWHERE,
    "plans.protocolstep": EVERYWHERE,
    "plans.stepcomponent": EVERYWHERE,
    "plans.intervalrule": EVERYWHERE,
    "plans.caretopic": EVERYWHERE,
    "plans.caretext": EVERYWHERE,
    # Consultations
    "plans.screeningitem": EVERYWHERE,
    "plans.consultation": "location",
    "plans.cause": "consultation__location",
    "plans.screeninganswer": "consultation__location",
    "plans.consultationamendment": "consultation__location",
    # Treatment
    "plans.treatmentplan": "location",
    "plans.planrevision": "plan__location",
    "plans.proceduresession": "plan__location",
    "plans.sessioncomponent": "session__plan__location",
    "plans.prprecord": "component__session__plan__location",
    "plans.prpspin": "record__component__session__plan__location",
    "plans.stemcellrecord": "component__session__plan__location",
    "plans.microneedlingrecord": "component__session__plan__location",
    "plans.exosomerecord": "component__session__plan__location",
    "plans.sessionamendment": "session__plan__location",
    "plans.protocolrollout": EVERYWHERE,
    "plans.rolloutplan": "plan__location",
    # Follow-ups
    "plans.followup": "location",
    "plans.checkin": "session__plan__location",
    "plans.checkinreport": "check_in__session__plan__location",
    "plans.checkinphoto": "report__check_in__session__plan__location",
    "plans.contactattempt": "location",
    # Scheduling
    "plans.visittype": "location",
    "plans.appointment": "location",
    "plans.appointmentrevision": "appointment__location",
    "plans.waitlistentry": "location",
    "plans.calendarfeed": "location",
    # Messages
    "plans.messagepolicy": "location",
    "plans.messagewording": "location",
    "plans.patientmessage": "location",
    "plans.deliveryevent": "message__location",
}


CLINICAL_LINE = "plans.patientmessage"
CLINICAL_ROWS: Mapping[str, tuple[str, frozenset[str]]] = {
    # That there is such a message says that a patient reported something.
    CLINICAL_LINE: ("kind", frozenset({"escalation"})),
    "plans.deliveryevent": ("message__kind", frozenset({"escalation"})),
}
"""Rows that are clinical by being there, by a column: only who may `view_clinical` on the line above, at their
location, sees that they exist."""


def visible(queryset: models.QuerySet[M], user: User | AnonymousUser, action: str = "view") -> models.QuerySet[M]:
    """The rows of `queryset` on which `user` may do `action`; none for a stranger."""
    resource = queryset.model._meta.label_lower
    if not isinstance(user, User) or not user.may(resource, action):
        return queryset.none()
    path = LOCATION_PATHS[resource]
    if user.is_superuser or path is EVERYWHERE:
        return queryset
    at_locations = {f"{path}__in": user.locations_where(resource, action)}
    if resource in CLINICAL_ROWS:
        column, values = CLINICAL_ROWS[resource]
        clinical_at = models.Q(**{f"{path}__in": user.locations_where(CLINICAL_LINE, "view_clinical")})
        queryset = queryset.filter(clinical_at | ~models.Q(**{f"{column}__in": values}))
    if _has_many(resource):
        return queryset.filter(pk__in=queryset.model._base_manager.filter(**at_locations).values("pk"))
    return queryset.filter(**at_locations)


def may(user: User | AnonymousUser, action: str, row: models.Model, *, resource: str | None = None) -> bool:
    """Whether `user` may do `action` on `row`, by their roles where the row belongs.

    `resource` names another line of the role table than the row's own: to give a consent is asked of its patient's
    location. Costs no query where the related rows on the way to the location are loaded.
    """
    own = row._meta.label_lower
    resource = resource or own
    if not isinstance(user, User) or not user.may(resource, action):
        return False
    if user.is_superuser or LOCATION_PATHS[own] is EVERYWHERE:
        return True
    if _has_many(own):
        of_row = {"pk": row.pk, f"{LOCATION_PATHS[own]}__in": user.locations_where(resource, action)}
        return type(row)._base_manager.filter(**of_row).exists()
    if _is_clinical(row) and location_of(row) not in user.locations_where(CLINICAL_LINE, "view_clinical"):
        return False
    return location_of(row) in user.locations_where(resource, action)


def _is_clinical(row: models.Model) -> bool:
    column, values = CLINICAL_ROWS.get(row._meta.label_lower, ("", frozenset()))
    value: object = row
    for name in column.split("__") if column else ():
        value = getattr(value, name)
    return value in values


def location_of(row: models.Model) -> UUID:
    """The key of the location to which `row` belongs; for rows of one location only."""
    path = LOCATION_PATHS[row._meta.label_lower]
    assert path is not EVERYWHERE, f"{row._meta.label} belongs to no location"
    assert not _has_many(row._meta.label_lower), f"{row._meta.label} belongs to several locations"
    *relations, last = path.split("__")
    for relation in relations:
        row = getattr(row, relation)
    key: UUID = getattr(row, row._meta.get_field(last).attname)  # type: ignore[union-attr]
    return key


def relations_to_location(resource: str) -> list[str]:
    """What to `select_related` so that `may` needs no query."""
    path = LOCATION_PATHS[resource]
    if path is EVERYWHERE or _has_many(resource) or "__" not in path:
        return []
    return [path.rpartition("__")[0]]


@cache
def _has_many(resource: str) -> bool:
    """Whether a row of `resource` can belong to several locations."""
    path = LOCATION_PATHS[resource]
    assert path is not EVERYWHERE
    model: type[models.Model] = apps.get_model(resource)
    for name in path.split("__"):
        field = model._meta.get_field(name)
        if field.one_to_many or field.many_to_many:
            return True
        if field.is_relation:
            model = field.related_model  # type: ignore[assignment]
    return False
