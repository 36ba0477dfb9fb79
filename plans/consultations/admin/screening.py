"""The screening's questions, in the console's set-up."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from clinic.console.badges import Badge, Tone
from clinic.console.base import SetUpAdmin
from clinic.console.filters import status_filter
from clinic.console.registry import Job, job
from clinic.people.models import Modality
from plans.consultations.models import ScreeningItem


@admin.register(ScreeningItem)
class ScreeningItemAdmin(SetUpAdmin):
    list_display = ("label", "concerns", "raises", "asked")
    list_per_page = 100
    list_filter = (status_filter("severity", ScreeningItem.Severity, "severity"),)
    search_fields = ("label", "code")
    search_help_text = "Question"
    fieldsets = (
        (None, {"fields": ("label", "code", "kind", "unit", "severity", "can_override", "is_active", "position")}),
        ("Whom and what it concerns", {"fields": ("modalities", "applies_to_sexes")}),
        (
            "When it raises something",
            {"fields": ("unremarkable_boolean", "unremarkable_number", "block_below", "warn_below")},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Answers point at the code, and are of its kind."""
        return ("code", "kind") if obj else ()

    @display(description="Concerns")
    def concerns(self, item: ScreeningItem) -> str:
        return ", ".join(str(Modality(modality).label) for modality in item.modalities) or "Every treatment"

    @display(description="Raises", ordering="severity")
    def raises(self, item: ScreeningItem) -> Badge:
        if item.severity == ScreeningItem.Severity.ABSOLUTE:
            return Badge(Tone.STOP, "Blocks")
        return Badge(Tone.SOON, "Warns")

    @display(description="Asked", boolean=True)
    def asked(self, item: ScreeningItem) -> bool:
        return item.is_active


job(Job("Screening", "admin:plans_screeningitem_changelist", "checklist", "plans.screeningitem", 95, "set_up"))
