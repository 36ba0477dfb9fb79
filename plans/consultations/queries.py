"""Reads consultations."""

from django.db.models import QuerySet

from plans.consultations.models import Consultation


def consultations_in_full() -> QuerySet[Consultation]:
    """Consultations with causes, screening answers, amendments and appointment: a fixed number of queries."""
    return Consultation.objects.select_related(
        "patient", "practitioner__user", "location", "appointment"
    ).prefetch_related("causes", "screening_answers__item", "amendments")
