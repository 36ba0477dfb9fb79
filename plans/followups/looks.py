"""How a follow-up, a check-in and a call look on a screen (pure)."""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from clinic import words
from clinic.console.badges import Badge, Tone
from plans.followups import recovery
from plans.followups.models import CheckIn, CheckInReport, ContactAttempt, FollowUp
from plans.followups.rules import Unreachable, is_of_use

State = FollowUp.State
ASKED = Badge(Tone.SOON, "Asked to be called", "phone_callback")
"""The patient waits for a call that nobody has tried yet."""


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


def check_in_badge(state: str, window_start: date, window_end: date, today: date, is_overtaken: bool = False) -> Badge:
    """The derived state of a check-in, with what the window says about it. Once nobody is reminded to ask any more, an
    answer that never came is only told; `is_overtaken`: the patient has answered a later one."""
    if is_overtaken and state in CheckIn.OPEN:
        return Badge(Tone.NEUTRAL, "Not asked: a later one is answered", "fast_forward")
    if state == CheckIn.State.OVERDUE and not is_of_use(window_end, today):
        return Badge(Tone.NEUTRAL, "No answer", "hourglass_disabled")
    return {
        CheckIn.State.CANCELLED: Badge(Tone.NEUTRAL, "Cancelled", "cancel"),
        CheckIn.State.ANSWERED: Badge(Tone.DONE, "Answered"),
        CheckIn.State.OVERDUE: Badge(Tone.STOP, words.overdue(window_end, today)),
        CheckIn.State.DUE: Badge(Tone.SOON, words.window(window_start, max(window_end, today), today)),
        CheckIn.State.PENDING: Badge(Tone.NEUTRAL, words.window(window_start, window_end, today)),
    }[CheckIn.State(state)]


def flags_badge(report: CheckInReport, now: datetime) -> Badge | None:
    """How long there is to see to the red flags of a report, or who has; None where it has none."""
    if report.acknowledge_by is None:
        return None
    if report.acknowledged_at is not None:
        return Badge(Tone.DONE, f"Red flags acknowledged by {report.acknowledged_by}")
    minutes = math.ceil((report.acknowledge_by - now).total_seconds() / 60)
    if minutes > 0:
        return Badge(Tone.SOON, f"Acknowledge within {minutes} min", "timer")
    return Badge(Tone.STOP, f"Not acknowledged, {_for_so_long(-minutes)} late", "timer_off")


def _for_so_long(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 24 * 60 else words.days(minutes // (24 * 60))


def flags_in_words(report: CheckInReport) -> str:
    """“Fever of 38 °C or more, pus”."""
    flags = [recovery.FLAGS.get(flag, flag) for flag in report.red_flags]
    return ", ".join([*flags[:1], *(flag[0].lower() + flag[1:] for flag in flags[1:])])


def attempts_in_words(tries: int | None, last: dict[str, Any] | None, today: date) -> str:
    """“2 tries, last: no answer, again tomorrow”; empty where nobody has tried."""
    if not last:
        return ""
    times = "1 try" if tries == 1 else f"{tries} tries"
    outcome = ContactAttempt.Outcome(last["outcome"]).label.lower()
    next_try = date.fromisoformat(last["next_try_on"]) if last["next_try_on"] else None
    if last["outcome"] == ContactAttempt.Outcome.PUT_OFF and next_try:
        put_off = f"put off to {words.within(words.day(next_try, today))}"
        return f"{times}, then {put_off}" if tries else f"{put_off[0].upper()}{put_off[1:]}"
    if last["outcome"] == ContactAttempt.Outcome.ASKED:
        return f"{times}, then {outcome}" if tries else f"{outcome[0].upper()}{outcome[1:]}"
    again = f", again {words.within(words.day(next_try, today))}" if next_try else ""
    return f"{times}, last: {outcome}{again}"


def last_try_in_words(tries: int | None, last: dict[str, Any] | None, zone: ZoneInfo, today: date) -> str:
    """“2 tries · no answer (Ana, today 14:10) · again tomorrow”; empty where nobody has tried."""
    if not last:
        return ""
    outcome = ContactAttempt.Outcome(last["outcome"]).label.lower()
    at = datetime.fromisoformat(last["at"])
    by = f"{last['by']}, " if last.get("by") else ""
    said = [f"{outcome} ({by}{words.within(words.moment(at, zone, today))})"]
    if tries:
        said.insert(0, "1 try" if tries == 1 else f"{tries} tries")
    if last["next_try_on"] and last["outcome"] != ContactAttempt.Outcome.ASKED:
        again = words.within(words.day(date.fromisoformat(last["next_try_on"]), today))
        said.append(f"again {again}")
    text = " · ".join(said)
    return text[0].upper() + text[1:]


def called_off_in_words(visit: dict[str, Any] | None, zone: ZoneInfo, today: date) -> str:
    """“Patient cancelled Thu 26 Nov 15:30 (today 11:16)”, of what `queries.called_off_of` found; empty for nothing."""
    if not visit:
        return ""
    starts_at, at = (
        words.within(words.moment(datetime.fromisoformat(visit[name]), zone, today)) for name in ("starts_at", "at")
    )
    return f"Patient cancelled {starts_at} ({at})"


@dataclass(frozen=True, slots=True)
class CallReason:
    """One reason to call: a code for programs, words for people."""

    code: str
    detail: str


NO_MAIL = {
    Unreachable.OPTED_OUT: "Wants no email",
    Unreachable.NO_ADDRESS: "Has no email address",
    Unreachable.BOUNCED: "Mail to their address comes back",
}


def call_reasons(patient: Any, now: datetime) -> list[CallReason]:
    """Why the desk should call this row of `queries.with_calling`; empty where there is no need to."""
    found = []
    if patient.wants_call_for_no_shows:
        missed = words.within(words.moment(patient.no_show_starts_at, *_place(patient.no_show_zone, now)))
        times = "twice" if patient.no_shows == 2 else f"{patient.no_shows} times"
        found.append(CallReason("no_shows", f"Did not come {times}; the last time: {missed}. Nothing is booked."))
    if patient.unreachable:
        about = []
        if patient.visit:
            starts_at = datetime.fromisoformat(patient.visit["starts_at"])
            when = words.within(words.moment(starts_at, *_place(patient.visit["zone"], now)))
            about.append(f"{patient.visit['title']}: {when}")
        for owed in filter(None, (patient.follow_up, patient.session)):
            _, today = _place(owed["zone"], now)
            first, last = date.fromisoformat(owed["start"]), date.fromisoformat(owed["end"])
            window = words.window(first, last, today)
            about.append(f"{owed['title']}: {window[0].lower()}{window[1:]}")
        if about:
            unreachable = Unreachable(patient.unreachable)
            found.append(CallReason(unreachable.value, f"{NO_MAIL[unreachable]}. {'; '.join(about)}."))
    return found


def _place(zone: str, now: datetime) -> tuple[ZoneInfo, date]:
    found = ZoneInfo(zone)
    return found, now.astimezone(found).date()
