"""Mail over HTTP: what became of each, and what a person may do about it."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.fields import TextField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter, InstantFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import ResourceViewSet, act
from plans.messages.models import DeliveryEvent, MessageKind, PatientMessage
from plans.messages.services import message_cancel, message_mark_handled, message_retry


class DeliveryEventSerializer(RecordSerializer):
    """What the mail provider said; `detail` is its class and code, without the address."""

    class Meta:
        model = DeliveryEvent
        fields = read_only_fields = ("kind", "is_hard", "detail", "happened_at")


class MessageSerializer(RecordSerializer):
    """`failure` names the stage and the mail server's code, never the patient. `staff` is the colleague to whom it
    goes; empty: it goes to the patient."""

    sent_at = serializers.SerializerMethodField()
    events = DeliveryEventSerializer(many=True, read_only=True)

    class Meta:
        model = PatientMessage
        fields = read_only_fields = (
            "id",
            "kind",
            "offset",
            "patient",
            "staff",
            "location",
            "appointment",
            "appointment_revision",
            "session",
            "follow_up",
            "check_in",
            "waitlist_entry",
            "due_at",
            "expires_at",
            "status",
            "status_reason",
            "attempts",
            "not_before",
            "sent_at",
            "settled_at",
            "to_address",
            "message_id",
            "failure",
            "events",
        )

    def get_sent_at(self, message: PatientMessage) -> datetime | None:
        """When it went out; empty where it did not, or nobody knows."""
        return message.sending_at if message.status in PatientMessage.SENT else None


class CancelMessageInput(serializers.Serializer[Any]):
    reason = TextField(max_length=200, required=False, allow_blank=True)


class HandledInput(serializers.Serializer[Any]):
    note = TextField(max_length=200, required=False, allow_blank=True, help_text="What was done instead.")


class MessageFilters(FilterSet):
    appointment = IdFilter(field_name="appointment_id")
    patient = IdFilter(field_name="patient_id")
    location = IdFilter(field_name="location_id")
    status = ChoicesFilter(choices=PatientMessage.Status.choices, lookup_expr="in")
    kind = ChoicesFilter(choices=MessageKind.choices, lookup_expr="in")
    due_after = InstantFilter(field_name="due_at", lookup_expr="gte", label="Due then or later.")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt", label="Due before then.")


class MessageViewSet(ResourceViewSet):
    """Mails owed to patients and colleagues. They are planned by what happens, and sent by the worker."""

    model = PatientMessage
    output = MessageSerializer
    filterset_class = MessageFilters
    ordering = ("-due_at",)
    ordering_fields = ("due_at",)

    def rows(self) -> QuerySet[PatientMessage]:
        return PatientMessage.objects.prefetch_related("events")

    @act("retry")
    def retry(self, row: PatientMessage, data: dict[str, Any]) -> PatientMessage:
        """Send it again: it failed, or nobody knows whether it arrived."""
        return message_retry(message=row)

    @act("cancel", body=CancelMessageInput)
    def cancel(self, row: PatientMessage, data: dict[str, Any]) -> PatientMessage:
        """Do not send it after all."""
        return message_cancel(message=row, by=self.user, **data)

    @act("handled", body=HandledInput)
    def handled(self, row: PatientMessage, data: dict[str, Any]) -> PatientMessage:
        """Somebody saw to it in another way: take it off the list."""
        return message_mark_handled(message=row, **data)
