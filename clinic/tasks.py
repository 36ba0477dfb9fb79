"""Celery's entry points of the house: each calls one service."""

from celery import shared_task

from clinic import clock
from clinic.access.services import tokens_forget
from clinic.api import idempotency


@shared_task
def forget_old_requests() -> None:
    """Delete what is kept for repeated requests once it is a day old, and tokens that have ended."""
    now = clock.now()
    idempotency.forget_old_requests(now=now)
    tokens_forget(now=now)
