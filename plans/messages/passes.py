"""When each pass of ours last ended, and what was in its way: liveness is this age, not a ping."""

from dataclasses import dataclass

from clinic import clock
from plans.messages.models import DeliveryPass

DELIVERY, SWEEP, WHOLE_SWEEP = "deliver_due", "reconcile", "reconcile_whole"


@dataclass(frozen=True, slots=True)
class Ended:
    """`age_seconds`: how far from now its end is. A pass that ended in the future tells of a clock that was set back
    since, and not of mail that flows: until the next one ends it is as old as it is ahead.
    """

    age_seconds: float
    trouble: str


def pass_record(name: str, *, sent: int = 0, trouble: str = "") -> None:
    """Note that a pass of this name has ended, how many mails it sent, and what was in its way."""
    DeliveryPass.objects.bulk_create(
        [DeliveryPass(name=name, finished_at=clock.now(), sent=sent, trouble=trouble[:200])],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["finished_at", "sent", "trouble"],
    )


def passes_ended() -> dict[str, Ended]:
    """The last pass of each name that has ever ended. One query."""
    now = clock.now()
    return {
        row.name: Ended(abs((now - row.finished_at).total_seconds()), row.trouble) for row in DeliveryPass.objects.all()
    }
