"""How the states of plans and sessions look on a screen (pure)."""

from datetime import date

from clinic import words
from clinic.console.badges import Badge, Tone
from plans.scheduling.looks import STATES as VISITS
from plans.scheduling.models import Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan

Plan = TreatmentPlan.Status
Session = ProcedureSession.Status

PLAN_STATES = {
    Plan.DRAFT: Badge(Tone.NEUTRAL, "Draft", "edit_note"),
    Plan.PROPOSED: Badge(Tone.SOON, "Proposed: waits for the patient", "contract"),
    Plan.ACCEPTED: Badge(Tone.BOOKED, "Accepted", "handshake"),
    Plan.ACTIVE: Badge(Tone.BOOKED, "Active", "play_circle"),
    Plan.ON_HOLD: Badge(Tone.SOON, "On hold", "pause_circle"),
    Plan.COMPLETED: Badge(Tone.DONE, "Completed"),
    Plan.DECLINED: Badge(Tone.NEUTRAL, "Declined", "cancel"),
    Plan.DISCONTINUED: Badge(Tone.STOP, "Discontinued", "stop_circle"),
}
SESSION_STATES = {
    Session.IN_PROGRESS: Badge(Tone.SOON, "In progress", "pending"),
    Session.PERFORMED: Badge(Tone.SOON, "Performed: to sign", "signature"),
    Session.ABORTED: Badge(Tone.STOP, "Aborted: to sign", "signature"),
    Session.SIGNED: Badge(Tone.DONE, "Performed"),
    Session.AMENDED: Badge(Tone.DONE, "Performed, amended"),
    Session.CANCELLED: Badge(Tone.NEUTRAL, "Cancelled", "cancel"),
}


def plan_badge(plan: TreatmentPlan) -> Badge:
    return PLAN_STATES[Plan(plan.status)]


def session_badge(
    session: ProcedureSession, today: date, *, is_booked: bool, is_here: bool = False, is_owed: bool = True
) -> Badge:
    """Its state; a planned one is booked, its patient is here, or it is due by its window. Nothing is owed of a plan
    that is not accepted."""
    status = Session(session.status)
    if status in (Session.SIGNED, Session.AMENDED) and session.aborted_at is not None:
        return Badge(Tone.STOP, "Aborted", "stop_circle")
    if status != Session.PLANNED:
        return SESSION_STATES[status]
    if is_here:
        return VISITS[Appointment.Status.ARRIVED]
    if is_booked:
        return Badge(Tone.BOOKED, "Booked")
    text = words.window(session.window_start, session.window_end, today)
    if not is_owed or today < session.window_start:
        return Badge(Tone.NEUTRAL, text if is_owed else "Planned")
    return Badge(Tone.STOP if today > session.window_end else Tone.SOON, text)
