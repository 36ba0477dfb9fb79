"""Sessions: start, perform, abort, cancel, sign, amend. What happens here moves the rest of the course."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.limits import not_among
from clinic.locking import lock, lock_all
from clinic.people.models import Practitioner, User
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from plans.scheduling.services import (
    NO_LONGER_OWED,
    appointments_close,
    appointments_of_session_arrive,
    appointments_of_session_fulfil,
)
from plans.treatment.gates import check_consents
from plans.treatment.models import CourseMove, Owed, ProcedureSession, SessionAmendment, TreatmentPlan, Zone
from plans.treatment.queries import consented_modalities
from plans.treatment.ranges import PAIN
from plans.treatment.services.charting import ComponentInput, component_amend, components_chart
from plans.treatment.services.course import check_none_in_progress
from plans.treatment.services.recalculation import check_ins_owe, components_insert, course_recalculate

Status = ProcedureSession.Status
Act = CourseMove.Act
PLAN_IN_FULL = TreatmentPlan.objects.select_related(
    "location", "protocol", "patient", "lead_practitioner", "consultation"
)


def session_start(*, session_id: UUID, by: User) -> ProcedureSession:
    """Begin a planned session: its appointment arrives, and the plan's first start makes the plan active.

    Raises `InvalidTransition` of the session or the plan, `Conflict` (session_in_progress) while another session of the
    plan is being given, `GateBlocked` where a consent is missing.
    """
    with recorded():
        plan, session, sessions = _lock(session_id)
        check_allowed("The session", session.status, "starting", ProcedureSession.MAY_START)
        check_allowed("The plan", plan.status, "starting a session", TreatmentPlan.MAY_BOOK)
        check_none_in_progress(sessions)
        needed = {component.modality for component in session.components.all()}
        check_consents(needed - consented_modalities(plan))
        session.status, session.started_at = Status.IN_PROGRESS, clock.now()
        session.save()
        if plan.status == TreatmentPlan.Status.ACCEPTED:
            plan.status, plan.activated_at = TreatmentPlan.Status.ACTIVE, clock.now()
            plan.save()
        appointments_of_session_arrive(session_id=session.pk, by=by)
    return session


def session_perform(
    *,
    session_id: UUID,
    by: User,
    performed_at: datetime,
    components: Sequence[ComponentInput],
    zones: Sequence[str],
    pain_0_10: int | None = None,
    deviations: str = "",
    operator: Practitioner | None = None,
) -> ProcedureSession:
    """Chart what was given. Fulfils the appointment, moves what is still owed, and makes the check-ins.

    Raises `InvalidTransition`, and `Invalid` for every field that cannot be.
    """
    with recorded():
        plan, session, sessions, others = _lock_with_others(session_id)
        check_allowed("The session", session.status, "performing", ProcedureSession.MAY_PERFORM)
        _check_performed_at(plan, performed_at)
        _check_order(performed_at, ahead=_performed(sessions, until=session.sequence))
        _check_observations(zones, pain_0_10)
        components_chart(session=session, given=components, is_complete=True)
        session.status, session.performed_at = Status.PERFORMED, performed_at
        session.was_anything_given = True
        session.zones, session.pain_0_10, session.deviations = list(zones), pain_0_10, deviations
        session.operator = operator or Practitioner.objects.filter(user=by).first() or plan.lead_practitioner
        session.save()
        check_ins_owe(plan, session)
        course_recalculate(plan, sessions, Act.PERFORMED)
        _recalculate_others(others)
        appointments_of_session_fulfil(session_id=session.pk, by=by)
    return session


def session_abort(
    *,
    session_id: UUID,
    by: User,
    reason: str,
    components: Sequence[ComponentInput] = (),
    zones: Sequence[str] = (),
    pain_0_10: int | None = None,
) -> ProcedureSession:
    """Stop a session, with what was given until then; its step is owed again, as a new session.

    Whatever was given starts the minimum interval.
    """
    require_reason(reason, "Say why the session was aborted.")
    with recorded(reason):
        plan, session, sessions, others = _lock_with_others(session_id)
        check_allowed("The session", session.status, "aborting", ProcedureSession.MAY_ABORT)
        _check_observations(zones, pain_0_10)
        components_chart(session=session, given=components, is_complete=False)
        session.status, session.aborted_at, session.abort_reason = Status.ABORTED, clock.now(), reason
        session.was_anything_given = bool(components)
        session.zones, session.pain_0_10 = list(zones), pain_0_10
        session.save()
        again = ProcedureSession.objects.create(
            plan=plan,
            step=session.step,
            replaces=session,
            sequence=session.sequence,
            title=session.title,
            duration_minutes=session.duration_minutes,
            **{name: getattr(session, name) for name in Owed.WINDOW},
        )
        components_insert([again])
        course_recalculate(plan, [*sessions, again], Act.ABORTED)
        if session.was_anything_given:
            _recalculate_others(others)
        appointments_of_session_fulfil(session_id=session.pk, by=by)
    return session


def session_cancel(*, session_id: UUID, by: User | None, reason: str) -> ProcedureSession:
    """Drop a planned session: it is not owed any more, and its visit is cancelled."""
    require_reason(reason, "Say why the session is not needed.")
    with recorded(reason):
        plan, session, sessions = _lock(session_id)
        check_allowed("The session", session.status, "cancelling", ProcedureSession.MAY_CANCEL)
        session.status, session.cancelled_at, session.cancel_reason = Status.CANCELLED, clock.now(), reason
        session.save()
        course_recalculate(plan, sessions, Act.CANCELLED)
        appointments_close(sessions=[session], follow_ups=[], reason=NO_LONGER_OWED, by=by)
    return session


def session_sign(*, session_id: UUID, by: User) -> ProcedureSession:
    """Close the record of a performed or aborted session; later changes are amendments."""
    with recorded():
        _, session, _ = _lock(session_id)
        check_allowed("The session", session.status, "signing", ProcedureSession.MAY_SIGN)
        session.status, session.signed_at, session.signed_by = Status.SIGNED, clock.now(), by
        session.save()
    return session


def session_amend(*, session_id: UUID, by: User, reason: str, changes: Mapping[str, Any]) -> ProcedureSession:
    """Change a signed session, with the reason. `changes`: zones, pain_0_10, deviations, performed_at, components.

    `components` is a list of `{modality, record}` with the fields that change.
    """
    require_reason(reason, "Say why the signed record changes.")
    with recorded(reason):
        plan, session, sessions, others = _lock_with_others(session_id)
        check_allowed("The session", session.status, "amending", ProcedureSession.MAY_AMEND)
        _check_observations(changes.get("zones", session.zones), changes.get("pain_0_10", session.pain_0_10))
        if "performed_at" in changes:
            if session.performed_at is None:
                raise Invalid("An aborted session was not performed.", attr="performed_at")
            _check_performed_at(plan, changes["performed_at"])
            _check_order(
                changes["performed_at"],
                ahead=_performed(sessions, until=session.sequence),
                after=_performed(sessions, since=session.sequence),
            )
        for name in ("zones", "pain_0_10", "deviations", "performed_at"):
            if name in changes:
                setattr(session, name, changes[name])
        _amend_components(session, changes.get("components", ()))
        session.status, session.amended_at = Status.AMENDED, clock.now()
        session.save()
        SessionAmendment.objects.create(session=session, reason=reason, amended_at=session.amended_at, amended_by=by)
        if "performed_at" in changes:
            check_ins_owe(plan, session)
        if {"performed_at", "components"} & changes.keys():
            if plan.status in TreatmentPlan.MAY_MOVE:
                course_recalculate(plan, sessions, Act.AMENDED)
            _recalculate_others(others)
    return session


def _lock(session_id: UUID) -> tuple[TreatmentPlan, ProcedureSession, list[ProcedureSession]]:
    """The session's plan, the session and all sessions of the plan, locked in the one order."""
    plan_id = ProcedureSession.objects.values_list("plan_id", flat=True).get(pk=session_id)
    plan = lock(PLAN_IN_FULL, plan_id)
    return plan, *_lock_sessions(plan, session_id)


def _lock_with_others(
    session_id: UUID,
) -> tuple[TreatmentPlan, ProcedureSession, list[ProcedureSession], list[TreatmentPlan]]:
    """The same, and the patient's other running plans: what is given here keeps their sessions away too."""
    plan_id, patient_id = ProcedureSession.objects.values_list("plan_id", "plan__patient_id").get(pk=session_id)
    of_patient = Q(patient=patient_id, status__in=TreatmentPlan.MAY_MOVE) | Q(pk=plan_id)
    plans = {plan.pk: plan for plan in lock_all(PLAN_IN_FULL.filter(of_patient))}
    plan = plans.pop(plan_id)
    return plan, *_lock_sessions(plan, session_id), list(plans.values())


def _lock_sessions(plan: TreatmentPlan, session_id: UUID) -> tuple[ProcedureSession, list[ProcedureSession]]:
    sessions = lock_all(plan.sessions.select_related("step"))
    session = lock(ProcedureSession.objects.select_related("step"), session_id)
    return session, [session if other.pk == session.pk else other for other in sessions]


def _recalculate_others(plans: Sequence[TreatmentPlan]) -> None:
    for plan in plans:
        course_recalculate(plan, lock_all(plan.sessions.select_related("step")), Act.ELSEWHERE)


def _check_performed_at(plan: TreatmentPlan, performed_at: datetime) -> None:
    if performed_at > clock.now():
        raise Invalid("A session is charted when it has happened; this is in the future.", attr="performed_at")
    day = local_date(performed_at, plan.location.zone)
    consulted_on = local_date(plan.consultation.occurred_at, plan.location.zone)
    if day < consulted_on:
        raise Invalid(f"That is before the consultation of {date_in_full(consulted_on)}.", attr="performed_at")
    if plan.accepted_on is not None and day < plan.accepted_on:
        accepted = date_in_full(plan.accepted_on)
        raise Invalid(f"That is before the patient accepted the plan, on {accepted}.", attr="performed_at")


def _performed(
    sessions: Sequence[ProcedureSession], *, since: int | None = None, until: int | None = None
) -> list[ProcedureSession]:
    """The performed ones that come later in the course than `since`, or sooner than `until`."""
    return [
        session
        for session in sessions
        if session.performed_at is not None
        and (since is None or session.sequence > since)
        and (until is None or session.sequence < until)
    ]


def _check_order(
    performed_at: datetime, *, ahead: Sequence[ProcedureSession] = (), after: Sequence[ProcedureSession] = ()
) -> None:
    """Refuse an instant that would put a session before one that is `ahead` of it, or past one that comes `after`."""
    for session in ahead:
        if session.performed_at is not None and performed_at < session.performed_at:
            raise Invalid(f"That is before {session.title} was performed, which comes first.", attr="performed_at")
    for session in after:
        if session.performed_at is not None and performed_at > session.performed_at:
            raise Invalid(f"That is after {session.title} was performed, which comes later.", attr="performed_at")


def _check_observations(zones: Sequence[str], pain_0_10: int | None) -> None:
    unknown = [zone for zone in zones if zone not in Zone.values]
    if unknown:
        raise Invalid(not_among("Zones", unknown[0], Zone.values), attr="zones")
    if pain_0_10 is not None and not PAIN.takes(pain_0_10):
        raise Invalid(PAIN.refuse(pain_0_10), attr="pain_0_10")


def _amend_components(session: ProcedureSession, changes: Sequence[Mapping[str, Any]]) -> None:
    components = {component.modality: component for component in session.components.all()}
    for index, change in enumerate(changes):
        component = components.get(change["modality"])
        if component is None:
            raise Invalid(
                f"“{change['modality']}” is not part of this session: {', '.join(components)}.",
                attr=f"components.{index}.modality",
            )
        if session.performed_at is None and not session.was_anything_given:
            raise Conflict("Nothing was given in this session.", code="nothing_given")
        component_amend(component=component, changes=change["record"], attr=f"components.{index}.record")
