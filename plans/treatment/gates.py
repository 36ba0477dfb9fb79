"""What must be so before something is done (pure): each check says what is wrong, and what would be right."""

from collections.abc import Collection
from datetime import date

from dateutil.relativedelta import relativedelta

from clinic.errors import GateBlocked, Invalid
from clinic.people.models import Modality
from clinic.words import date_in_full

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
    said = date_in_full(pinned_on)
    if pinned_on < start:
        raise Invalid(f"{said} is before the plan, which starts on {date_in_full(start)}.", attr="pinned_on")
    if pinned_on < today:
        raise Invalid(f"{said} is past; pin to today ({date_in_full(today)}) or later.", attr="pinned_on")
    latest = today + FARTHEST_PIN
    if pinned_on > latest:
        raise Invalid(f"{said} is too far ahead; pin to {date_in_full(latest)} at the latest.", attr="pinned_on")
