"""Celery's way in. Harmless when run twice, late, or several at once."""

from uuid import UUID

from celery import shared_task

from plans.treatment.services import rollout_advance, rollout_nudge, rollouts_standing_still
from plans.treatment.services.rollouts import nudge

PLANS_AT_ONCE = 50
"""A worker that is asked to stop waits for its task, and mail for a free worker: a long roll-out is many short ones."""


@shared_task
def advance_rollout(rollout_id: str) -> None:
    """Settle the next plans of a roll-out, and ask for the next batch."""
    progress = rollout_advance(rollout_id=UUID(rollout_id), limit=PLANS_AT_ONCE)
    if progress.settled and not progress.is_finished:
        nudge(None, rollout_id)


@shared_task
def resume_rollouts() -> None:
    """Take up what a killed worker or an emptied broker left unfinished, and the plans that somebody had in hand."""
    for rollout_id in rollouts_standing_still():
        rollout_nudge(rollout_id)
