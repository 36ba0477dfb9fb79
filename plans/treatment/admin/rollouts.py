"""Roll-outs: begun on a protocol's page or by a changed interval rule, watched on a page that ends as a report."""

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import slugify
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Done, act
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin
from clinic.console.forms import ActForm, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.refusals import refusals
from clinic.console.registry import Job, job
from clinic.errors import Refusal
from clinic.people.models import User
from clinic.words import count_of
from plans.protocols.models import IntervalRule, Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title
from plans.treatment.admin.words import MoveLine, change_lines, shift
from plans.treatment.comparison import What
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import (
    QUIET,
    Counts,
    Followed,
    counts_of,
    last_settled_at,
    moved_plans,
    plans_of,
    refused_plans,
    report_of,
    running_plans,
    shift_in_words,
    versions_before,
    versions_followed,
    with_counts,
)
from plans.treatment.services import Preview, rollout_start, rollout_stop, rollout_try

REFUSED_SHOWN = MOVED_SHOWN = 50
SAMPLE_OF_EACH_VERSION, LARGEST_SAMPLE = 2, 6
CANDIDATES_OF_EACH_VERSION = 6
"""More than are shown: somebody may be working on the newest ones."""
LONGEST_SAMPLE_SECONDS = 3.0
MOVES_SHOWN = 8
ROLLOUTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """A booked visit that a person has to do with."""

    appointment: Appointment
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One plan of the sample: what moving it would do, or why it would be refused."""

    plan: TreatmentPlan
    does: str = ""
    moves: Sequence[MoveLine] = ()
    more: int = 0
    """How many moves are not among `moves`."""
    cancelled: Sequence[Visit] = ()
    rebook: Sequence[Visit] = ()
    refused: str = ""


@dataclass(slots=True)
class Sample:
    """A few plans of each version; `busy` says how many were passed over because somebody works on them."""

    tried: list[Tried] = field(default_factory=list)
    busy: int = 0


class RolloutForm(ReasonForm):
    """Whom it concerns, what it would do to a few of them, and why."""

    refusal_names = {"protocol": "__all__"}

    def prepare(self) -> None:
        self.versions: list[Followed] = versions_followed(self.row)
        self.running = sum(version.running for version in self.versions)
        self.proposed = sum(version.proposed for version in self.versions)
        self.in_place = sum(one.running for one in self.versions if one.protocol.pk == self.row.pk)
        self.to_move = self.running - self.in_place
        self.under_way = ProtocolRollout.objects.filter(ProtocolRollout.UNDER_WAY, protocol__code=self.row.code).first()
        is_asked = not (self.is_bound or self.under_way)
        self.sample = _sample(self.versions, self.row, reader()) if is_asked else Sample()


class RollsOut:
    """What a protocol's page offers: move the running plans to this version."""

    @act(
        "Move running plans to this version",
        grant="add",
        resource="plans.protocolrollout",
        is_legal=lambda protocol: bool(protocol.is_current),
        form=RolloutForm,
        icon="move_up",
        page="console/rollout_start.html",
    )
    def roll_out(self, request: HttpRequest, row: Protocol, form: ActForm) -> Done:
        rollout = rollout_start(by=cast(User, request.user), protocol=row, reason=form.cleaned_data["reason"])
        return Done(
            f"{count_of(form.running, 'plan')} of {row.title} will be moved to version {row.version_number}.",  # type: ignore[attr-defined]
            reverse("admin:plans_protocolrollout_change", args=[rollout.pk]),
        )


def _sample(versions: Sequence[Followed], to: Protocol, who: Reader) -> Sample:
    """A few plans of each version, worked out as the roll-out will and taken back: the newest that the reader sees.

    It waits for nobody, and ends after a few seconds with what it has.
    """
    sample = Sample()
    ends_at = time.monotonic() + LONGEST_SAMPLE_SECONDS
    for version in versions:
        if version.protocol.pk == to.pk:
            continue
        wanted = len(sample.tried) + min(SAMPLE_OF_EACH_VERSION, LARGEST_SAMPLE - len(sample.tried))
        plans = running_plans().filter(protocol=version.protocol)
        newest = visible(plans.select_related("patient", "protocol", "location"), who.user).order_by("-pk")
        for plan in newest[:CANDIDATES_OF_EACH_VERSION] if wanted > len(sample.tried) else ():
            if len(sample.tried) == wanted or time.monotonic() > ends_at:
                break
            tried = _try(plan, to)
            if tried is None:
                sample.busy += 1
            else:
                sample.tried.append(tried)
    return sample


def _try(plan: TreatmentPlan, to: Protocol) -> Tried | None:
    """None where somebody is working on the plan."""
    try:
        with refusals():
            preview = rollout_try(plan_id=plan.pk, protocol=to)
    except Refusal as refusal:
        return Tried(plan, refused=refusal.detail)
    return None if preview is None else _tried(plan, preview)


def _tried(plan: TreatmentPlan, preview: Preview) -> Tried:
    changes = [change for change in preview.changes if change["item"] != "plan"]
    numbers = {what: sum(change["what"] == what for change in changes) for what in What}
    lines = [_line(change) for change in changes]
    shifts = shift_in_words((line.after - line.before).days for line in lines if line.before and line.after)
    said = [
        f"{count_of(numbers[What.MOVED], 'visit')} would move: {shifts}" if numbers[What.MOVED] else "",
        f"{count_of(numbers[What.ADDED], 'visit')} more owed" if numbers[What.ADDED] else "",
        f"{count_of(numbers[What.DROPPED], 'visit')} no longer owed" if numbers[What.DROPPED] else "",
        f"{count_of(numbers[What.CHANGED], 'session')} with other treatments" if numbers[What.CHANGED] else "",
    ]
    return Tried(
        plan,
        does="; ".join(part for part in said if part) or "Every date stays as it is",
        moves=lines[:MOVES_SHOWN],
        more=max(len(lines) - MOVES_SHOWN, 0),
        cancelled=[Visit(visit, title(visit), "") for visit in preview.cancelled],
        rebook=[Visit(one.visit, title(one.visit), one.why) for one in preview.rebook],
    )


def _line(change: Any) -> MoveLine:
    """One change of a preview, with its direction in words."""
    before, after = _target(change["before"]), _target(change["after"])
    if change["what"] == What.CHANGED:
        return MoveLine(change["title"], before, after, f"now {change_lines([change])[0].after}", "")
    return MoveLine(change["title"], before, after, shift(before, after), change["because"])


def _target(side: Any) -> date | None:
    return date.fromisoformat(side["target_date"]) if side is not None else None


def asked_for(rule: IntervalRule, who: Reader) -> list[tuple[ProtocolRollout, Badge, str, str]]:
    """The latest roll-outs that this rule asked for: state, how far, and the page, for who may see it."""
    may_look = who.may("plans.protocolrollout", "view")
    rows = with_counts(rule.rollouts.order_by("-pk"))[:ROLLOUTS_SHOWN]
    return [
        (
            row,
            rollout_badge(row, counts_of(row)),
            how_far(counts_of(row)),
            reverse("admin:plans_protocolrollout_change", args=[row.pk]) if may_look else "",
        )
        for row in rows
    ]


@admin.register(ProtocolRollout)
class ProtocolRolloutAdmin(ConsoleAdmin):
    change_form_template = "console/rollout.html"
    fields = ()
    list_display = ("subject", "state", "how_far", "refused_shown", "asked", "asked_by")
    empty_reason = (
        "No plans were ever moved together. Where a protocol has a new version, its page offers to move the plans "
        "that follow an older one; a changed interval works out every running plan by itself."
    )

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return with_counts(rows.select_related("protocol", "interval_rule", "requested_by", "stopped_by"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It begins on the protocol's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def name_of(self, row: ProtocolRollout) -> str:
        return _what(row)

    @display(description="What")
    def subject(self, rollout: ProtocolRollout) -> str:
        return _what(rollout)

    @display(description="State")
    def state(self, rollout: ProtocolRollout) -> Badge:
        return rollout_badge(rollout, counts_of(rollout))

    @display(description="How far")
    def how_far(self, rollout: ProtocolRollout) -> str:
        return how_far(counts_of(rollout))

    @display(description="Refused")
    def refused_shown(self, rollout: Any) -> str:
        return f"{rollout.refused:,}" if rollout.refused else "–"

    @display(description="Asked for", ordering="requested_at")
    def asked(self, rollout: ProtocolRollout) -> str:
        return reader().moment(rollout.requested_at)

    @display(description="By")
    def asked_by(self, rollout: ProtocolRollout) -> str:
        return str(rollout.requested_by or "–")

    # Stop

    @act(
        "Stop",
        grant="add",
        is_legal=lambda rollout: bool(rollout.is_under_way),
        form=ReasonForm,
        icon="stop_circle",
        variant=ActionVariant.DANGER,
        description=(
            "What is moved stays moved. Plans that still wait stay as they are; the page of the protocol, or of the "
            "interval, moves them later."
        ),
    )
    def stop(self, request: HttpRequest, row: ProtocolRollout, form: ActForm) -> Done:
        rollout_stop(rollout_id=row.pk, by=cast(User, request.user), reason=form.cleaned_data["reason"])
        left = row.items.filter(status=RolloutPlan.Status.WAITING).count()
        return Done(f"Stopped. {count_of(left, 'plan')} {'stays as it is' if left == 1 else 'stay as they are'}.")

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rollout, who = kwargs["obj"], reader()
        counts = counts_of(rollout)
        is_running = rollout.is_under_way
        report = None if is_running else report_of(rollout)
        refused = visible(refused_plans(rollout), who.user)
        shown = list(refused[:REFUSED_SHOWN])
        seen = refused.count() if len(shown) == REFUSED_SHOWN else len(shown)
        moved = [] if is_running else list(visible(moved_plans(rollout), who.user)[:MOVED_SHOWN])
        context |= {
            "rollout": rollout,
            "counts": counts,
            "badge": rollout_badge(rollout, counts),
            "how_far": how_far(counts),
            "is_running": is_running,
            "is_quiet": is_running and who.now - last_settled_at(rollout) > QUIET,
            "came_from": versions_before(rollout) if rollout.protocol is not None else [],
            "moved": [(row, shift_in_words(row.shifts_days)) for row in moved],
            "moved_more": counts.moved - len(moved),
            "refused": shown,
            "refused_more": seen - len(shown),
            "refused_elsewhere": max(counts.refused - seen, 0),
            "report": report,
            "shifts_in_words": shift_in_words((report.earliest_shift_days, report.latest_shift_days)) if report else "",
            "csv_url": reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]),
            "rebook_url": f"{reverse('admin:plans_followup_changelist')}?state=rebook",
        }
        response = super().render_change_form(request, context, *args, **kwargs)
        if "HX-Request" in request.headers and not is_running:
            # The page that asked how far it is has buttons and messages of one under way.
            response["HX-Refresh"] = "true"
        return response

    # The report to take away

    def get_urls(self) -> list[URLPattern]:
        report = self.admin_site.admin_view(self.csv_view)
        own = path("<path:object_id>/report.csv", report, name="plans_protocolrollout_csv")
        return [own, *super().get_urls()]

    def csv_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Every plan of the roll-out that the reader may see, and what became of it. Changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        rollout = self.get_object(request, object_id)
        if rollout is None:
            raise Http404
        rows = visible(plans_of(rollout), cast(User, request.user))
        of = rollout.protocol
        name = slugify(f"{f'{of.code} v{of.version_number}' if of else rollout.what} {rollout.requested_at:%Y-%m-%d}")
        return StreamingHttpResponse(
            csv_lines(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
        )


def how_far(counts: Counts) -> str:
    """“4,120 of 10,000 plans done”."""
    return f"{counts.settled:,} of {count_of(counts.plans, 'plan')} done"


def rollout_badge(rollout: ProtocolRollout, counts: Counts) -> Badge:
    if rollout.is_under_way:
        return Badge(Tone.BOOKED, "Under way", "hourglass_top")
    if rollout.stopped_at is not None:
        return Badge(Tone.STOP, f"Stopped, {counts.waiting:,} left as they were", "stop_circle")
    if counts.refused:
        return Badge(Tone.SOON, f"Finished, {counts.refused:,} refused")
    return Badge(Tone.DONE, "Finished")


def _what(rollout: ProtocolRollout) -> str:
    """“PRP: plans to version 2”, “Interval rule “PRP after PRP”: every running plan anew”."""
    if rollout.protocol is not None:
        return f"{rollout.protocol.title}: plans to version {rollout.protocol.version_number}"
    return f"{rollout.what}: every running plan anew"


COLUMNS = (
    *("Patient", "Record number", "Location", "Plan", "Followed version", "Follows version", "Result"),
    *("Windows moved", "Moved by", "Visits added"),
    *("Visits dropped", "Booked visits cancelled", "Booked visits to rebook", "Why"),
)


def csv_lines(rows: QuerySet[RolloutPlan]) -> Iterator[str]:
    """The report as CSV, line by line; no cell can be read as a formula."""
    writer = csv.writer(cast(Any, _Line()))
    yield "\N{BYTE ORDER MARK}" + writer.writerow(COLUMNS)
    for row in rows.iterator(chunk_size=1000):
        plan = row.plan
        cells = (
            *(plan.patient, plan.patient.mrn, plan.location, plan.protocol.title),
            *(row.protocol_before.version_number if row.protocol_before else "", plan.protocol.version_number),
            row.get_status_display(),
            *(len(row.shifts_days), shift_in_words(row.shifts_days), row.added_visits, row.dropped_visits),
            *(row.cancelled_visits, row.rebook_visits, row.detail),
        )
        yield writer.writerow([harmless(str(cell)) for cell in cells])


class _Line:
    """A file that hands each line back."""

    def write(self, line: str) -> str:
        return line


def harmless(cell: str) -> str:
    """`cell` as a spreadsheet shows it and does not compute it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


job(Job("Moved plans", "admin:plans_protocolrollout_changelist", "move_up", "plans.protocolrollout", 96, "set_up"))
