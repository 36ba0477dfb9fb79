"""The rules of least intervals."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.api.fields import TextField
from clinic.api.filters import FilterSet
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act
from plans.protocols.models import IntervalRule
from plans.treatment.queries.rollouts import with_last_rollout
from plans.treatment.services import interval_rule_create, interval_rule_edit, interval_rule_roll_out
from plans.treatment.services.interval_rules import CHANGEABLE

RULE = ("code", *CHANGEABLE)


class RuleRolloutSerializer(serializers.Serializer[Any]):
    """How far the running plans follow the rule as it is; the rest is at `/protocol-rollouts/{id}/`."""

    id = serializers.UUIDField(source="last_rollout")
    plans = serializers.IntegerField(source="last_plans", help_text="How many are worked out anew.")
    waiting = serializers.IntegerField(source="last_waiting", help_text="How many of them are still to come.")
    is_under_way = serializers.BooleanField(source="last_under_way")


class IntervalRuleSerializer(RecordSerializer):
    rollout = serializers.SerializerMethodField()

    class Meta:
        model = IntervalRule
        fields = read_only_fields = ("id", *RULE, "rollout")

    @extend_schema_field(RuleRolloutSerializer(allow_null=True))
    def get_rollout(self, rule: Any) -> dict[str, Any] | None:
        """The last roll-out that the rule asked for; none where no plan was running."""
        if rule.last_rollout is None:
            return None
        shown: dict[str, Any] = RuleRolloutSerializer(rule).data
        return shown


class IntervalRuleChanges(RecordSerializer):
    class Meta:
        model = IntervalRule
        fields: tuple[str, ...] = CHANGEABLE


class IntervalRuleInput(IntervalRuleChanges):
    class Meta(IntervalRuleChanges.Meta):
        fields = RULE


class RollOutInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500, help_text="Why the plans are worked out anew.")


class IntervalRuleFilter(FilterSet):
    is_in_force = django_filters.BooleanFilter(label="Only the rules that bind, or only the others.")


class IntervalRuleViewSet(Creates, Changes, ResourceViewSet):
    """The least number of days between what was given and what is given next; the strictest that applies governs.

    Saving a rule that asks for something else works every running plan out anew, in the background.
    """

    model = IntervalRule
    output = IntervalRuleSerializer
    create_input = IntervalRuleInput
    change_input = IntervalRuleChanges
    filterset_class = IntervalRuleFilter
    ordering = ("code",)

    def rows(self) -> QuerySet[IntervalRule]:
        return with_last_rollout(IntervalRule.objects.all())

    def perform_create(self, data: dict[str, Any]) -> Written:
        ruled = interval_rule_create(by=self.user, **data)
        return ruled.rule, ruled.warnings

    def perform_change(self, row: IntervalRule, data: dict[str, Any]) -> Written:
        ruled = interval_rule_edit(by=self.user, rule_id=row.pk, changes=data)
        return ruled.rule, ruled.warnings

    @act("add", resource="plans.protocolrollout", body=RollOutInput)
    def roll_out(self, row: IntervalRule, data: dict[str, Any]) -> IntervalRule:
        """Work every running plan out anew though the rule has not changed: where the last roll-out was stopped, or
        refused plans."""
        interval_rule_roll_out(by=self.user, rule_id=row.pk, reason=data["reason"])
        return row
