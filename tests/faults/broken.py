"""Engines that are broken on purpose, each in one way: a suite that does not object to them proves nothing."""

import time
from collections.abc import Callable
from typing import Any

VARIABLE = "FAULTS_BROKEN"


def resends() -> None:
    """A mail whose sender ended without a word is simply sent again."""
    from clinic import clock
    from plans.messages import delivery, leases, sweep
    from plans.messages.models import PatientMessage

    def leases_settle() -> int:
        lost = PatientMessage.objects.filter(leases.unheld(clock.now()), status="sending")
        return lost.update(status="pending", lease_token=None, leased_until=None)

    delivery.leases_settle = sweep.leases_settle = leases_settle  # type: ignore[assignment]


def looks_once() -> None:
    """What was true when the row was leased is taken to be true when it is sent."""
    from plans.messages import delivery, rules

    lease: Callable[..., Any] = delivery.lease

    def slow_lease(*args: Any) -> Any:
        batch = lease(*args)
        time.sleep(0.5 if batch.rows else 0)
        return batch

    delivery.lease = slow_lease  # type: ignore[assignment]
    delivery.LOCK_ROW = delivery.LOCK_ROW.replace(
        "message.lease_token = %s AND message.status = 'pending'",
        "(message.lease_token = %s OR message.status = 'cancelled')",
    )
    delivery.MARK_SENDING = delivery.MARK_SENDING.replace("SET status", "SET settled_at = NULL, status")
    rules.ending = lambda facts, now: None  # type: ignore[assignment]


def says_sent_first() -> None:
    """A mail is called sent before its first byte has gone out."""
    from plans.messages import delivery

    delivery.MARK_SENDING = """
        UPDATE plans_patientmessage
        SET status = 'sent', attempts = %s, sending_at = %s, to_address = %s, updated_at = %s,
            settled_at = now(), lease_token = NULL, leased_until = NULL
        WHERE id = %s
    """


WAYS: dict[str, Callable[[], None]] = {way.__name__: way for way in (resends, looks_once, says_sent_first)}


def install(names: str) -> None:
    """Break this process's engine in each of these ways, given by name with commas between them."""
    for name in filter(None, names.split(",")):
        WAYS[name]()
