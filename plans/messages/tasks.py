"""Celery's way in. Both tasks are harmless when run twice, late, or several at once."""

from celery import shared_task

from clinic import clock
from plans.messages import delivery, sweep
from plans.messages.nudge import nudge

PASS_SECONDS = 10.0
"""A worker that is asked to stop waits for its task, so a long backlog is worked off in many short ones."""


@shared_task
def deliver_due() -> None:
    """Send what is due."""
    if not delivery.deliver_due(seconds=PASS_SECONDS).is_finished:
        nudge(clock.now())


@shared_task
def reconcile() -> None:
    """Mend what is missing or stuck."""
    sweep.reconcile()
