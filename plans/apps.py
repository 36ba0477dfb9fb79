from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PlansConfig(AppConfig):
    name = "plans"
    verbose_name = "Plans"

    def ready(self) -> None:
        from clinic.doctor import further_checks
        from clinic.places.services import mail_names_checked_by, when_hours_change
        from patients.services import merges_with, when_mail_changes
        from plans.followups.services.merging import FOLLOW_UPS
        from plans.messages.health import doctors_finding
        from plans.messages.naming import check_mail_name
        from plans.messages.providers import check_configured
        from plans.messages.services import messages_follow_wishes
        from plans.scheduling.services import appointments_check_hours
        from plans.scheduling.services.merging import VISITS
        from plans.treatment.services.merging import PLANS

        check_configured()
        post_migrate.connect(_seed_catalogue, sender=self)
        further_checks.append(doctors_finding)
        when_mail_changes(lambda patient: messages_follow_wishes(patient=patient))
        mail_names_checked_by(check_mail_name)
        when_hours_change(appointments_check_hours)
        for part in (PLANS, FOLLOW_UPS, VISITS):  # in the one lock order
            merges_with(part)


def _seed_catalogue(plan: Sequence[tuple[object, bool]] = (), **kwargs: Any) -> None:
    """After each migrate forward: what every installation starts with, where it is not there yet."""
    if any(is_backwards for _, is_backwards in plan):
        return
    from plans.consultations.services import screening_items_seed
    from plans.protocols.services import protocols_seed

    protocols_seed()
    screening_items_seed()
