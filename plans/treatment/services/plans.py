"""Plans: create, propose, accept, hold, resume, revise, discontinue, complete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, GateBlocked, Invalid, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import Modality, Practitioner, User
from clinic.people.queries import missing_qualifications
from clinic.places.wallclock import local_date
from patients.models import ConsentDocument
from patients.services import consent_give
from plans.consultations.models import Consultation
from plans.followups.queries import open_follow_ups
from plans.followups.services import follow_ups_close, follow_ups_create, follow_ups_revise
from plans.messages.services import messages_cancel_reminders, messages_plan_again
from plans.protocols.models import Protocol, ProtocolStep, StepComponent
from plans.scheduling.services import NO_LONGER_OWED, appointments_close
from plans.treatment.models import PlanConsent, PlanRevision, ProcedureSession, TreatmentPlan
from plans.treatment.queries import live_appointment_ids, with_scheduled
from plans.treatment.services.recalculation import (
    Steps,
    course_of,
    course_recalculate,
    facts_of,
    sessions_insert,
)
from plans.treatment.timeline import Facts

Status = TreatmentPlan.Status
FARTHEST_YEARS = 2


@dataclass(frozen=True, slots=True)
class ConsentInput:
    """One consent as signed at acceptance."""

    modality: str
    document_version: str
    signed_name: str


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
    not qualified for one of the protocol's modalities or the start date cannot be.
    """
    if consultation.status == Consultation.Status.DRAFT:
        raise Conflict("The consultation is not signed yet.", code="consultation_not_signed", attr="consultation")
    if consultation.candidacy != Consultation.Candidacy.CANDIDATE:
        raise Conflict(
            f"The consultation found: {consultation.get_candidacy_display().lower()}.",
            code="not_a_candidate",
            attr="consultation",
        )
    _check_start(start_date, consultation)
    _check_qualified(lead_practitioner, protocol, start_date)
    with recorded():
        plan = TreatmentPlan.objects.create(
            patient=consultation.patient,
            consultation=consultation,
            protocol=protocol,
            lead_practitioner=lead_practitioner,
            location=consultation.location,
            start_date=start_date,
        )
        PlanRevision.objects.create(
            plan=plan, number=1, protocol=protocol, reason="First version", revised_at=clock.now(), revised_by=by
        )
        _insert_course(plan)
    return plan


def plan_edit(*, plan_id: UUID, changes: Mapping[str, Any]) -> TreatmentPlan:
    """Change the protocol, lead practitioner or start date of a draft; its sessions and follow-ups are made anew."""
    with recorded():
        plan = lock(TreatmentPlan.objects.select_related("consultation__patient", "protocol", "location"), plan_id)
        check_allowed("The plan", plan.status, "editing", TreatmentPlan.MAY_EDIT)
        for name in ("protocol", "lead_practitioner", "start_date"):
            if name in changes:
                setattr(plan, name, changes[name])
        _check_start(plan.start_date, plan.consultation)
        _check_qualified(plan.lead_practitioner, plan.protocol, plan.start_date)
        plan.save()
        if {"protocol", "start_date"} & changes.keys():
            _remake_course(plan)
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
            raise Invalid(f"That is before the consultation of {consulted_on}.", attr="accepted_on")
        _consents_give(plan, consents, accepted_on, by)
        plan.status, plan.accepted_on = Status.ACCEPTED, accepted_on
        plan.expectation_as_shown = plan.protocol.expectation
        plan.save()
    return plan


def plan_decline(*, plan_id: UUID, reason: str = "") -> TreatmentPlan:
    """The patient declines: nothing of the plan is owed."""
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "declining", TreatmentPlan.MAY_DECLINE)
        plan.status, plan.declined_at, plan.status_reason = Status.DECLINED, clock.now(), reason
        plan.save()
        _close_course(plan, reason or "The patient declined the plan.", by=None)
    return plan


def plan_hold(*, plan_id: UUID, reason: str) -> TreatmentPlan:
    """Pause the plan: booked visits stay, their reminders do not, and nothing falls due."""
    _require_reason(reason)
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
        course_recalculate(plan, sessions)
        messages_plan_again(appointments=live_appointment_ids(plan))
    return plan


def plan_revise(
    *,
    plan_id: UUID,
    by: User | None,
    reason: str,
    protocol: Protocol | None = None,
    lead_practitioner: Practitioner | None = None,
) -> TreatmentPlan:
    """Change what the plan follows; what was performed stays, what is still owed is made anew.

    A proposed plan goes back to draft. A plan already accepted keeps its state and gets a new revision; a modality that
    it adds needs a consent before its sessions can be booked. Booked visits of sessions that fall away are cancelled.
    """
    _require_reason(reason)
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.select_related("location", "protocol", "lead_practitioner"), plan_id)
        check_allowed("The plan", plan.status, "revising", TreatmentPlan.MAY_REVISE)
        sessions = lock_all(plan.sessions.select_related("step"))
        if any(session.status == ProcedureSession.Status.IN_PROGRESS for session in sessions):
            raise Conflict("A session of this plan is in progress; finish it first.", code="session_in_progress")
        if plan.status == Status.PROPOSED:
            plan.status, plan.proposed_at = Status.DRAFT, None
        changes_course = protocol is not None and protocol != plan.protocol
        plan.protocol = protocol or plan.protocol
        plan.lead_practitioner = lead_practitioner or plan.lead_practitioner
        _check_qualified(plan.lead_practitioner, plan.protocol, clock.today(plan.location.zone))
        plan.revision += 1
        plan.save()
        PlanRevision.objects.create(
            plan=plan,
            number=plan.revision,
            protocol=plan.protocol,
            reason=reason,
            revised_at=clock.now(),
            revised_by=by,
        )
        if changes_course and plan.status == Status.DRAFT:
            _remake_course(plan)
        elif changes_course:
            _replace_course(plan, sessions, reason, by)
    return plan


def plan_discontinue(*, plan_id: UUID, by: User | None, reason: str) -> TreatmentPlan:
    """End the plan before its end: open sessions, follow-ups and visits are cancelled with the reason."""
    _require_reason(reason)
    with recorded(reason):
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "discontinuing", TreatmentPlan.MAY_DISCONTINUE)
        _close_course(plan, reason, by=by)
        plan.status, plan.discontinued_at, plan.held_at = Status.DISCONTINUED, clock.now(), None
        plan.status_reason = reason
        plan.save()
    return plan


def plan_complete(*, plan_id: UUID, by: User | None) -> TreatmentPlan:
    """Close a plan of which nothing is owed any more; maintenance that was offered but not taken is let go.

    Raises `Conflict` (obligations_open) naming what is still owed.
    """
    with recorded():
        plan = lock(TreatmentPlan.objects.all(), plan_id)
        check_allowed("The plan", plan.status, "completing", TreatmentPlan.MAY_COMPLETE)
        sessions = lock_all(with_scheduled(plan.sessions.select_related("step")))
        owed = [
            session.title
            for session in sessions
            if session.status == ProcedureSession.Status.IN_PROGRESS
            or (session.status == ProcedureSession.Status.PLANNED and (session.is_scheduled or not _is_offer(session)))
        ]
        owed += [follow_up.title for follow_up in open_follow_ups(plan)]
        if owed:
            raise Conflict(f"Still owed: {', '.join(owed)}.", code="obligations_open", extra={"owed": owed})
        _close_course(plan, "The plan is complete.", by=by)
        plan.status, plan.completed_at = Status.COMPLETED, clock.now()
        plan.save()
    return plan


def _is_offer(session: ProcedureSession) -> bool:
    """Maintenance is offered, not owed: a plan is complete without it, unless its visit is booked."""
    return session.step.kind == ProtocolStep.Kind.MAINTENANCE


def _check_start(start: date, consultation: Consultation) -> None:
    if start < consultation.patient.date_of_birth:
        raise Invalid(f"The patient was born on {consultation.patient.date_of_birth}.", attr="start_date")
    today = clock.today(consultation.location.zone)
    if abs(start.year - today.year) > FARTHEST_YEARS:
        raise Invalid(f"The plan starts within {FARTHEST_YEARS} years of today ({today}).", attr="start_date")


def _check_qualified(practitioner: Practitioner, protocol: Protocol, on: date) -> None:
    needed = {
        Modality(modality)
        for modality in StepComponent.objects.filter(step__protocol=protocol).values_list("modality", flat=True)
    }
    missing = missing_qualifications(practitioner, needed, on)
    if missing:
        names = ", ".join(sorted(modality.label for modality in missing))
        raise Invalid(
            f"{practitioner} is not qualified for {names} on {on}.", code="not_qualified", attr="lead_practitioner"
        )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", code="required", attr="reason")


def _insert_course(plan: TreatmentPlan) -> None:
    steps = Steps.of(plan)
    course, visits = course_of(plan, steps, Facts())
    sessions_insert(plan, steps, course, of=len(course))
    follow_ups_create(plan=plan, visits=[(steps.row(item.step), item.window) for item in visits])


def _remake_course(plan: TreatmentPlan) -> None:
    """Of a plan that nobody accepted: nothing of it is booked or done."""
    plan.follow_ups.all().delete()
    plan.sessions.all().delete()
    _insert_course(plan)


def _replace_course(plan: TreatmentPlan, sessions: Sequence[ProcedureSession], reason: str, by: User | None) -> None:
    steps = Steps.of(plan)
    dropped = _cancel_planned(sessions, reason)
    kept = [session for session in sessions if session.started_at is not None]
    facts = facts_of(plan, kept)
    course, visits = course_of(plan, steps, facts)
    of = len(course)
    owed = [item for item in course if item.sequence not in facts.performed_on]
    made = sessions_insert(plan, steps, owed, of=of)
    closed = follow_ups_revise(plan=plan, visits=[(steps.row(item.step), item.window) for item in visits], by=by)
    appointments_close(sessions=dropped, follow_ups=closed, reason=NO_LONGER_OWED, by=by)
    course_recalculate(plan, [*kept, *made])


def _close_course(plan: TreatmentPlan, reason: str, *, by: User | None) -> None:
    """Cancel every planned session, open follow-up and check-in of the plan, and the visits booked for them."""
    sessions = lock_all(plan.sessions.all())
    if any(session.status == ProcedureSession.Status.IN_PROGRESS for session in sessions):
        raise Conflict("A session of this plan is in progress; finish it first.", code="session_in_progress")
    dropped = _cancel_planned(sessions, reason)
    closed = follow_ups_close(plan=plan, by=by)
    appointments_close(sessions=dropped, follow_ups=closed, reason=NO_LONGER_OWED, by=by)


def _cancel_planned(sessions: Sequence[ProcedureSession], reason: str) -> list[ProcedureSession]:
    dropped = [session for session in sessions if session.status == ProcedureSession.Status.PLANNED]
    for session in dropped:
        session.status, session.cancelled_at, session.cancel_reason = (
            ProcedureSession.Status.CANCELLED,
            clock.now(),
            reason,
        )
    ProcedureSession.objects.bulk_update(dropped, ["status", "cancelled_at", "cancel_reason"])
    return dropped


def _consents_give(plan: TreatmentPlan, consents: Sequence[ConsentInput], accepted_on: date, by: User | None) -> None:
    in_force = {
        (document.modality, document.version_label): document
        for document in ConsentDocument.objects.filter(
            purpose=ConsentDocument.Purpose.TREATMENT, in_force_from__lte=accepted_on, in_force_until__isnull=True
        )
    }
    faults = []
    for index, item in enumerate(consents):
        if (item.modality, item.document_version) not in in_force:
            known = ", ".join(sorted(f"{modality} {version}" for modality, version in in_force)) or "none"
            faults.append(
                Invalid(
                    f"No document “{item.document_version}” for {item.modality} is in force; in force: {known}.",
                    attr=f"consents.{index}.document_version",
                )
            )
        if not item.signed_name.strip():
            faults.append(
                Invalid("The consent carries the signer's name.", code="required", attr=f"consents.{index}.signed_name")
            )
    Invalid.gather(faults)
    needed = set(
        plan.sessions.filter(components__isnull=False).values_list("components__modality", flat=True).distinct()
    )
    missing = sorted(needed - {item.modality for item in consents})
    if missing:
        raise GateBlocked(
            f"A consent is missing for: {', '.join(Modality(modality).label for modality in missing)}.",
            attr="consents",
            extra={
                "gates": [
                    {
                        "gate": "consent",
                        "modality": modality,
                        "detail": f"The patient signs the consent for {Modality(modality).label}.",
                        "overridable": False,
                    }
                    for modality in missing
                ]
            },
        )
    for item in {item.modality: item for item in consents}.values():
        consent = consent_give(
            patient=plan.patient,
            document=in_force[item.modality, item.document_version],
            signed_name=item.signed_name,
            signed_on=accepted_on,
            by=by,
        )
        PlanConsent.objects.get_or_create(plan=plan, consent=consent)
