"""Appointments and free slots over HTTP."""

from datetime import date, datetime, timedelta
from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.access.visibility import visible
from clinic.api.fields import ChoiceField, DayField, InstantField, TextField, VisibleRelatedField, WholeField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter, InstantFilter
from clinic.api.serializers import QuerySerializer, RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, View, act, creation
from clinic.errors import DoesNotExist, Invalid
from clinic.people.models import Practitioner
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.messages.models import PatientMessage
from plans.scheduling.availability import frame_of, slot_documents
from plans.scheduling.models import Appointment, VisitKind
from plans.scheduling.queries import (
    follow_ups_to_book,
    in_full,
    on_local_date,
    patients_to_book,
    sessions_to_book,
    title,
    visits_to_rebook,
    why_rebook,
)
from plans.scheduling.rules import MAX_DURATION, MINUTE
from plans.scheduling.search import slots_for
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
from plans.scheduling.subjects import Subject
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


class SlotQuery(QuerySerializer):
    """What is looked for. `from` and `to` are local dates, both included."""

    location = serializers.UUIDField(required=False, help_text="That of the follow-up or session where left out.")
    patient = VisibleRelatedField(
        queryset=patients_to_book(),
        required=False,
        help_text="For a consultation of theirs: not while they have another visit, and as suits them with `best`.",
    )
    duration = WholeField(
        min_value=1, max_value=MAX_MINUTES, required=False, help_text="In minutes; what is booked says its own."
    )
    practitioner = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, help_text="Repeatable; everybody where left out."
    )
    follow_up = VisibleRelatedField(
        queryset=follow_ups_to_book(), required=False, help_text="Takes window, length and patient from it."
    )
    session = VisibleRelatedField(
        queryset=sessions_to_book(),
        required=False,
        help_text="Takes window, length, patient, qualified practitioners and fit rooms from it.",
    )
    order = ChoiceField(
        choices=["starts_at", "best"],
        default="starts_at",
        help_text="`best`: the practitioner who knows the patient first, then the days nearest to the target. Of a "
        "patient's consultation that is the first day. A weekday or a time of day that does not suit the patient "
        "counts as a week further off.",
    )
    limit = WholeField(
        min_value=1, max_value=10_000, required=False, help_text="Only so many. With it no days need be given."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        says = (
            "A local date, included; at most 92 days in all. Needed without a follow-up, a session or a limit; with a "
            "limit alone the search goes from today on as far as it can."
        )
        days = {name: DayField(required=False, help_text=says) for name in ("from", "to")}
        return {**super().get_fields(), **days}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subjects = [name for name in ("follow_up", "session", "patient") if name in attrs]
        if len(subjects) > 1:
            told = "Ask for a follow-up, for a session, or for a consultation of a patient."
            raise serializers.ValidationError({subjects[1]: told})
        needed = []
        if "follow_up" not in attrs and "session" not in attrs:
            needed = ["location"] if "limit" in attrs else ["location", "from", "to"]
        missing = {name: ["This parameter is required."] for name in needed if name not in attrs}
        if missing:
            raise serializers.ValidationError(missing, code="required")
        return attrs


class SlotSerializer(serializers.Serializer[Any]):
    practitioner = serializers.UUIDField()
    room = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SlotsSerializer(serializers.Serializer[Any]):
    results = SlotSerializer(many=True)


class SlotsView(View):
    """Free slots, in order of their start or the best first. Each can be booked at that moment."""

    output = SlotsSerializer

    def required(self) -> tuple[str, str]:
        return "plans.slot", "view"

    @extend_schema(parameters=[SlotQuery])
    def get(self, request: Request) -> Response:
        query = SlotQuery(data=request.query_params, context={"request": request, "view": self})
        known = query.fields.keys()
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise Invalid(
                f"Unknown parameter. This search takes: {', '.join(sorted(known))}.",
                code="unknown_parameter",
                attr=unknown[0],
            )
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        location_id = self._location_of(asked)
        try:
            frame = frame_of(location_id)
        except Location.DoesNotExist:
            raise DoesNotExist(location_id, attr="location") from None
        self._check_practitioners(asked["practitioner"], frame.practitioners)
        subject = None
        if "session" in asked:
            subject = Subject.of_session(asked["session"])
        elif "follow_up" in asked:
            subject = Subject.of_follow_up(asked["follow_up"])
        elif "patient" in asked:
            subject = Subject.of_consultation(asked["patient"], seen_by=asked["patient"].seen_by)
        slots = slots_for(
            frame,
            subject,
            first=asked.get("from"),
            last=asked.get("to"),
            duration=timedelta(minutes=asked["duration"]) if "duration" in asked else None,
            practitioners=asked["practitioner"],
            best_first=asked["order"] == "best",
            limit=asked.get("limit"),
        )
        return Response({"results": slot_documents(slots, frame.zone)})

    def _location_of(self, asked: dict[str, Any]) -> Any:
        """Raises `DoesNotExist` for a location that the caller cannot see, PermissionDenied without the right there."""
        location_id = asked.get("location")
        if location_id is None:
            location_id = asked["session"].plan.location_id if "session" in asked else asked["follow_up"].location_id
        elif not self.user.may("clinic.location", "view", location_id):
            raise DoesNotExist(location_id, attr="location")
        if not self.user.may("plans.slot", "view", location_id):
            raise PermissionDenied
        return location_id

    def _check_practitioners(self, asked: list[Any], here: Any) -> None:
        """Raises `DoesNotExist` for the first that the caller cannot see; one who is not bookable here has no slots."""
        elsewhere = [key for key in asked if key not in here]
        if elsewhere:
            seen = set(visible(Practitioner.objects.filter(pk__in=elsewhere), self.user).values_list("pk", flat=True))
            for key in elsewhere:
                if key not in seen:
                    raise DoesNotExist(key, attr="practitioner")
