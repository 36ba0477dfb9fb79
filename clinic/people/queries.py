"""Reads practitioners."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from clinic.access.roles import Role
from clinic.people.models import Membership, Modality, Practitioner


def practitioners_in_full() -> QuerySet[Practitioner]:
    """Practitioners with name, qualifications and, as `works_at`, the locations where they practise: three queries."""
    practising = Membership.objects.filter(role=Role.PRACTITIONER).order_by("location__position", "location__name")
    return Practitioner.objects.select_related("user").prefetch_related(
        "qualifications", Prefetch("user__memberships", queryset=practising, to_attr="works_at")
    )


def qualified(practitioners: QuerySet[Practitioner], modality: str) -> QuerySet[Practitioner]:
    """Those who have this modality among their qualifications, whatever its dates."""
    return practitioners.filter(qualifications__modality=modality)


def practising(*, user: Any, location: Any) -> QuerySet[Membership]:
    """What says that `user` practises at `location`: there is a row where they do. Either may be an outer reference."""
    return Membership.objects.filter(user=user, location=location, role=Role.PRACTITIONER)


def practises_at(practitioner: Practitioner, location: Any) -> bool:
    """Whether this person practises at this location, given as row or key: one query."""
    return practising(user=practitioner.user_id, location=location).exists()


def working_at(practitioners: QuerySet[Practitioner], location_id: UUID) -> QuerySet[Practitioner]:
    """Those who practise at this location."""
    at = Membership.objects.filter(location_id=location_id, role=Role.PRACTITIONER)
    return practitioners.filter(user__in=at.values("user"))


def missing_qualifications(practitioner: Practitioner, modalities: Iterable[Modality], on: date) -> set[Modality]:
    """The ones of `modalities` that `practitioner` may not perform on this date."""
    held = practitioner.qualifications.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=on), Q(valid_until__isnull=True) | Q(valid_until__gte=on)
    ).values_list("modality", flat=True)
    return set(modalities) - {Modality(modality) for modality in held}
