"""Reads people."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from clinic.people.models import Modality, Practitioner


def missing_qualifications(practitioner: Practitioner, modalities: Iterable[Modality], on: date) -> set[Modality]:
    """The ones of `modalities` that `practitioner` may not perform on this date."""
    held = practitioner.qualifications.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=on), Q(valid_until__isnull=True) | Q(valid_until__gte=on)
    ).values_list("modality", flat=True)
    return set(modalities) - {Modality(modality) for modality in held}
