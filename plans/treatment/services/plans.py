"""Plans: create, propose, accept, decline, hold, resume, discontinue, complete."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.locking import lock, lock_all
from clinic.people.models import Practitioner, User
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from patients.services import patient_lock
from plans.consultations.models import Consultation
from plans.messages.services import messages_cancel_reminders, messages_plan_again
from plans.protocols.models import Protocol
from plans.treatment.models import CourseMove, PlanRevision, TreatmentPlan
from plans.treatment.queries import in_the_way_of_completion, live_appointment_ids
from plans.treatment.services.consenting import ConsentInput, consents_give
from plans.treatment.services.course import course_close, course_insert, course_remake
from plans.treatment.services.recalculation import course_recalculate
from plans.treatment.services.revising import check_current, check_qualified

Status = TreatmentPlan.Status
FARTHEST_YEARS = 2
COMPLETE = "The plan is complete."


def plan_create(
    *,
    by: User | None,
    consultation: Consultation,
    protocol: Protocol,
    lead_practitioner: Practitioner,
    start_date: date,
) -> TreatmentPlan:
    """Make a draft plan with its sessions and follow-ups where the protocol puts them.

    Raises `Conflict` where the consultation is not signed or found no candidate, `Invalid` where the practitioner is
    not qualified for one of the protocol's modalities or the start date cannot be, and for a version of the protocol
    that is not current (`not_current`).
    """
    if consultation.status == Consultation.Status.DRAFT:
        raise Conflict("The consultation is not signed yet.", code="consultation_not_signed", attr="consultation")
    if consultation.candidacy != Consultation.Candidacy.CANDIDATE:
        raise Conflict(
            f"The consultation found: {consultation.get_candidacy_display().lower()}.",
            code="not_a_candidate",
            attr="consultation",
        )
    check_current(protocol)
    _check_start(start_date, consultation)
    check_qualified(lead_practitioner, protocol, start_date)
    with recorded():
        plan = TreatmentPlan.objects.create(
            patient=patient_lock(patient_id=consultation.patient_id),
            consultation=consultation,
            protocol=protocol,
            lead_practitioner=lead_practitioner,
            location=consultation.location,
            start_date=start_date,
        )
        PlanRevision.objects.create(
            plan=plan,
            number=1,
            protocol=protocol,
            lead_practitioner=lead_practitioner,
            reason="First version",
            revised_at=clock.now(),
            revised_by=by,
        )
        course_insert(plan)
    return plan


def plan_edit(*, plan_id: UUID, changes: Mapping[str, Any]) -> TreatmentPlan:
    """Change the protocol, lead practitioner or start date of a draft; its sessions and follow-ups are made anew."""
    with recorded():
        plan = lock(TreatmentPlan.objects.select_related("consultation__patient", "protocol", "location"), plan_id)
        check_allowed("The plan", plan.status, "editing", TreatmentPlan.MAY_EDIT)
        if changes.get("protocol", plan.protocol) != plan.protocol:
            check_current(changes["protocol"])
        for name in ("protocol", "lead_practitioner", "start_date"):
            if name in changes:
                setattr(plan, name, changes[name])
        _check_start(plan.start_date, plan.consultation)
        check_qualified(plan.lead_practitioner, plan.protocol, plan.start_date)
        plan.save()
        if {"protocol", "start_date"} & changes.keys():
            course_remake(plan)
    return plan


def plan_propose(*, plan_id: UUID) -> TreatmentPlan:
    """Put a draft before the patient."""
    with recorded():
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "proposing", TreatmentPlan.MAY_PROPOSE)
        plan.status, plan.proposed_at = Status.PROPOSED, clock.now()
        plan.save()
    return plan


def plan_accept(
    *, plan_id: UUID, by: User | None, accepted_on: date, consents: Sequence[ConsentInput]
) -> TreatmentPlan:
    """The patient accepts, with a consent for each modality; the expectation text is kept as it was shown.

    Raises `Invalid` for a document that is not in force, `GateBlocked` where a modality has no consent.
    """
    with recorded():
        in_full = TreatmentPlan.objects.select_related("patient", "protocol", "location", "consultation")
        plan = lock(in_full, plan_id)
        check_allowed("The plan", plan.status, "accepting", TreatmentPlan.MAY_ACCEPT)
        if accepted_on > clock.today(plan.location.zone):
            raise Invalid("The acceptance is recorded when it has happened; this is in the future.", attr="accepted_on")
        consulted_on = local_date(plan.consultation.occurred_at, plan.location.zone)
        if accepted_on < consulted_on:
            raise Invalid(f"That is before the consultation of {date_in_full(consulted_on)}.", attr="accepted_on")
        consents_give(plan, consents, accepted_on, by)
        plan.status, plan.accepted_on = Status.ACCEPTED, accepted_on
        plan.expectation_as_shown = plan.protocol.expectation
        plan.save()
        # What the patient was given under other plans since the draft was made counts from now on.
        course_recalculate(plan, lock_all(plan.sessions.select_related("step")), CourseMove.Act.ELSEWHERE)
    return plan


def plan_decline(*, plan_id: UUID, reason: str = "") -> TreatmentPlan:
    """The patient declines: nothing of the plan is owed."""
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "declining", TreatmentPlan.MAY_DECLINE)
        plan.status, plan.declined_at, plan.status_reason = Status.DECLINED, clock.now(), reason
        plan.save()
        course_close(plan, reason or "The patient declined the plan.", by=None)
    return plan


def plan_hold(*, plan_id: UUID, reason: str) -> TreatmentPlan:
    """Pause the plan: booked visits stay, their reminders do not, and nothing falls due."""
    require_reason(reason)
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "holding", TreatmentPlan.MAY_HOLD)
        plan.status, plan.held_at, plan.status_reason = Status.ON_HOLD, clock.now(), reason
        plan.save()
        messages_cancel_reminders(appointments=live_appointment_ids(plan))
    return plan


def plan_resume(*, plan_id: UUID) -> TreatmentPlan:
    """Go on after a hold: what is owed is recalculated, and what is booked is reminded of again."""
    with recorded():
        plan = lock(TreatmentPlan.objects.select_related("location", "protocol"), plan_id)
        check_allowed("The plan", plan.status, "resuming", TreatmentPlan.MAY_RESUME)
        sessions = lock_all(plan.sessions.select_related("step"))
        plan.status, plan.held_at, plan.status_reason = Status.ACTIVE, None, ""
        plan.resumed_on = clock.today(plan.location.zone)
        plan.save()
        course_recalculate(plan, sessions, CourseMove.Act.RESUMED)
        messages_plan_again(appointments=live_appointment_ids(plan))
    return plan


def plan_discontinue(*, plan_id: UUID, by: User | None, reason: str) -> TreatmentPlan:
    """End the plan before its end: open sessions, follow-ups and visits are cancelled with the reason."""
    require_reason(reason)
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "discontinuing", TreatmentPlan.MAY_DISCONTINUE)
        course_close(plan, reason, by=by)
        plan.status, plan.discontinued_at, plan.held_at = Status.DISCONTINUED, clock.now(), None
        plan.status_reason = reason
        plan.save()
    return plan


def plan_complete(*, plan_id: UUID, by: User | None) -> TreatmentPlan:
    """Close a plan of which nothing is owed any more; maintenance that was offered but not taken is let go.

    Records can still be signed, and check-ins whose answer is of use stay (`queries.left_by_completion`). Raises
    `Conflict` (obligations_open) naming what is still owed.
    """
    with recorded():
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "completing", TreatmentPlan.MAY_COMPLETE)
        lock_all(plan.sessions.all())
        owed = in_the_way_of_completion(plan)
        if owed:
            raise Conflict(f"Still owed: {', '.join(owed)}.", code="obligations_open", extra={"owed": owed})
        course_close(plan, COMPLETE, by=by, keeps_check_ins=True)
        plan.status, plan.completed_at = Status.COMPLETED, clock.now()
        plan.save()
    return plan


def _check_start(start: date, consultation: Consultation) -> None:
    if start < consultation.patient.date_of_birth:
        born = date_in_full(consultation.patient.date_of_birth)
        raise Invalid(f"The patient was born on {born}.", attr="start_date")
    today = clock.today(consultation.location.zone)
    if abs(start.year - today.year) > FARTHEST_YEARS:
        raise Invalid(
            f"The plan starts within {FARTHEST_YEARS} years of today ({date_in_full(today)}).", attr="start_date"
        )
