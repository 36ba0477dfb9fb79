"""Appointments over HTTP."""

from datetime import date, datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.fields import ChoiceField, InstantField, TextField, VisibleRelatedField, WholeField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter, InstantFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, act, creation
from clinic.people.models import Practitioner
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, VisitKind
from plans.scheduling.queries import (
    in_full,
    on_local_date,
    title,
    visits_to_rebook,
    why_rebook,
)
from plans.scheduling.rules import MAX_DURATION, MINUTE
from plans.scheduling.services import (
    appointment_arrive,
    appointment_book,
    appointment_cancel,
    appointment_confirm,
    appointment_fulfil,
    appointment_keep,
    appointment_no_show,
    appointment_note,
    appointment_reschedule,
    appointment_undo,
    walk_in_begin,
)
from plans.treatment.models import ProcedureSession

MAX_MINUTES = MAX_DURATION // MINUTE
OVERRIDE = (
    "Why to book over the practitioner's other visits, or before the earliest date; for those with the right to it."
)
Day = date


class LocalInstantField(InstantField):
    """An instant with the offset of the place where the visit is."""

    def get_attribute(self, instance: Any) -> datetime | None:
        value: datetime | None = super().get_attribute(instance)
        appointment = instance if isinstance(instance, Appointment) else instance.appointment
        return value.astimezone(appointment.location.zone) if value is not None else None

    def to_representation(self, value: Any) -> str:
        return str(value.isoformat())


class AppointmentMessageSerializer(RecordSerializer):
    due_at = LocalInstantField(read_only=True)

    class Meta:
        model = PatientMessage
        fields = read_only_fields = ("id", "kind", "due_at", "status", "appointment_revision")


class AppointmentSerializer(RecordSerializer):
    """Times carry the offset of the location. `is_early`: before its earliest date, by the decision of a person, for
    the `override_reason` of its booking, or that of a later decision: `kept_because`, why it stays where it is though
    what it is for wanted another time by then; empty unless it is kept. `rebook` says why the visit wants
    another time; null where it may stay."""

    title = serializers.SerializerMethodField()
    starts_at = LocalInstantField(read_only=True)
    ends_at = LocalInstantField(read_only=True)
    rebook = serializers.SerializerMethodField()
    messages = AppointmentMessageSerializer(many=True, read_only=True)

    class Meta:
        model = Appointment
        fields = read_only_fields = (
            "id",
            "revision",
            "status",
            "kind",
            "title",
            "starts_at",
            "ends_at",
            "location",
            "practitioner",
            "room",
            "patient",
            "session",
            "follow_up",
            "note",
            "overbooked",
            "is_early",
            "override_reason",
            "kept_because",
            "rebook",
            "off_hours",
            "off_hours_accepted",
            "confirmed_at",
            "arrived_at",
            "fulfilled_at",
            "cancelled_at",
            "cancel_reason",
            "cancel_note",
            "no_show_at",
            "messages",
        )

    def get_title(self, appointment: Appointment) -> str:
        return title(appointment)

    def get_rebook(self, appointment: Appointment) -> str | None:
        return why_rebook(appointment)


class BookingInput(serializers.Serializer[Any]):
    """One of `follow_up`, `session` and `consultation_for`; without `room` the next free one that is fit."""

    location = VisibleRelatedField(queryset=Location.objects.all())
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.select_related("user"))
    starts_at = InstantField()
    follow_up = VisibleRelatedField(queryset=FollowUp.objects.all(), required=False, allow_null=True)
    session = VisibleRelatedField(queryset=ProcedureSession.objects.all(), required=False, allow_null=True)
    consultation_for = VisibleRelatedField(queryset=Patient.objects.all(), required=False, allow_null=True)
    duration_minutes = WholeField(min_value=1, max_value=MAX_MINUTES, required=False, allow_null=True)
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)
    note = TextField(max_length=500, required=False, allow_blank=True)
    override_reason = TextField(max_length=300, required=False, allow_blank=True, help_text=OVERRIDE)


class WalkInInput(serializers.Serializer[Any]):
    """One of `session` and `consultation_for`; without `practitioner` or `room` the first free ones that are fit."""

    location = VisibleRelatedField(queryset=Location.objects.all())
    practitioner = VisibleRelatedField(
        queryset=Practitioner.objects.select_related("user"), required=False, allow_null=True
    )
    session = VisibleRelatedField(queryset=ProcedureSession.objects.all(), required=False, allow_null=True)
    consultation_for = VisibleRelatedField(queryset=Patient.objects.all(), required=False, allow_null=True)
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)
    starts_at = InstantField(
        required=False, allow_null=True, help_text="Later today, where nobody is free yet; now where left out."
    )
    note = TextField(max_length=500, required=False, allow_blank=True)
    override_reason = TextField(max_length=300, required=False, allow_blank=True, help_text=OVERRIDE)


class NoteInput(RecordSerializer):
    class Meta:
        model = Appointment
        fields = ("note",)


class RescheduleInput(serializers.Serializer[Any]):
    starts_at = InstantField()
    practitioner = VisibleRelatedField(
        queryset=Practitioner.objects.select_related("user"), required=False, allow_null=True
    )
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)
    override_reason = TextField(max_length=300, required=False, allow_blank=True, help_text=OVERRIDE)


class KeepInput(serializers.Serializer[Any]):
    reason = TextField(max_length=300)


class AppointmentCancelInput(serializers.Serializer[Any]):
    reason = ChoiceField(choices=Appointment.CancelReason.choices)
    note = TextField(max_length=300, required=False, allow_blank=True)


class AppointmentFilters(FilterSet):
    location = IdFilter(field_name="location_id")
    patient = IdFilter(field_name="patient_id")
    practitioner = IdFilter(field_name="practitioner_id")
    session = IdFilter(field_name="session_id")
    follow_up = IdFilter(field_name="follow_up_id")
    status = ChoicesFilter(choices=Appointment.Status.choices, lookup_expr="in")
    kind = ChoicesFilter(choices=VisitKind.choices, lookup_expr="in")
    starts_after = InstantFilter(field_name="starts_at", lookup_expr="gte", label="Starts then or later.")
    starts_before = InstantFilter(field_name="starts_at", lookup_expr="lt", label="Starts before then.")
    date = django_filters.DateFilter(method="filter_date", label="Local date of the start, at its location.")
    rebook = django_filters.BooleanFilter(
        method="filter_rebook", label="Only those that want rebooking, or that do not."
    )

    def filter_date(self, rows: QuerySet[Appointment], name: str, value: Day) -> QuerySet[Appointment]:
        return on_local_date(rows, value)

    def filter_rebook(self, rows: QuerySet[Appointment], name: str, value: bool) -> QuerySet[Appointment]:
        return visits_to_rebook(rows) if value else rows.exclude(pk__in=visits_to_rebook(rows).values("pk"))


class AppointmentViewSet(Creates, Changes, ResourceViewSet):
    """Booked visits. A booking never takes a practitioner, a room or a patient twice."""

    model = Appointment
    output = AppointmentSerializer
    create_input = BookingInput
    change_input = NoteInput
    filterset_class = AppointmentFilters
    ordering = ("starts_at",)
    ordering_fields = ("starts_at",)

    def rows(self) -> QuerySet[Appointment]:
        return in_full(Appointment.objects.all())

    def perform_create(self, data: dict[str, Any]) -> Appointment:
        return appointment_book(by=self.user, **data)

    def perform_change(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        return appointment_note(appointment_id=row.pk, note=data.get("note", row.note))

    @creation(body=WalkInInput)
    def walk_in(self, data: dict[str, Any]) -> Appointment:
        """The patient is here without a visit: one from now on, arrived. Nobody is mailed. A follow-up is attended."""
        return walk_in_begin(by=self.user, **data)

    @act("reschedule", body=RescheduleInput)
    def reschedule(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """Move it. It keeps its room where that is free."""
        return appointment_reschedule(appointment_id=row.pk, by=self.user, **data)

    @act("keep", body=KeepInput)
    def keep(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """It stays though it wants rebooking, until its window moves again."""
        return appointment_keep(appointment_id=row.pk, by=self.user, **data)

    @act("confirm")
    def confirm(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """The patient says they will come."""
        return appointment_confirm(appointment_id=row.pk, by=self.user)

    @act("arrive")
    def arrive(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """The patient is here."""
        return appointment_arrive(appointment_id=row.pk, by=self.user)

    @act("fulfil")
    def fulfil(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """It took place. A session's visit is fulfilled by performing or aborting the session."""
        return appointment_fulfil(appointment_id=row.pk, by=self.user)

    @act("cancel", body=AppointmentCancelInput)
    def cancel(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """Give the time back and tell the patient."""
        return appointment_cancel(appointment_id=row.pk, by=self.user, **data)

    @act("no_show")
    def no_show(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """The patient did not come."""
        return appointment_no_show(appointment_id=row.pk, by=self.user)

    @act("undo")
    def undo(self, row: Appointment, data: dict[str, Any]) -> Appointment:
        """Take back the last booking, move or cancellation, within the location's grace period."""
        return appointment_undo(appointment_id=row.pk, by=self.user)
