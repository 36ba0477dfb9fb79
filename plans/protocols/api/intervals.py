"""The rules of least intervals."""

from typing import Any

import django_filters

from clinic.api.filters import FilterSet
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written
from plans.protocols.models import IntervalRule
from plans.protocols.services import interval_rule_create, interval_rule_edit


class IntervalRuleSerializer(RecordSerializer):
    class Meta:
        model = IntervalRule
        fields: tuple[str, ...] = (
            "id",
            "code",
            "title",
            "after_modality",
            "before_modality",
            "is_across",
            "needle_over_mm",
            "needle_up_to_mm",
            "source",
            "minimum_days",
            "is_in_force",
        )
        read_only_fields = fields


class IntervalRuleChanges(RecordSerializer):
    class Meta:
        model = IntervalRule
        fields: tuple[str, ...] = tuple(
            name for name in IntervalRuleSerializer.Meta.fields if name not in ("id", "code")
        )


class IntervalRuleInput(IntervalRuleChanges):
    class Meta(IntervalRuleChanges.Meta):
        fields = ("code", *IntervalRuleChanges.Meta.fields)


class IntervalRuleFilter(FilterSet):
    is_in_force = django_filters.BooleanFilter(label="Only the rules that bind, or only the others.")


class IntervalRuleViewSet(Creates, Changes, ResourceViewSet):
    """The least number of days between what was given and what is given next; the strictest that applies governs."""

    model = IntervalRule
    output = IntervalRuleSerializer
    create_input = IntervalRuleInput
    change_input = IntervalRuleChanges
    filterset_class = IntervalRuleFilter
    ordering = ("code",)

    def perform_create(self, data: dict[str, Any]) -> Written:
        return interval_rule_create(**data)

    def perform_change(self, row: IntervalRule, data: dict[str, Any]) -> Written:
        return interval_rule_edit(rule_id=row.pk, changes=data)
