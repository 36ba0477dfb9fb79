"""Roll-outs: begun on a protocol's page, watched on a page of their own, which ends as a report."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import slugify
from unfold.decorators import display

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
from plans.protocols.models import Protocol
from plans.treatment.comparison import What
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import (
    QUIET,
    Counts,
    Followed,
    counts_of,
    last_settled_at,
    plans_of,
    refused_plans,
    report_of,
    shift_in_words,
    versions_followed,
    with_counts,
)
from plans.treatment.services import plan_move_preview, rollout_start

REFUSED_SHOWN = 50
SAMPLE_OF_EACH_VERSION, LARGEST_SAMPLE = 2, 6


@dataclass(frozen=True, slots=True)
class Tried:
    """One plan of the sample: what moving it would do, or why it would be refused."""

    plan: TreatmentPlan
    does: str = ""
    refused: str = ""


class RolloutForm(ReasonForm):
    """Whom it concerns, what it would do to a few of them, and why."""

    refusal_names = {"protocol": "__all__"}

    def prepare(self) -> None:
        self.versions: list[Followed] = versions_followed(self.row)
        self.running = sum(version.running for version in self.versions)
        self.proposed = sum(version.proposed for version in self.versions)
        self.to_move = sum(one.running for one in self.versions if one.protocol.pk != self.row.pk)
        self.under_way = ProtocolRollout.objects.filter(protocol__code=self.row.code, finished_at__isnull=True).first()
        self.sample = [] if self.is_bound or self.under_way else _sample(self.versions, self.row, reader())


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


def _sample(versions: Sequence[Followed], to: Protocol, who: Reader) -> list[Tried]:
    """A few plans of each version, worked out as the roll-out will and taken back: the newest that the reader sees."""
    tried: list[Tried] = []
    for version in versions:
        plans = TreatmentPlan.objects.filter(protocol=version.protocol, status__in=TreatmentPlan.MAY_MOVE)
        if version.protocol.pk == to.pk:
            continue
        newest = visible(plans.select_related("patient", "protocol", "location"), who.user).order_by("-pk")
        tried += [_try(plan, to) for plan in newest[: min(SAMPLE_OF_EACH_VERSION, LARGEST_SAMPLE - len(tried))]]
    return tried


def _try(plan: TreatmentPlan, to: Protocol) -> Tried:
    try:
        with refusals():
            changes = plan_move_preview(plan_id=plan.pk, protocol=to)
    except Refusal as refusal:
        return Tried(plan, refused=refusal.detail)
    numbers = {what: sum(change["what"] == what for change in changes) for what in What}
    said = [
        f"{count_of(numbers[What.MOVED], 'window')} would move" if numbers[What.MOVED] else "",
        f"{count_of(numbers[What.ADDED], 'visit')} more owed" if numbers[What.ADDED] else "",
        f"{count_of(numbers[What.DROPPED], 'visit')} no longer owed" if numbers[What.DROPPED] else "",
        f"{count_of(numbers[What.CHANGED], 'session')} with other treatments" if numbers[What.CHANGED] else "",
    ]
    return Tried(plan, does="; ".join(part for part in said if part) or "Every date stays as it is")


@admin.register(ProtocolRollout)
class ProtocolRolloutAdmin(ConsoleAdmin):
    change_form_template = "console/rollout.html"
    fields = ()
    list_display = ("what", "state", "how_far", "refused_shown", "asked", "asked_by")
    empty_reason = (
        "No plans were ever moved together. Where a protocol has a new version, its page offers to move the plans "
        "that follow an older one."
    )

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_counts(super().get_queryset(request).select_related("protocol", "requested_by"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It begins on the protocol's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def name_of(self, row: ProtocolRollout) -> str:
        return f"{row.protocol.title}: plans to version {row.protocol.version_number}"

    @display(description="Plans of", ordering="protocol__title")
    def what(self, rollout: ProtocolRollout) -> str:
        return f"{rollout.protocol.title} to version {rollout.protocol.version_number}"

    @display(description="State")
    def state(self, rollout: ProtocolRollout) -> Badge:
        return rollout_badge(rollout, counts_of(rollout))

    @display(description="Settled")
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

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rollout, who = kwargs["obj"], reader()
        counts = counts_of(rollout)
        is_running = rollout.finished_at is None
        report = None if is_running else report_of(rollout)
        refused = visible(refused_plans(rollout), who.user)
        shown = list(refused[:REFUSED_SHOWN])
        seen = refused.count() if len(shown) == REFUSED_SHOWN else len(shown)
        context |= {
            "rollout": rollout,
            "counts": counts,
            "badge": rollout_badge(rollout, counts),
            "how_far": how_far(counts),
            "is_running": is_running,
            "is_quiet": is_running and who.now - last_settled_at(rollout) > QUIET,
            "refused": shown,
            "refused_more": seen - len(shown),
            "refused_elsewhere": max(counts.refused - seen, 0),
            "report": report,
            "shifts_in_words": shift_in_words((report.earliest_shift_days, report.latest_shift_days)) if report else "",
            "csv_url": reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]),
            "rebook_url": f"{reverse('admin:plans_followup_changelist')}?state=rebook",
        }
        return super().render_change_form(request, context, *args, **kwargs)

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
        name = slugify(f"{rollout.protocol.code} v{rollout.protocol.version_number} {rollout.requested_at:%Y-%m-%d}")
        return StreamingHttpResponse(
            csv_lines(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
        )


def how_far(counts: Counts) -> str:
    """“4,120 of 10,000 plans”."""
    return f"{counts.settled:,} of {count_of(counts.plans, 'plan')}"


def rollout_badge(rollout: ProtocolRollout, counts: Counts) -> Badge:
    if rollout.finished_at is None:
        return Badge(Tone.BOOKED, "Under way", "hourglass_top")
    if counts.refused:
        return Badge(Tone.SOON, f"Finished, {counts.refused:,} refused")
    return Badge(Tone.DONE, "Finished")


COLUMNS = (
    *("Patient", "Record number", "Location", "Plan", "Result", "Windows moved", "Moved by", "Visits added"),
    *("Visits dropped", "Booked visits cancelled", "Booked visits to rebook", "Why"),
)


def csv_lines(rows: QuerySet[RolloutPlan]) -> Iterator[str]:
    """The report as CSV, line by line; no cell can be read as a formula."""
    writer = csv.writer(cast(Any, _Line()))
    yield "\N{BYTE ORDER MARK}" + writer.writerow(COLUMNS)
    for row in rows.iterator(chunk_size=1000):
        plan = row.plan
        cells = (
            *(plan.patient, plan.patient.mrn, plan.location, plan.protocol.title, row.get_status_display()),
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
