"""The front desk's worklist: whom to book, to book anew, to call; one tab each, with its number."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from patients.models import Patient
from patients.queries import search
from plans.followups.admin.rows import call_rows, rows_of
from plans.followups.models import FollowUp
from plans.followups.queries import call_list
from plans.scheduling.admin.rows import visit_rows
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook

State = FollowUp.State
REBOOK, CALL = "rebook", "call"
TABS = {
    State.OVERDUE.value: "Overdue",
    State.DUE.value: "Due",
    State.MISSED.value: "Missed",
    REBOOK: "Rebook",
    CALL: "Call list",
    State.SCHEDULED.value: "Booked",
    State.PENDING.value: "Later",
}
NOBODY = {
    State.OVERDUE.value: ("Nobody is overdue.", "Follow-ups come here when their window has closed."),
    State.DUE.value: ("Nobody is due.", "Follow-ups come here when their window opens."),
    State.MISSED.value: ("Nobody is missed.", "Follow-ups come here 30 days after their window, or after a no-show."),
    REBOOK: ("Every visit stands where it should.", "One comes here when its window moves away or its plan pauses."),
    CALL: ("Nobody needs a call.", "Patients come here after two no-shows, or where no mail can reach them."),
    State.SCHEDULED.value: ("No follow-up is booked.", "Book those that are due."),
    State.PENDING.value: ("Nothing is to come later.", "Follow-ups come with plans."),
}
TABLES = {REBOOK: "console/panels/visits_to_move.html", CALL: "console/panels/follow_ups_call.html"}
PAGE = 50


def visits_in_the_way(who: Reader) -> QuerySet[Appointment]:
    """The booked visits that the reader sees and that want another time, the next one first."""
    return visits_to_rebook(visible(Appointment.objects.all(), who.user)).order_by("starts_at", "id")


def patients_to_call(who: Reader) -> QuerySet[Any]:
    """The patients whom the reader sees and somebody should call: new ones first, then by the day of the next try."""
    return visible(call_list(who.now), who.user).order_by("try_on", "last_name", "first_name", "pk")


def worklist(request: HttpRequest, who: Reader, follow_ups: QuerySet[FollowUp]) -> dict[str, Any]:
    """What the page shows: numbers of every tab, and the rows of the one asked for. As many queries at any length."""
    tab = request.GET.get("state", "")
    tab = tab if tab in TABS else State.OVERDUE.value
    text = request.GET.get("q", "").replace("\x00", "").strip()
    visits, patients = visits_in_the_way(who), patients_to_call(who)
    if text:
        found = search(Patient.objects.all(), text)
        follow_ups = follow_ups.filter(patient__in=found)
        visits, patients = visits.filter(patient__in=found), patients.filter(pk__in=found)
    counts = {row["state"]: row["number"] for row in follow_ups.order_by().values("state").annotate(number=Count("pk"))}
    counts |= {REBOOK: visits.count(), CALL: patients.count()}
    here = request.get_full_path()
    rows: list[Any]
    if tab == REBOOK:
        page = _page(request, visits, counts[tab])
        rows = visit_rows(who, page.object_list, ("reschedule", "keep", "cancel"))
    elif tab == CALL:
        page = _page(request, patients, counts[tab])
        rows = call_rows(who, page.object_list, here)
    else:
        page = _page(request, follow_ups.filter(state=tab).order_by("window_end", "id"), counts.get(tab, 0))
        rows = rows_of(who, page.object_list, here, ("attempt", "attend"))
    why, what = NOBODY[tab]
    return {
        "tab": tab,
        "table": TABLES.get(tab, "console/panels/follow_ups.html"),
        "tabs": [(key, name, counts.get(key, 0)) for key, name in TABS.items()],
        "text": text,
        "page": page,
        "this": {"rows": rows, "shows_location": who.several_locations},
        "why": why,
        "what": what,
    }


def _page(request: HttpRequest, rows: QuerySet[Any], number: int) -> Page[Any]:
    """The page asked for of `rows`, of which there are `number`: counted already."""
    paginator = Paginator(rows, PAGE)
    paginator.count = number
    return paginator.get_page(request.GET.get("p"))
