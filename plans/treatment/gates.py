"""What must be so before something is done (pure): each check says what is wrong, and what would be right."""

from collections.abc import Collection
from datetime import date

from dateutil.relativedelta import relativedelta

from clinic.errors import GateBlocked, Invalid
from clinic.people.models import Modality

FARTHEST_PIN = relativedelta(years=2)


def check_consents(missing: Collection[str], attr: str | None = None) -> None:
    """Raises `GateBlocked`, with one gate for each modality that lacks the patient's consent."""
    modalities = [Modality(modality) for modality in sorted(missing)]
    if modalities:
        raise GateBlocked(
            f"A consent is missing for: {', '.join(modality.label for modality in modalities)}.",
            attr=attr,
            extra={
                "gates": [
                    {
                        "gate": "consent",
                        "modality": modality.value,
                        "detail": f"The patient signs the consent for {modality.label}.",
                        "overridable": False,
                    }
                    for modality in modalities
                ]
            },
        )


def check_pin(pinned_on: date, start: date, today: date) -> None:
    """Raises `Invalid` for a date to which nothing can be pinned in a plan that starts on `start`."""
    if pinned_on < start:
        raise Invalid(f"{pinned_on} is before the plan, which starts on {start}.", attr="pinned_on")
    if pinned_on < today:
        raise Invalid(f"{pinned_on} is past; pin to today ({today}) or later.", attr="pinned_on")
    if pinned_on > today + FARTHEST_PIN:
        raise Invalid(f"{pinned_on} is too far ahead; pin to {today + FARTHEST_PIN} at the latest.", attr="pinned_on")
