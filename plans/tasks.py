"""The tasks of every room, where Celery looks for them."""

from plans.messages.tasks import deliver_due, reconcile

__all__ = ["deliver_due", "reconcile"]
