"""The waitlist over HTTP."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers

from clinic.api.fields import FlagField, InstantField, TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, act
from clinic.people.models import Practitioner
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.scheduling.models import VisitKind, WaitlistEntry
from plans.scheduling.queries.waitlist import title_of, waitlist_in_full
from plans.scheduling.services import (
    waitlist_accept,
    waitlist_add,
    waitlist_change,
    waitlist_decline,
    waitlist_offer,
    waitlist_withdraw,
)
from plans.scheduling.services.waitlist import WISHES
from plans.scheduling.wishes import Over
from plans.treatment.models import ProcedureSession

TIME_INPUT = ["%H:%M", "%H:%M:%S"]


class WaitlistEntrySerializer(RecordSerializer):
    """`present_appointment`: the live visit that they have for the same by now. `over` says why they wait no more
    though nobody took them off: *done* (not owed any more), *past* (their last day has passed), *met* (they got a time
    that suits them in another way); null while they wait, and once it is settled. `offer_is_taken`: somebody else has
    the time that stands offered. Times of an offer carry the offset of the location."""

    title = serializers.SerializerMethodField()
    weekdays = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=7), read_only=True)
    present_appointment = serializers.UUIDField(source="present_id", read_only=True, allow_null=True)
    over = serializers.ChoiceField(choices=[one.value for one in Over], read_only=True, allow_null=True)
    offered_starts_at = serializers.SerializerMethodField()
    offer_is_taken = serializers.BooleanField(read_only=True)

    class Meta:
        model = WaitlistEntry
        fields = read_only_fields = (
            "id",
            "status",
            "kind",
            "title",
            "patient",
            "location",
            "session",
            "follow_up",
            "practitioner",
            "earliest",
            "latest",
            "weekdays",
            "time_from",
            "time_until",
            "is_urgent",
            "note",
            "created_at",
            "present_appointment",
            "over",
            "offered_starts_at",
            "offered_practitioner",
            "offered_room",
            "offered_at",
            "offer_is_taken",
            "appointment",
            "settled_at",
            "settled_because",
        )

    def get_title(self, entry: WaitlistEntry) -> str:
        return title_of(entry)

    def get_offered_starts_at(self, entry: WaitlistEntry) -> datetime | None:
        offered = entry.offered_starts_at
        return offered.astimezone(entry.location.zone) if offered is not None else None


class WaitlistWishes(RecordSerializer):
    """When and with whom they want to come; what is left out is open."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        max_length=7,
        required=False,
        help_text="The only days that suit them, 1 is Monday. None: every day.",
    )
    time_from = serializers.TimeField(
        input_formats=TIME_INPUT, required=False, allow_null=True, help_text="Not before this time of day."
    )
    time_until = serializers.TimeField(
        input_formats=TIME_INPUT, required=False, allow_null=True, help_text="Done by this time of day."
    )
    is_urgent = FlagField(required=False, help_text="Comes before those who wait longer.")

    class Meta:
        model = WaitlistEntry
        fields: tuple[str, ...] = WISHES
        validators: tuple[Any, ...] = ()


class WaitlistInput(WaitlistWishes):
    """One of `session`, `follow_up` and, for a consultation, `patient`. A consultation is waited for at `location`, or
    else at the patient's home location."""

    patient = VisibleRelatedField(queryset=Patient.objects.select_related("home_location"), required=False)
    session = VisibleRelatedField(queryset=ProcedureSession.objects.select_related("plan"), required=False)
    follow_up = VisibleRelatedField(queryset=FollowUp.objects.all(), required=False)
    location = VisibleRelatedField(queryset=Location.objects.all(), required=False)

    class Meta(WaitlistWishes.Meta):
        fields = ("patient", "session", "follow_up", "location", *WISHES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("patient", "session", "follow_up")) != 1:
            raise serializers.ValidationError(
                "Somebody waits for one of session, follow_up and, for a consultation, patient.", "required"
            )
        return attrs


class OfferInput(serializers.Serializer[Any]):
    starts_at = InstantField()
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.select_related("user"))
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class WaitlistAcceptInput(serializers.Serializer[Any]):
    """Empty: the time that stands offered."""

    starts_at = InstantField(required=False)
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.select_related("user"), required=False)
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class WaitlistDeclineInput(serializers.Serializer[Any]):
    keep_waiting = FlagField(required=False, default=False, help_text="They wait for another time.")
    reason = TextField(max_length=300, required=False, allow_blank=True)


class WaitlistWithdrawInput(serializers.Serializer[Any]):
    reason = TextField(max_length=300, required=False, allow_blank=True)


class WaitlistFilters(FilterSet):
    location = IdFilter(field_name="location_id")
    patient = IdFilter(field_name="patient_id")
    status = ChoicesFilter(choices=WaitlistEntry.Status.choices, lookup_expr="in")
    kind = ChoicesFilter(choices=VisitKind.choices, lookup_expr="in")
    waits = django_filters.BooleanFilter(method="filter_waits", label="Only those who still wait, or who do not.")

    def filter_waits(self, rows: QuerySet[WaitlistEntry], name: str, value: bool) -> QuerySet[WaitlistEntry]:
        still = Q(status__in=WaitlistEntry.OPEN, over__isnull=True)
        return rows.filter(still) if value else rows.exclude(still)


class WaitlistViewSet(Creates, Changes, ResourceViewSet):
    """Patients who want a time, or an earlier one. An offer holds nothing back: the first who accepts gets it."""

    model = WaitlistEntry
    output = WaitlistEntrySerializer
    create_input = WaitlistInput
    change_input = WaitlistWishes
    filterset_class = WaitlistFilters
    ordering = ("created_at",)
    ordering_fields = ("created_at",)

    def rows(self) -> QuerySet[WaitlistEntry]:
        return waitlist_in_full(WaitlistEntry.objects.all())

    def place_of(self, data: Any) -> Any:
        if "session" in data:
            return data["session"].plan.location_id
        if "follow_up" in data:
            return data["follow_up"].location_id
        return data["location"].pk if "location" in data else data["patient"].home_location_id

    def perform_create(self, data: dict[str, Any]) -> WaitlistEntry:
        return waitlist_add(by=self.user, **data)

    def perform_change(self, row: WaitlistEntry, data: dict[str, Any]) -> WaitlistEntry:
        return waitlist_change(entry_id=row.pk, changes=data)

    @act("offer", body=OfferInput)
    def offer(self, row: WaitlistEntry, data: dict[str, Any]) -> WaitlistEntry:
        """They were told of this time, and are to answer. It is held back for nobody."""
        return waitlist_offer(entry_id=row.pk, by=self.user, **data)

    @act("accept", body=WaitlistAcceptInput)
    def accept(self, row: WaitlistEntry, data: dict[str, Any]) -> WaitlistEntry:
        """They take the time that stands offered, or this one: their visit moves there, or is booked."""
        return waitlist_accept(entry_id=row.pk, by=self.user, **data)

    @act("decline", body=WaitlistDeclineInput)
    def decline(self, row: WaitlistEntry, data: dict[str, Any]) -> WaitlistEntry:
        """They do not want the time that stands offered."""
        return waitlist_decline(entry_id=row.pk, **data)

    @act("withdraw", body=WaitlistWithdrawInput)
    def withdraw(self, row: WaitlistEntry, data: dict[str, Any]) -> WaitlistEntry:
        """They wait no more. What is booked stays."""
        return waitlist_withdraw(entry_id=row.pk, **data)
