"""How a follow-up's state looks on a screen (pure)."""

from datetime import date

from clinic.console import words
from clinic.console.badges import Badge, Tone
from plans.followups.models import FollowUp

State = FollowUp.State


def follow_up_badge(state: str, window_start: date, window_end: date, today: date) -> Badge:
    """The derived state, with what the window says about it."""
    late = words.overdue(window_end, today) if today > window_end else ""
    return {
        State.CANCELLED: Badge(Tone.NEUTRAL, "Cancelled", "cancel"),
        State.ATTENDED: Badge(Tone.DONE, "Attended"),
        State.SCHEDULED: Badge(Tone.BOOKED, "Booked"),
        State.MISSED: Badge(Tone.STOP, f"Missed · {late}" if late else "Missed after a no-show", "person_off"),
        State.OVERDUE: Badge(Tone.STOP, late),
        State.DUE: Badge(Tone.SOON, words.window(window_start, window_end, today)),
        State.PENDING: Badge(Tone.NEUTRAL, words.window(window_start, window_end, today))
        if today < window_start
        else Badge(Tone.NEUTRAL, "Waits for its plan", "pause_circle"),
    }[State(state)]
