"""Recovery check-ins: owed when a session is performed, answered by the patient or over the phone."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.images import Picture
from clinic.locking import lock
from clinic.people.models import User
from clinic.text import says_nothing, trimmed
from patients.services import BY_THE_PATIENT
from plans.followups import recovery
from plans.followups.models import CheckIn, CheckInPhoto, CheckInReport
from plans.followups.queries import check_in_state_of
from plans.messages import rules
from plans.messages.models import MessageKind
from plans.messages.queries import staff_to_alert
from plans.messages.services import messages_alert, messages_drop, messages_settle_alerts
from plans.protocols.models import ProtocolStep
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.timeline import Window

LONGEST_ACKNOWLEDGEMENT = 1000


def check_ins_put(*, session: ProcedureSession, visits: Sequence[tuple[ProtocolStep, Window]]) -> list[CheckIn]:
    """Owe these recovery check-ins of a performed session; those that stand already move, unless they are answered."""
    standing = {check_in.step_id: check_in for check_in in session.check_ins.all()}
    rows = []
    for step, window in visits:
        row = standing.get(step.pk) or CheckIn(session=session, step=step, title=step.title)
        if row.answered_at is None and row.cancelled_at is None:
            row.aim(window)
            rows.append(row)
    CheckIn.objects.bulk_create([row for row in rows if row.step_id not in standing])
    CheckIn.objects.bulk_update([row for row in rows if row.step_id in standing], CheckIn.WINDOW)
    return rows


def check_in_answer(*, check_in_id: UUID, by: User, note: str) -> CheckIn:
    """Write down what the patient said when somebody asked by phone. Raises `InvalidTransition` where it is not due."""
    note = trimmed(note)
    if says_nothing(note):
        raise Invalid("Write down what the patient said.", code="required", attr="note")
    if len(note) > 1000:
        raise Invalid("The note has at most 1000 characters.", code="max_length", attr="note")
    with recorded():
        check_in = _lock(check_in_id)
        check_allowed("The check-in", check_in_state_of(check_in), "answering", CheckIn.MAY_ANSWER)
        check_in.answered_at, check_in.answered_by, check_in.answer_note = clock.now(), by, note
        check_in.save()
        messages_drop(reason=rules.ANSWERED, check_in=check_in)
    return check_in


def check_in_report_submit(
    *, check_in_id: UUID, answers: Mapping[str, Any], language: str, photos: Sequence[Picture] = ()
) -> CheckInReport:
    """Keep what the patient answered, with pictures, as the answer to the check-in; returns it.

    Red flags are kept whatever became of the check-in meanwhile, and told to the clinical people of the plan's location
    at once; they have an hour to see to them. Those that are known already change nothing. Answers without any raise
    `Invalid` for each that cannot be, and `InvalidTransition` where nobody asks, or it is answered already.
    """
    said = recovery.checked(answers)
    flags = recovery.red_flags(said)
    if len(photos) > recovery.MOST_PHOTOS:
        raise Invalid(f"At most {recovery.MOST_PHOTOS} pictures, not {len(photos)}.", attr="photos")
    kept: list[CheckInPhoto] = []
    try:
        with recorded(BY_THE_PATIENT):
            check_in = _lock(check_in_id)
            state = check_in_state_of(check_in)
            if not flags:
                check_allowed("The check-in", state, "answering", CheckIn.MAY_ANSWER)
            report = CheckInReport.objects.filter(check_in=check_in).first()
            if report is None:
                report = CheckInReport(check_in=check_in, answers={}, red_flags=[], language=language)
            elif set(flags) <= set(report.red_flags):
                return report
            if state in CheckIn.OPEN:
                check_in.answered_at = clock.now()
                check_in.save()
                messages_drop(reason=rules.ANSWERED, check_in=check_in)
            report.answers = {**report.answers, **said}
            _raise_flags(report, flags)
            report.save()
            for picture in photos:
                photo = CheckInPhoto(report=report)
                kept.append(photo)
                photo.image.save(picture.as_file().name or "", picture.as_file(), save=False)
                photo.save(force_insert=True)
            if flags:
                plan = check_in.session.plan
                people = staff_to_alert(plan.location, plan)
                messages_alert(
                    kind=MessageKind.ESCALATION,
                    staff=people,
                    location=plan.location,
                    about=check_in,
                    offset=report.alarm,
                )
    except BaseException:
        for photo in kept:  # the files know of no transaction
            photo.image.delete(save=False)
        raise
    return report


def _raise_flags(report: CheckInReport, flags: Sequence[str]) -> None:
    """Add red flags to a report. Those that wait already keep their hour; those that were seen to wait anew."""
    if not flags:
        return
    report.red_flags = [flag for flag in recovery.FLAGS if flag in {*report.red_flags, *flags}]
    if report.acknowledge_by is None or report.acknowledged_at is not None:
        report.acknowledge_by = clock.now() + recovery.ACKNOWLEDGE_WITHIN
        report.acknowledged_at, report.acknowledged_by, report.acknowledgement = None, None, ""


def check_in_report_acknowledge(*, check_in_id: UUID, by: User, acknowledgement: str) -> CheckInReport:
    """Somebody has seen to the red flags of an answer, and says what was done; returns the report.

    Who was not yet mailed about them is not mailed any more. Raises `Conflict` where there is nothing to acknowledge,
    naming who did so before.
    """
    acknowledgement = trimmed(acknowledgement)
    if says_nothing(acknowledgement):
        raise Invalid("Write down what was done.", code="required", attr="acknowledgement")
    if len(acknowledgement) > LONGEST_ACKNOWLEDGEMENT:
        detail = f"At most {LONGEST_ACKNOWLEDGEMENT} characters, not {len(acknowledgement)}."
        raise Invalid(detail, code="max_length", attr="acknowledgement")
    with recorded():
        check_in = _lock(check_in_id)
        report = CheckInReport.objects.select_related("acknowledged_by").filter(check_in=check_in).first()
        if report is None or report.acknowledge_by is None:
            raise Conflict("The patient reported no red flags.", code="no_red_flags")
        if report.acknowledged_at is not None:
            raise Conflict(f"{report.acknowledged_by} has acknowledged it already.", code="acknowledged")
        report.acknowledged_at, report.acknowledged_by = clock.now(), by
        report.acknowledgement = acknowledgement
        report.save()
        messages_settle_alerts(reason=rules.SEEN_TO, check_in=check_in)
    return report


def check_in_cancel(*, check_in_id: UUID, by: User, reason: str) -> CheckIn:
    """Do not ask any more. Raises `InvalidTransition` where it is answered or cancelled already."""
    require_reason(reason, "Say why the check-in is not needed.")
    with recorded(reason):
        check_in = _lock(check_in_id)
        check_allowed("The check-in", check_in_state_of(check_in), "cancelling", CheckIn.MAY_CANCEL)
        check_in.cancelled_at, check_in.cancel_reason = clock.now(), trimmed(reason)[:500]
        check_in.save()
        messages_drop(reason=rules.ANSWERED, check_in=check_in)
    return check_in


def _lock(check_in_id: UUID) -> CheckIn:
    lock(TreatmentPlan.objects.all(), CheckIn.objects.values_list("session__plan_id", flat=True).get(pk=check_in_id))
    return lock(CheckIn.objects.all(), check_in_id)
