"""What else a clinic does that mail follows from: sessions given, held plans, check-ins answered, offers, policies.

Every act is journalled with what it ends (`ends`) or begins again (`begins_again`): keys of subjects, as messages name
them, and kinds of mail where not all are meant.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from tests.faults.stage import Stage

PLANS = 24
BEFORE = ("reminder", "preparation")


class Care:
    """The acts of one desk; each is one attempt, and what the clinic refuses is no fault."""

    def __init__(self, stage: Stage, dice: random.Random, location: Any, by: Any, slot: Callable[[], datetime]) -> None:
        self.stage, self.dice, self.location, self.by, self.slot = stage, dice, location, by, slot

    @property
    def acts(self) -> Mapping[Callable[[], None], int]:
        """With how often each is done among the others."""
        return {
            self._book_session: 3,
            self._hold_or_resume: 2,
            self._perform: 2,
            self._answer: 3,
            self._acknowledge: 2,
            self._offer: 2,
            self._decline: 1,
            self._cancel_follow_up: 1,
            self._change_policy: 1,
        }

    @contextmanager
    def _journalled(self, act: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """`op` before it, `done` after it, with what was found out meanwhile."""
        self.stage.journal.write("op", act=act, **facts)
        found: dict[str, Any] = {}
        yield found
        self.stage.journal.write("done", act=act, **facts, **found)

    def _any(self, rows: Any) -> Any:
        """One of them; `LookupError` where there is none."""
        found = list(rows[:50])
        if not found:
            raise LookupError("There is nothing to do of this kind.")
        return self.dice.choice(found)

    def _plans(self) -> Any:
        from plans.treatment.models import TreatmentPlan

        return TreatmentPlan.objects.select_related("lead_practitioner__user")

    def _open_session(self) -> Any:
        plan = self._any(self._plans().filter(status="active"))
        return plan, self._any(plan.sessions.filter(status="planned").order_by("sequence"))

    def _book_session(self) -> None:
        from plans.scheduling.services import appointment_book

        plan, session = self._open_session()
        with self._journalled("book a session") as found:
            visit = appointment_book(
                by=self.by,
                location=self.location,
                practitioner=plan.lead_practitioner,
                starts_at=self.slot(),
                session=session,
            )
            found |= {"visit": visit.pk, "revision": visit.revision}

    def _hold_or_resume(self) -> None:
        from plans.treatment.services import plan_hold, plan_resume

        plan = self._any(self._plans().filter(status__in=["active", "on_hold"]))
        if plan.status == "active":
            with self._journalled("hold", ends=[plan.pk], kinds=BEFORE):
                plan_hold(plan_id=plan.pk, reason="Away.")
        else:
            with self._journalled("resume", begins_again=[plan.pk]):
                plan_resume(plan_id=plan.pk)

    def _perform(self) -> None:
        from tests.factories import perform

        plan, session = self._open_session()
        with self._journalled("perform") as found:
            given = perform(session, plan.lead_practitioner)
            owed = [str(given.pk), *(str(key) for key in given.check_ins.values_list("pk", flat=True))]
            found["owes"] = owed

    def _answer(self) -> None:
        from plans.followups import recovery
        from plans.followups.models import CheckIn
        from plans.followups.services import check_in_report_submit

        today = self.stage.clock.now().date()
        asked = CheckIn.objects.filter(answered_at=None, cancelled_at=None, window_start__lte=today)
        check_in = self._any(asked)
        is_alarming = self.dice.random() < 0.6
        answers = {
            question.code: next(
                iter(
                    question.flags
                    if question.flags and is_alarming
                    else set(question.answers) - set(question.flags or ())
                )
            )
            for question in recovery.QUESTIONS
        }
        with self._journalled("answer", ends=[check_in.pk], kinds=["check_in"]) as found:
            report = check_in_report_submit(check_in_id=check_in.pk, answers=answers, language="en")
            found["alarms"] = [check_in.pk] if report.red_flags else []

    def _acknowledge(self) -> None:
        from plans.followups.models import CheckInReport
        from plans.followups.services import check_in_report_acknowledge

        report = self._any(CheckInReport.objects.exclude(red_flags=[]).filter(acknowledged_at=None))
        with self._journalled("acknowledge", ends=[report.check_in_id], kinds=["escalation"]):
            check_in_report_acknowledge(check_in_id=report.check_in_id, by=self.by, acknowledgement="Called, and well.")

    def _offer(self) -> None:
        from clinic.people.models import Practitioner
        from patients.models import Patient
        from plans.scheduling.models import WaitlistEntry
        from plans.scheduling.services import waitlist_add, waitlist_offer

        waiting = WaitlistEntry.objects.filter(status__in=["waiting", "offered"])
        if waiting.count() < 5:
            patient = self._any(Patient.objects.filter(plans=None).order_by("?"))
            with self._journalled("wait"):
                waitlist_add(by=self.by, patient=patient, location=self.location)
        entry = self._any(waiting)
        practitioner = self._any(Practitioner.objects.select_related("user"))
        with self._journalled("offer") as found:
            entry = waitlist_offer(entry_id=entry.pk, by=self.by, starts_at=self.slot(), practitioner=practitioner)
            found |= {"entry": entry.pk, "number": entry.offers}

    def _decline(self) -> None:
        from plans.scheduling.models import WaitlistEntry
        from plans.scheduling.services import waitlist_decline

        entry = self._any(WaitlistEntry.objects.filter(status="offered"))
        with self._journalled("decline", entry=entry.pk, number=entry.offers):
            waitlist_decline(entry_id=entry.pk)

    def _cancel_follow_up(self) -> None:
        from plans.followups.models import FollowUp
        from plans.followups.services import follow_up_cancel

        follow_up = self._any(FollowUp.objects.filter(cancelled_at=None, messages__kind="overdue"))
        with self._journalled("cancel a follow-up", ends=[follow_up.pk]):
            follow_up_cancel(follow_up_id=follow_up.pk, by=self.by, reason="Not needed.")

    def _change_policy(self) -> None:
        """Now these times, now those: of each session one advice all the same."""
        from plans.messages.models import MessageKind
        from plans.messages.policies import message_policies_set
        from plans.messages.policy import Timing

        hours = self.dice.choice((1, 2, 3))
        days = self.dice.choice((None, 1, 2, 5))
        reminders = None if days is None else [Timing(days_before=days, send_at=time(18)), Timing(hours_before=5)]
        with self._journalled("change a policy"):
            message_policies_set(
                location_id=self.location.pk,
                visit_kind="",
                choices={
                    MessageKind.AFTERCARE: [Timing(MessageKind.AFTERCARE, hours_after=hours)],
                    MessageKind.REMINDER: reminders,
                },
            )


def populate(location: Any, practitioners: list[Any]) -> None:
    """Patients in the midst of their course, each with a follow-up that is overdue."""
    from clinic import clock
    from clinic.access.roles import Role
    from plans.followups.models import FollowUp
    from plans.treatment.models import TreatmentPlan
    from tests import factories

    factories.make_user((location, Role.MANAGER), email="manager@faults.example")
    today = clock.today(location.zone)
    for number in range(PLANS):
        plan = factories.make_plan(factories.make_patient(location), practitioners[number % len(practitioners)])
        TreatmentPlan.objects.filter(pk=plan.pk).update(status="active", activated_at=clock.now())
        first = plan.follow_ups.earliest("target_date")
        FollowUp.objects.filter(pk=first.pk).update(
            window_start=today - timedelta(days=20),
            target_date=today - timedelta(days=12),
            window_end=today - timedelta(days=5),
        )
