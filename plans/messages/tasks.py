"""Celery's way in. All are harmless when run twice, late, or several at once."""

from typing import Any

from celery import shared_task
from celery.signals import beat_init

from clinic import clock
from plans.messages import delivery, sweep
from plans.messages.keeping import sent_mails_forget
from plans.messages.nudge import nudge

PASS_SECONDS = 10.0
"""A worker that is asked to stop waits for its task, so a long backlog is worked off in many short ones."""
SWEEP_EXPIRES_SECONDS = 60


@shared_task
def deliver_due() -> None:
    """Send what is due."""
    if not delivery.deliver_due(seconds=PASS_SECONDS).is_finished:
        nudge(clock.now())


@beat_init.connect
def sweep_at_once(**kwargs: Any) -> None:
    """A beat asks for its first sweep as it starts: until one has ended nobody can tell it from one that is dead."""
    reconcile.apply_async(expires=SWEEP_EXPIRES_SECONDS, retry=False)


@shared_task
def reconcile() -> None:
    """Mend what is missing or stuck."""
    sweep.reconcile()


@shared_task
def forget_old_mails() -> None:
    """Delete what mails said once it has been kept for long enough."""
    sent_mails_forget(now=clock.now())
