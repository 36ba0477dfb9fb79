"""How the log of a course says it."""

from datetime import date

from plans.treatment.models import CourseMove


def in_words(move: CourseMove, today: date) -> str:
    """“Session 3 of 3 · PRP: 1 Jun → 7 Jun (28 days after session 2 (10 May 2026).)”"""
    because = f" ({move.because})" if move.because else ""
    if move.target_after is None:
        return f"{move.title}: {short(move.target_before, today)}, dropped{because}"
    now = short(move.target_after, today)
    if move.target_before is None:
        return f"{move.title}: new, {now}{because}"
    if move.target_before == move.target_after:
        opens = f"opens {short(move.start_before, today)} → {short(move.start_after, today)}"
        return f"{move.title}: {now}, {opens}{because}"
    return f"{move.title}: {short(move.target_before, today)} → {now}{because}"


def short(day: date, today: date | None = None) -> str:
    """“1 Jun”, with the year where it is not today's."""
    return f"{day.day} {day:%b}" if today is None or day.year == today.year else f"{day.day} {day:%b %Y}"


def lateness(day: date, target: date) -> str:
    """“6 days late”."""
    late = (day - target).days
    if not late:
        return "on its day"
    return f"{abs(late)} day{'s' if abs(late) > 1 else ''} {'late' if late > 0 else 'early'}"
