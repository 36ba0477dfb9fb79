"""The rules of least intervals, in the console's set-up."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from clinic import words
from clinic.console.base import SetUpAdmin
from clinic.console.forms import ConsoleModelForm
from clinic.console.registry import Job, job
from clinic.people.models import Modality
from clinic.records import Record
from plans.protocols.admin.looks import SOURCES_IN_WORDS
from plans.protocols.models import IntervalRule
from plans.protocols.services import interval_rule_create, interval_rule_edit

ANY = [("", "Any treatment"), *Modality.choices]


class IntervalRuleForm(ConsoleModelForm):
    after_modality = forms.ChoiceField(label="After", choices=ANY, required=False)
    before_modality = forms.ChoiceField(label="Before", choices=ANY, required=False)
    source = forms.ChoiceField(
        label="Stem cells from",
        choices=[("", "Any source"), *((one, name.capitalize()) for one, name in SOURCES_IN_WORDS.items())],
        required=False,
    )

    class Meta:
        model = IntervalRule
        fields = "__all__"
        labels = {
            "minimum_days": "Least number of days",
            "is_across": "Only between different treatments",
            "needle_over_mm": "Needles over, mm",
            "needle_up_to_mm": "Needles up to, mm",
            "is_in_force": "In force",
        }
        help_texts = {"title": "As people read it: “at least 14 days after … (PRP after PRP)”."}


@admin.register(IntervalRule)
class IntervalRuleAdmin(SetUpAdmin):
    form = IntervalRuleForm
    list_display = ("title", "days_shown", "after", "before", "in_force")
    empty_reason = "No intervals yet: nothing but a protocol's own minimum keeps sessions apart."
    fieldsets = (
        (None, {"fields": ("title", "code", "minimum_days", "is_in_force")}),
        ("Between what", {"fields": (("after_modality", "before_modality"), "is_across")}),
        ("Only where what was given was", {"fields": (("needle_over_mm", "needle_up_to_mm"), "source")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    @display(description="At least", ordering="minimum_days")
    def days_shown(self, rule: IntervalRule) -> str:
        return words.days(rule.minimum_days)

    @display(description="After")
    def after(self, rule: IntervalRule) -> str:
        parts = [_name(rule.after_modality)]
        if rule.source:
            parts.append(f"from {SOURCES_IN_WORDS.get(rule.source, rule.source)}")
        if rule.needle_over_mm is not None:
            parts.append(f"over {rule.needle_over_mm.normalize():f} mm")
        if rule.needle_up_to_mm is not None:
            parts.append(f"up to {rule.needle_up_to_mm.normalize():f} mm")
        return " ".join(parts)

    @display(description="Before")
    def before(self, rule: IntervalRule) -> str:
        return "Any other treatment" if rule.is_across and not rule.before_modality else _name(rule.before_modality)

    @display(description="In force", boolean=True)
    def in_force(self, rule: IntervalRule) -> bool:
        return rule.is_in_force

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        rule, warnings = interval_rule_create(**data)
        self.warn(request, warnings)
        return rule

    def update(self, request: HttpRequest, row: Any, data: dict[str, Any]) -> Record:
        rule, warnings = interval_rule_edit(rule_id=row.pk, changes=data)
        self.warn(request, warnings)
        return rule


def _name(modality: str) -> str:
    return str(Modality(modality).label) if modality else "Any treatment"


job(Job("Intervals", "admin:plans_intervalrule_changelist", "date_range", "plans.intervalrule", 97, "set_up"))
