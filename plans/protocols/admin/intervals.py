"""The rules of least intervals, in the console's set-up."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.decorators import display

from clinic import words
from clinic.console.acts import Done, act
from clinic.console.base import SetUpAdmin
from clinic.console.forms import ActForm, ConsoleModelForm, ReasonForm
from clinic.console.reader import reader
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.records import Record
from plans.protocols.drafts import SOURCES_IN_WORDS
from plans.protocols.models import IntervalRule
from plans.treatment.admin.rollouts import asked_for
from plans.treatment.models import ProtocolRollout
from plans.treatment.queries.rollouts import running_plans
from plans.treatment.services import Ruled, interval_rule_create, interval_rule_edit, interval_rule_roll_out

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
            "is_across": "Only between different treatments",
            "needle_over_mm": "Needles over, mm",
            "needle_up_to_mm": "Needles up to, mm",
            "is_in_force": "In force",
        }
        help_texts = {"title": "As people read it: “at least 14 days after … (PRP after PRP)”."}


class RollOutForm(ReasonForm):
    above = "console/parts/rule_roll_out.html"

    def prepare(self) -> None:
        self.running = running_plans().count()


@admin.register(IntervalRule)
class IntervalRuleAdmin(SetUpAdmin):
    change_form_template = "console/interval_rule.html"
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
        return self._tell(request, interval_rule_create(by=cast(User, request.user), **data))

    def update(self, request: HttpRequest, row: Any, data: dict[str, Any]) -> Record:
        return self._tell(request, interval_rule_edit(by=cast(User, request.user), rule_id=row.pk, changes=data))

    def _tell(self, request: HttpRequest, ruled: Ruled) -> IntervalRule:
        self.warn(request, ruled.warnings)
        if ruled.rollout is not None:
            plans = words.count_of(ruled.rollout.items.count(), "running plan")
            messages.info(request, f"{plans} will be worked out anew. This page says how far that is.")
        return ruled.rule

    @act(
        "Work the plans out anew",
        grant="add",
        resource="plans.protocolrollout",
        is_legal=lambda rule: not rule.rollouts.filter(ProtocolRollout.UNDER_WAY).exists(),
        form=RollOutForm,
        icon="move_up",
        description="For plans that were refused when the rule changed, or were left when that was stopped.",
    )
    def roll_out(self, request: HttpRequest, row: IntervalRule, form: ActForm) -> Done:
        user = cast(User, request.user)
        rollout = interval_rule_roll_out(by=user, rule_id=row.pk, reason=form.cleaned_data["reason"])
        plans = words.count_of(rollout.items.count(), "running plan")
        return Done(f"{plans} will be worked out anew. This page says how far that is.", self.url_of(row))

    def url_after(self, row: Any) -> str:
        """To its page, while plans are worked out anew: it says how far that is."""
        is_at_work = row.rollouts.filter(ProtocolRollout.UNDER_WAY).exists()
        return self.url_of(row) if is_at_work else self.list_url

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["running"] = running_plans().count()
        context["rollouts"] = asked_for(row, reader()) if row is not None else []
        context["is_under_way"] = any(rollout.is_under_way for rollout, *_ in context["rollouts"])
        return super().render_change_form(request, context, *args, **kwargs)


def _name(modality: str) -> str:
    return str(Modality(modality).label) if modality else "Any treatment"


job(Job("Intervals", "admin:plans_intervalrule_changelist", "date_range", "plans.intervalrule", 97, "set_up"))
