"""A front desk that never rests: books, moves, cancels, takes back and turns mail off and on, often just when a mail
about it leaves; and does what `care` does. `python -m tests.faults.desk NAME SEED` works until it is killed.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_clock
from uuid import UUID

import django
from django.db import connection

from tests.faults.care import Care
from tests.faults.stage import Stage

PAUSE_SECONDS = 0.12
OFF_AT_ONCE = 8
"""Patients who want no mail at one time, or a few more."""


@dataclass(slots=True)
class Known:
    """A visit of this desk's. `mail_at` is when the next mail about it is likely to leave."""

    id: UUID
    mail_at: datetime


def main(name: str, seed: int) -> None:
    django.setup()
    stage = Stage.of_this_process(name)
    stage.install_clock()
    _Desk(stage, random.Random(seed)).work()


class _Desk:
    def __init__(self, stage: Stage, dice: random.Random) -> None:
        from clinic.people.models import Practitioner, User
        from clinic.places.models import Location
        from patients.models import Patient

        self.stage, self.dice = stage, dice
        self.location = Location.objects.get()
        self.by = User.objects.get(email="desk@faults.example")
        self.practitioners = list(Practitioner.objects.select_related("user"))
        self.patients = list(Patient.objects.all())
        self.visits: list[Known] = []

    def work(self) -> None:
        care = Care(self.stage, self.dice, self.location, self.by, self._slot)
        visits = {self._book: 10, self._move: 4, self._cancel: 4, self._undo: 3, self._mail_off_or_on: 1}
        acts: dict[Callable[[], None], int] = {**visits, **care.acts}
        while True:
            act = self.dice.choices(list(acts), list(acts.values()))[0]
            try:
                act()
            except LookupError:
                continue
            except Exception as error:  # noqa: BLE001 whatever fails, the desk goes on
                self.stage.journal.write("failed", error=f"{type(error).__name__}: {error}"[:200])
                connection.close()
                time.sleep(0.2)
            time.sleep(self.dice.uniform(0, 2 * PAUSE_SECONDS))

    def _book(self) -> None:
        from plans.scheduling.services import appointment_book

        patient = self.dice.choice(self.patients)
        self.stage.journal.write("op", act="book")
        visit = appointment_book(
            by=self.by,
            location=self.location,
            practitioner=self.dice.choice(self.practitioners),
            starts_at=self._slot(),
            consultation_for=patient,
        )
        self.stage.journal.write("done", act="book", visit=visit.pk, revision=visit.revision, patient=patient.pk)
        self._remember(visit.pk)

    def _move(self) -> None:
        from plans.scheduling.services import appointment_reschedule

        known = self._choose()
        self.stage.journal.write("op", act="move", visit=known.id)
        visit = appointment_reschedule(appointment_id=known.id, by=self.by, starts_at=self._slot())
        self.stage.journal.write("done", act="move", visit=visit.pk, revision=visit.revision)
        self._remember(visit.pk)

    def _cancel(self) -> None:
        from plans.scheduling.services import appointment_cancel

        known = self._choose()
        self.stage.journal.write("op", act="cancel", visit=known.id)
        visit = appointment_cancel(appointment_id=known.id, by=self.by, reason="patient")
        self.stage.journal.write("done", act="cancel", visit=visit.pk, revision=visit.revision)
        self._remember(visit.pk)

    def _undo(self) -> None:
        from plans.scheduling.services import appointment_undo

        known = self.visits[-1] if self.visits else self._choose()
        self.stage.journal.write("op", act="undo", visit=known.id)
        visit = appointment_undo(appointment_id=known.id, by=self.by)
        self.stage.journal.write("done", act="undo", visit=visit.pk, revision=visit.revision)

    def _mail_off_or_on(self) -> None:
        from patients.models import Patient
        from patients.services import patient_update

        off = list(Patient.objects.filter(email_opt_out=True))
        patient = self.dice.choice(off if len(off) > OFF_AT_ONCE else self.patients)
        patient.refresh_from_db()
        act = "opt in" if patient.email_opt_out else "opt out"
        self.stage.journal.write("op", act=act, patient=patient.pk)
        patient_update(patient_id=patient.pk, changes={"email_opt_out": not patient.email_opt_out})
        self.stage.journal.write("done", act=act, patient=patient.pk)

    def _remember(self, visit: UUID) -> None:
        grace = timedelta(seconds=self.location.grace_seconds)
        self.visits = [known for known in self.visits[-200:] if known.id != visit]
        self.visits.append(Known(visit, self.stage.clock.now() + grace))

    def _choose(self) -> Known:
        """Rather one whose mail is about to leave; of another desk's or an older one now and then."""
        now = self.stage.clock.now()
        near = [known for known in self.visits if abs((known.mail_at - now).total_seconds()) < 15]
        if near and self.dice.random() < 0.7:
            return self.dice.choice(near)
        from plans.messages.models import PatientMessage

        soon = PatientMessage.objects.filter(
            appointment__isnull=False, status="pending", due_at__lte=now + timedelta(minutes=1)
        )
        found = list(soon.values_list("appointment", flat=True).distinct()[:20])
        if found and self.dice.random() < 0.7:
            return Known(self.dice.choice(found), now)
        if self.visits:
            return self.dice.choice(self.visits)
        self._book()
        return self.visits[-1]

    def _slot(self) -> datetime:
        """Some half-hour of a weekday, from a few hours ahead to nine days."""
        from clinic.places.wallclock import at_wall_clock_or_after, local_date

        while True:
            day = local_date(self.stage.clock.now(), self.location.zone) + timedelta(days=self.dice.randint(0, 9))
            at = wall_clock(self.dice.randint(8, 17), self.dice.choice((0, 30)))
            starts_at = at_wall_clock_or_after(day, at, self.location.zone)
            if day.isoweekday() <= 5 and starts_at > self.stage.clock.now() + timedelta(hours=1):
                return starts_at


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
