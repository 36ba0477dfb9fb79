"""What the worklist's pages show: the list, and the open row beside it."""

from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.http import Http404, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse

from clinic.access.roles import Role, roles_that_may
from clinic.console.reader import Reader
from clinic.places.queries import open_weekdays
from clinic.places.wallclock import local_date
from plans.followups.admin.worklist.calls import CALLED
from plans.followups.admin.worklist.lines import lines, taken
from plans.followups.admin.worklist.offers import MOST_DAYS, SHOWN_DAYS, Offers, fitting, offers
from plans.followups.admin.worklist.opened import Opened, open_row
from plans.followups.admin.worklist.tabs import NAMES, NOBODY, QUIET, Asked, Tab, Worklist, all_counts
from plans.followups.claims import Claim, claim, claims
from plans.followups.models import ContactAttempt
from plans.followups.rules import next_try
from plans.scheduling.queries.waitlist import entries_for, waiting


def list_url() -> str:
    return reverse("admin:plans_followup_changelist")


def list_context(who: Reader, query: QueryDict, opened: str) -> dict[str, Any]:
    """The list that `query` asks for: a fixed number of queries, and one round trip to the cache."""
    asked = Asked.by(query)
    work = Worklist(who, asked.text)
    counts = work.counts() if asked.text else all_counts(who)
    tab = asked.tab or (Tab.OVERDUE if counts[Tab.OVERDUE] else Tab.DUE)
    page = work.page(tab, counts.get(tab), asked.page)
    found = lines(who, tab, list(page.object_list))
    found = taken(found, claims({line.patient_key for line in found}, who.user))
    address = asked.query(tab, p=str(page.number) if page.number > 1 else "")
    icon, why, what = NOBODY[tab]
    context = {
        "tab": tab,
        "tabs": [(one, NAMES[one], counts.get(one), asked.query(one)) for one in Tab],
        "quiet": QUIET,
        "is_alone": tab in QUIET,
        "text": asked.text,
        "page": page,
        "lines": found,
        "opened_id": opened,
        "query": address,
        "here": f"{list_url()}?{address}",
        "icon": icon,
        "why": why,
        "what": what,
        "total": sum(all_counts(who).values()),
    }
    drawn = render_to_string("console/desk/list.html", context)
    seen = blake2b(drawn.encode(), digest_size=8, person=b"worklist").hexdigest()
    return context | {"drawn": drawn, "seen": seen}


def side_context(who: Reader, opened: Opened, query: QueryDict) -> dict[str, Any]:
    """What stands beside the list for an open row."""
    shown = _shown_days(query)
    asked = Asked.by(query)
    of_list = asked.query(asked.tab, p=asked.page) if asked.tab else ""
    back = f"{list_url()}?{of_list}" if of_list else list_url()
    today = local_date(who.now, opened.location.zone)
    soon = next_try(ContactAttempt.Outcome.NO_ANSWER, today, open_weekdays(opened.location)) or today
    waits, may_wait = _wait_of(who, opened)
    return {
        "opened": opened,
        "bar": opened.bar(who),
        "only_reads": _who_can(opened) if not opened.may_work(who) else "",
        "taken_by": _taken_by(who, opened),
        "offers": _offers(who, opened, shown),
        "waits": waits,
        "may_wait": may_wait,
        "blocked": opened.blocked if not opened.gone else "",
        "attempts": opened.attempts(),
        "acts": opened.acts(who) if not opened.gone else [],
        "called": [(outcome.value, outcome.label, icon) for outcome, icon in CALLED] if opened.may_call(who) else [],
        "full_page": opened.full_page(back) if opened.may_book(who) else "",
        "call_page": opened.call_page(back),
        "others_open": shown > SHOWN_DAYS,
        "next": back,
        "query_of_list": of_list,
        "soon": soon,
        "today": today,
        "zone": opened.location.zone,
    }


def _taken_by(who: Reader, opened: Opened) -> Claim | None:
    """Who else has the patient; a reader with something to do here takes them where nobody has."""
    if opened.gone:
        return None
    if opened.may_work(who):
        return claim(opened.patient.pk, who.user)
    return claims([opened.patient.pk], who.user).get(opened.patient.pk)


def _who_can(opened: Opened) -> str:
    """For a reader without the right: whose it is."""
    roles = roles_that_may("plans.appointment", "reschedule" if opened.moves else "add")
    names = " or ".join(f"a {role.label.lower()}" for role in Role if role in roles).replace("a front", "the front")
    act = "move it" if opened.moves else "book it"
    return f"You can read this. To {act}, ask {names} of {opened.location.name}."


def _offers(who: Reader, opened: Opened, shown: int) -> Offers | None:
    """The times that a click takes; None where nothing can be booked, or not by the reader."""
    if opened.gone or opened.subject is None or opened.blocked or not opened.may_book(who):
        return None
    if opened.entry is not None:
        return fitting(who, opened.entry, opened.subject, opened.present, shown)
    return offers(who, opened.location, opened.subject, shown, opened.known)


def _wait_of(who: Reader, opened: Opened) -> tuple[Any, bool]:
    """The place that the patient has on the waitlist for the same, and whether the reader may give them one."""
    if opened.gone or opened.subject is None or opened.blocked or opened.entry is not None:
        return None, False
    may_wait = who.user.may("plans.waitlistentry", "add", opened.location.pk)
    return (waiting(entries_for(opened.subject, opened.location)).first(), may_wait) if may_wait else (None, False)


def page_context(who: Reader, query: QueryDict) -> dict[str, Any]:
    """What the whole page shows: the list, and beside it the row that the address names."""
    opened = row_named(who, query.get("open", ""))
    context = list_context(who, query, opened.id if opened is not None else "")
    if opened is not None:
        context |= side_context(who, opened, QueryDict(f"{context['query']}&days={query.get('days', '')}"))
    return context


def _shown_days(query: QueryDict) -> int:
    text = query.get("days", "")
    return (
        min(max(int(text), SHOWN_DAYS), MOST_DAYS)
        if text.isascii() and text.isdigit() and len(text) < 4
        else SHOWN_DAYS
    )


def row_named(who: Reader, name: str) -> Opened | None:
    """The row of this name; None where there is none, or the reader does not see it."""
    kind, _, key = name.partition("-")
    try:
        return open_row(who, kind, UUID(key))
    except (Http404, ValueError):
        return None
