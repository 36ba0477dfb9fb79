"""The tasks of every room, where Celery looks for them."""

from plans.messages.tasks import deliver_due, forget_old_mails, reconcile
from plans.treatment.tasks import advance_rollout, resume_rollouts

__all__ = ["advance_rollout", "deliver_due", "forget_old_mails", "reconcile", "resume_rollouts"]
