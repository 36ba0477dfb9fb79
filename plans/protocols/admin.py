"""Protocols in the console: what a plan is made of. They are read here; the editor comes with its own page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin
from clinic.console.registry import Job, job
from plans.protocols.models import Protocol, ProtocolStep
from plans.protocols.queries import protocols_with_steps


@admin.register(Protocol)
class ProtocolAdmin(ConsoleAdmin):
    change_form_template = "console/protocol.html"
    fields = ()
    list_display = ("title", "version_shown", "description", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Protocol]:
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Version", ordering="version_number")
    def version_shown(self, protocol: Protocol) -> str:
        return f"{protocol.version_number}"

    @display(description="State")
    def state(self, protocol: Protocol) -> Badge:
        return Badge(Tone.DONE, "Current") if protocol.is_current else Badge(Tone.NEUTRAL, "Replaced", "history")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        protocol = protocols_with_steps().get(pk=kwargs["obj"].pk)
        context |= {"protocol": protocol, "steps": [(step, _when(step)) for step in protocol.steps.all()]}
        return super().render_change_form(request, context, *args, **kwargs)


def _when(step: ProtocolStep) -> str:
    """“28 days after the session before (–3, +3 days)”."""
    months = f"{step.offset_months} months" if step.offset_months else ""
    days = f"{step.offset_days} days" if step.offset_days else ""
    after = " and ".join(part for part in (months, days) if part)
    anchor = step.get_anchor_display().lower()
    text = f"{after} after {anchor}" if after else f"At {anchor}"
    return f"{text} (–{step.tolerance_before_days}, +{step.tolerance_after_days} days)"


job(Job("Protocols", "admin:plans_protocol_changelist", "account_tree", "plans.protocol", 94, "set_up"))
