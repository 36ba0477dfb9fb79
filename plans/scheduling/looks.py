"""How a visit's state looks on a screen (pure)."""

from datetime import datetime, timedelta

from clinic.console.badges import Badge, Tone
from plans.scheduling.models import Appointment

Status = Appointment.Status

STATES = {
    Status.BOOKED: Badge(Tone.BOOKED, "Booked"),
    Status.CONFIRMED: Badge(Tone.BOOKED, "Confirmed", "thumb_up"),
    Status.ARRIVED: Badge(Tone.SOON, "Here", "person_pin_circle"),
    Status.FULFILLED: Badge(Tone.DONE, "Done"),
    Status.CANCELLED: Badge(Tone.NEUTRAL, "Cancelled", "cancel"),
    Status.NO_SHOW: Badge(Tone.STOP, "No-show", "person_off"),
}
REBOOK = Badge(Tone.SOON, "Rebook", "event_repeat")
OVERBOOKED = Badge(Tone.SOON, "Overbooked", "layers")
EARLY = Badge(Tone.SOON, "Early", "fast_rewind")
KEPT = Badge(Tone.NEUTRAL, "Kept", "keep")
AT_ONCE = Badge(Tone.SOON, "At the same time", "join_inner")
"""What took place, or does, while its practitioner or its room had another visit, without having been booked so."""
NO_GUARDIAN = Badge(Tone.SOON, "Guardian missing", "person_alert")
AFTER_WINDOW = Badge(Tone.SOON, "After the window", "event_busy")


def override_flags(appointment: Appointment) -> list[Badge]:
    """What stands against a rule, by a person's decision: early for good, the others while it takes up time."""
    return [
        *([EARLY] if appointment.is_early else []),
        *([OVERBOOKED] if appointment.overbooked and appointment.is_live else []),
        *([KEPT] if appointment.is_kept and appointment.is_live else []),
    ]


def decisions(appointment: Appointment) -> list[tuple[str, str]]:
    """What a person decided about the visit as it stands, and why, in their words."""
    return [
        *([(f"{_against(appointment)} because", appointment.override_reason)] if appointment.override_reason else []),
        *([("Kept because", appointment.kept_because)] if appointment.kept_because else []),
    ]


def _against(appointment: Appointment) -> str:
    if appointment.is_early and appointment.is_kept:
        return "Booked this way"  # which of the two decisions made it early, its story says
    if appointment.is_early:
        return "Booked early and over another visit" if appointment.overbooked else "Booked early"
    return "Overbooked"


def appointment_badge(appointment: Appointment, now: datetime) -> Badge:
    """Its state; a patient who should be here by now and is not, is late."""
    status = Status(appointment.status)
    late = now - appointment.starts_at
    if status in (Status.BOOKED, Status.CONFIRMED) and late > timedelta(0):
        minutes = int(late.total_seconds() // 60)
        if now > appointment.ends_at:
            return Badge(Tone.STOP, "What became of it?", "help")
        return Badge(Tone.STOP, f"Late {minutes} min", "schedule") if minutes else STATES[status]
    return STATES[status]
