"""Follow-ups, and the attempts to reach a patient about them."""

from typing import Any

import django_filters
from django.db.models import Count, QuerySet
from rest_framework import serializers

from clinic.access.visibility import visible
from clinic.api.fields import TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Creates, ResourceViewSet, Written, act, look, overview
from clinic.people.models import Practitioner
from plans.consultations.models import Consultation
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import follow_ups_in_full
from plans.followups.services import attempt_record, follow_up_attend, follow_up_cancel, follow_up_create


class FollowUpSerializer(RecordSerializer):
    state = serializers.ChoiceField(choices=FollowUp.State.choices, read_only=True)

    class Meta:
        model = FollowUp
        fields = read_only_fields = (
            "id",
            "patient",
            "location",
            "plan",
            "consultation",
            "sequence",
            "title",
            "duration_minutes",
            "target_date",
            "window_start",
            "window_end",
            "state",
            "cancelled_at",
            "cancel_reason",
        )


class FollowUpInput(RecordSerializer):
    consultation = VisibleRelatedField(queryset=Consultation.objects.all())

    class Meta:
        model = FollowUp
        fields = ("consultation", "title", "duration_minutes", "target_date", "window_start", "window_end")


class AttendInput(serializers.Serializer[Any]):
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.all(), required=False)


class FollowUpCancelInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500)


class AttemptSerializer(RecordSerializer):
    class Meta:
        model = ContactAttempt
        fields = (
            "id",
            "follow_up",
            "channel",
            "outcome",
            "note",
            "next_try_on",
            "attempted_at",
            "attempted_by",
        )
        read_only_fields = ("id", "follow_up", "attempted_at", "attempted_by")


class CountsSerializer(serializers.Serializer[Any]):
    """How many follow-ups are in each open state."""

    pending = serializers.IntegerField()
    due = serializers.IntegerField()
    overdue = serializers.IntegerField()
    missed = serializers.IntegerField()
    scheduled = serializers.IntegerField()


class FollowUpFilter(FilterSet):
    state = ChoicesFilter(choices=FollowUp.State.choices)
    patient = IdFilter()
    plan = IdFilter()
    location = IdFilter()
    due_by = django_filters.DateFilter(field_name="window_start", lookup_expr="lte", label="Window opens by this day.")


class FollowUpViewSet(Creates, ResourceViewSet):
    """Owed visits."""

    model = FollowUp
    output = FollowUpSerializer
    create_input = FollowUpInput
    filterset_class = FollowUpFilter
    ordering = ("window_end",)
    ordering_fields = ("window_start", "window_end", "target_date")

    def rows(self) -> QuerySet[FollowUp]:
        return follow_ups_in_full()

    def place_of(self, data: Any) -> Any:
        return data["consultation"].location_id

    def perform_create(self, data: dict[str, Any]) -> Written:
        return follow_up_create(minutes=data.pop("duration_minutes", 30), **data)

    @overview(output=CountsSerializer)
    def counts(self) -> dict[str, int]:
        """How many are in each open state."""
        rows = self.filter_queryset(self.get_queryset()).order_by().values("state").annotate(number=Count("pk"))
        found = {row["state"]: row["number"] for row in rows}
        return {state: found.get(state, 0) for state in FollowUp.OPEN}

    @act("attend", body=AttendInput)
    def attend(self, row: FollowUp, data: dict[str, Any]) -> FollowUp:
        """The patient is here now."""
        return follow_up_attend(follow_up_id=row.pk, by=self.user, **data)

    @act("cancel", body=FollowUpCancelInput)
    def cancel(self, row: FollowUp, data: dict[str, Any]) -> FollowUp:
        """Drop a follow-up that is not needed."""
        return follow_up_cancel(follow_up_id=row.pk, by=self.user, **data)

    @look(resource="plans.contactattempt", output=AttemptSerializer, many=True)
    def attempts(self, row: FollowUp) -> QuerySet[ContactAttempt]:
        """The attempts to reach the patient, the newest first."""
        return visible(ContactAttempt.objects.filter(follow_up=row), self.user)

    @act(
        "add",
        resource="plans.contactattempt",
        body=AttemptSerializer,
        output=AttemptSerializer,
        status=201,
        on=attempts,
    )
    def record_attempt(self, row: FollowUp, data: dict[str, Any]) -> ContactAttempt:
        """Record one attempt."""
        return attempt_record(follow_up_id=row.pk, by=self.user, **data)
