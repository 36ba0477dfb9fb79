"""Any sequence of acts: each either does what the table of states says or is refused and changes nothing."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from clinic.errors import Conflict, InvalidTransition
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
    appointment_reschedule,
    appointment_undo,
)
from tests.plans.scheduling.conftest import Clinic, Written

MONDAY = date(2026, 3, 9)
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "confirm": (Appointment.MAY_CONFIRM, "confirmed"),
    "arrive": (Appointment.MAY_ARRIVE, "arrived"),
    "fulfil": (Appointment.MAY_FULFIL, "fulfilled"),
    "cancel": (Appointment.MAY_CANCEL, "cancelled"),
    "no_show": (Appointment.MAY_NO_SHOW, "no_show"),
    "move": (Appointment.MAY_RESCHEDULE, "booked"),
}
ACTS = st.lists(st.sampled_from([*TRANSITIONS, "undo", "wait"]), min_size=1, max_size=9)


class Model:
    """What one visit should be, kept in plain Python."""

    def __init__(self) -> None:
        self.status, self.hour, self.revision = "booked", 10, 1
        self.last: tuple[str, str, int] | None = ("book", "", 10)
        self.is_fresh = True

    def apply(self, act: str) -> bool:
        """Whether the act is allowed; and if so, do it."""
        if act == "undo":
            return self._undo()
        allowed, after = TRANSITIONS[act]
        if self.status not in allowed:
            return False
        if act in ("move", "cancel"):
            self.last, self.is_fresh = (act, self.status, self.hour), True
            self.revision += 1
        if act == "move":
            self.hour += 1
        self.status = after
        return True

    def _undo(self) -> bool:
        if self.status not in Appointment.MAY_UNDO or self.last is None or not self.is_fresh:
            return False
        act, status, hour = self.last
        self.status, self.hour = ("cancelled", self.hour) if act == "book" else (status, hour)
        self.last = None
        self.revision += 1
        return True


def act_on(appointment: Appointment, act: str, clinic: Clinic, hour: int) -> Callable[[], Any]:
    key: dict[str, Any] = {"appointment_id": appointment.pk, "by": clinic.desk}
    return {
        "confirm": lambda: appointment_confirm(**key),
        "arrive": lambda: appointment_arrive(**key),
        "fulfil": lambda: appointment_fulfil(**key),
        "cancel": lambda: appointment_cancel(**key, reason="other"),
        "no_show": lambda: appointment_no_show(**key),
        "move": lambda: appointment_reschedule(**key, starts_at=clinic.at(f"{hour + 1:02}:00")),
        "undo": lambda: appointment_undo(**key),
    }[act]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_services_follow_the_table_of_states(clinic: Clinic, frozen: time_machine.Traveller, acts: list[str]) -> None:
    with transaction.atomic():
        model, appointment = Model(), clinic.book("10:00")
        for act in acts:
            if act == "wait":
                frozen.shift(timedelta(seconds=61))
                model.is_fresh = False
                continue
            before, hour = Written.now(), model.hour
            if model.apply(act):
                act_on(appointment, act, clinic, hour)()
            else:
                with pytest.raises(Conflict) as refusal:
                    act_on(appointment, act, clinic, hour)()
                assert isinstance(refusal.value, InvalidTransition) == (
                    act != "undo" or appointment.status not in Appointment.MAY_UNDO
                )
                assert Written.now() == before
            appointment.refresh_from_db()
            assert (appointment.status, appointment.revision) == (model.status, model.revision)
            assert appointment.starts_at == clinic.at(f"{model.hour:02}:00")
            assert appointment.revisions.count() == model.revision
            stale = PatientMessage.objects.filter(status="pending").exclude(appointment_revision=model.revision)
            assert not stale.exists()
        transaction.set_rollback(True)
