"""The tabs of the worklist: what each holds, how many, and what it says where there is nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.http import QueryDict

from clinic.access.visibility import visible
from clinic.cache import tried
from clinic.console.reader import Reader
from patients.models import Patient
from patients.queries import search
from plans.followups.admin.rows import with_contact
from plans.followups.models import FollowUp
from plans.followups.queries import (
    by_urgency,
    follow_ups_in_full,
    follow_ups_owed,
    missed_in_full,
    missed_visits,
    sessions_owed,
    unreachable,
    with_calling,
)
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries import visits_to_rebook
from plans.scheduling.queries.waitlist import waiting
from plans.treatment.models import ProcedureSession

State = FollowUp.State
PAGE = 50


class Tab(StrEnum):
    """What to do about the visits in it."""

    DUE = "due"
    OVERDUE = "overdue"
    REBOOK = "rebook"
    NO_SHOW = "no_show"
    UNREACHABLE = "unreachable"
    WAITLIST = "waitlist"
    BOOKED = "scheduled"
    LATER = "pending"


NAMES: Mapping[Tab, str] = {
    Tab.DUE: "Due",
    Tab.OVERDUE: "Overdue",
    Tab.REBOOK: "Rebook",
    Tab.NO_SHOW: "No-show",
    Tab.UNREACHABLE: "Unreachable",
    Tab.WAITLIST: "Waitlist",
    Tab.BOOKED: "Booked",
    Tab.LATER: "Later",
}
QUIET = (Tab.BOOKED, Tab.LATER)
"""Nobody has to do anything about these: they have no number."""
NOBODY: Mapping[Tab, tuple[str, str, str]] = {
    Tab.DUE: (
        "task_alt",
        "Nobody is due.",
        "Visits come here when their window opens, and leave when they are booked.",
    ),
    Tab.OVERDUE: ("task_alt", "Nobody is overdue.", "Visits come here when their window closes and nothing is booked."),
    Tab.REBOOK: (
        "event_available",
        "Every visit stands where it should.",
        "One comes here when its window moves away or its plan pauses.",
    ),
    Tab.NO_SHOW: (
        "task_alt",
        "Nobody is missing.",
        "Patients come here when they did not come and nothing new is booked.",
    ),
    Tab.UNREACHABLE: (
        "mark_email_read",
        "Mail reaches everybody.",
        "Patients come here when no mail reaches them and nobody has told them of a visit.",
    ),
    Tab.WAITLIST: ("hourglass_empty", "Nobody waits.", "Patients come here who would rather have an earlier time."),
    Tab.BOOKED: ("event", "No follow-up is booked.", "Book those that are due."),
    Tab.LATER: ("event_upcoming", "Nothing is to come later.", "Follow-ups come with plans."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks the worklist for."""

    tab: Tab | None
    text: str
    page: str

    @classmethod
    def by(cls, query: QueryDict) -> "Asked":
        state = query.get("state", "")
        tab = Tab(state) if state in {one.value for one in Tab} else None
        return cls(tab, query.get("q", "").replace("\x00", "").strip()[:100], query.get("p", ""))

    def query(self, tab: Tab, **more: str) -> str:
        """The part of an address that asks for the same search under `tab`."""
        return urlencode({name: value for name, value in {"state": tab.value, "q": self.text, **more}.items() if value})


class Worklist:
    """What the reader has to see to, narrowed down to patients whom `text` finds."""

    def __init__(self, who: Reader, text: str = "") -> None:
        self.who = who
        self.text = text
        self.found = search(Patient.objects.all(), text) if text else None

    def owed(self) -> tuple[QuerySet[Any], QuerySet[Any]]:
        """The follow-ups and the sessions that are owed now and not booked."""
        follow_ups = self._of(visible(FollowUp.objects.all(), self.who.user), "patient")
        sessions = self._of(visible(ProcedureSession.objects.all(), self.who.user), "plan__patient")
        return follow_ups_owed(follow_ups, self.who.now), sessions_owed(sessions, self.who.now)

    def due(self) -> QuerySet[Any]:
        follow_ups, sessions = self.owed()
        return by_urgency(follow_ups.filter(stands=State.DUE), sessions.filter(stands=State.DUE))

    def overdue(self) -> QuerySet[Any]:
        follow_ups, sessions = self.owed()
        return by_urgency(follow_ups.exclude(stands=State.DUE), sessions.exclude(stands=State.DUE))

    def rebook(self) -> QuerySet[Any]:
        visits = self._of(visible(Appointment.objects.all(), self.who.user), "patient")
        return visits_to_rebook(visits).order_by("starts_at", "id")

    def missed(self) -> QuerySet[Any]:
        """The missed visits, without what is only shown."""
        visits = self._of(visible(Appointment.objects.all(), self.who.user), "patient")
        return missed_visits(visits, self.who.now)

    def no_show(self) -> QuerySet[Any]:
        return missed_in_full(self.missed(), self.who.now).select_related(
            "patient", "location", "session", "follow_up", "practitioner__user"
        )

    def untold(self) -> QuerySet[Any]:
        """The patients whom no mail reaches, without what is only shown."""
        return self._of(visible(unreachable(self.who.now), self.who.user), "pk")

    def unreachable(self) -> QuerySet[Any]:
        patients = with_calling(self.untold().select_related("home_location"), self.who.now)
        return patients.order_by("try_on", "last_name", "first_name", "pk")

    def waitlist(self) -> QuerySet[Any]:
        entries = self._of(visible(WaitlistEntry.objects.all(), self.who.user), "patient")
        return waiting(entries).select_related("patient", "location", "session", "follow_up", "practitioner__user")

    def quiet(self, tab: Tab) -> QuerySet[Any]:
        """Follow-ups that are booked, or to come later."""
        rows = self._of(visible(follow_ups_in_full(), self.who.user), "patient")
        return with_contact(rows.filter(state=tab.value)).order_by("window_end", "id")

    def rows(self, tab: Tab) -> QuerySet[Any]:
        """The rows of `tab`, the most urgent first."""
        if tab in QUIET:
            return self.quiet(tab)
        rows: QuerySet[Any] = getattr(self, tab.name.lower())()
        return rows

    def counts(self) -> dict[Tab, int]:
        """How many there are under each tab that wants somebody: one query."""
        follow_ups, sessions = self.owed()
        first, *others = (
            _counted(follow_ups.annotate(tab=F("stands"))),
            _counted(sessions.annotate(tab=F("stands"))),
            *(
                _counted(rows.annotate(tab=Value(tab.value, CharField())))
                for tab, rows in (
                    (Tab.REBOOK, self.rebook()),
                    (Tab.NO_SHOW, self.missed()),
                    (Tab.UNREACHABLE, self.untold()),
                    (Tab.WAITLIST, self.waitlist()),
                )
            ),
        )
        found = {tab: 0 for tab in Tab if tab not in QUIET}
        for name, number in first.union(*others, all=True):
            found[Tab.OVERDUE if name == State.MISSED else Tab(name)] += number
        return found

    def page(self, tab: Tab, number: int | None, asked: str) -> Page[Any]:
        """The page asked for of the tab, whose rows are counted already if `number` is given."""
        paginator = Paginator(self.rows(tab), PAGE)
        if number is not None:
            paginator.count = number
        return paginator.get_page(asked)

    def _of(self, rows: QuerySet[Any], patient: str) -> QuerySet[Any]:
        return rows if self.found is None else rows.filter(Q(**{f"{patient}__in": self.found.values("pk")}))


def _counted(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by().values("tab").annotate(number=Count("pk")).values_list("tab", "number")


def all_counts(who: Reader) -> dict[Tab, int]:
    """How many there are under each tab, whatever is searched for; asked for once a page."""

    def count() -> dict[Tab, int]:
        found = Worklist(who).counts()
        number = who.once("worklist number", lambda: sum(found.values()))
        tried(lambda: cache.set(_shared(who), number, timeout=settings.DESK_NUMBER_SECONDS), None)
        return found

    return who.once("worklist counts", count)


def number_wanted(who: Reader) -> int:
    """How much there is to see to, as the tabs add up. Pages that show no tabs take it from the shared cache, where it
    is a few seconds old at most."""

    def known() -> int:
        number = kept_number(who)
        return number if number is not None else sum(all_counts(who).values())

    return who.once("worklist number", known)


def kept_number(who: Reader) -> int | None:
    """What the shared cache has of it; None where that is nothing, or too old."""
    number: int | None = tried(lambda: cache.get(_shared(who)), None)
    return number


def _shared(who: Reader) -> str:
    return f"desk-number:{who.user.pk}"
