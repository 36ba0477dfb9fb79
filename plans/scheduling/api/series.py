"""The shapes of booking several visits of a plan at once; the address is the plan's."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from clinic.api.fields import FlagField, InstantField, VisibleRelatedField, WholeField
from clinic.people.models import Practitioner, User
from clinic.places.models import Room
from plans.scheduling.api.waitlist import TIME_INPUT
from plans.scheduling.models import Appointment
from plans.scheduling.series import Proposed, SeriesWishes
from plans.scheduling.services import SeriesVisit, plan_book_series, plan_preview_series
from plans.treatment.models import ProcedureSession, TreatmentPlan

MAX_VISITS = 50


class SeriesVisitInput(serializers.Serializer[Any]):
    session = VisibleRelatedField(queryset=ProcedureSession.objects.select_related("plan"))
    starts_at = InstantField()
    practitioner = VisibleRelatedField(
        queryset=Practitioner.objects.select_related("user"),
        required=False,
        allow_null=True,
        help_text="Whoever is in charge of the plan where left out.",
    )
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class SeriesInput(serializers.Serializer[Any]):
    """Either wishes, from which the best times are found, or the `visits` to book as they are."""

    count = WholeField(
        min_value=1, max_value=MAX_VISITS, required=False, help_text="How many at most; every one where left out."
    )
    practitioner = VisibleRelatedField(
        queryset=Practitioner.objects.select_related("user"), required=False, help_text="The only one they want to see."
    )
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        max_length=7,
        required=False,
        help_text="The only days that suit them, 1 is Monday. None: every day.",
    )
    time_from = serializers.TimeField(input_formats=TIME_INPUT, required=False, help_text="Not before.")
    time_until = serializers.TimeField(input_formats=TIME_INPUT, required=False, help_text="Done by.")
    preview = FlagField(required=False, default=False, help_text="Only propose; nothing is booked.")
    visits = serializers.ListField(child=SeriesVisitInput(), required=False, max_length=MAX_VISITS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "visits" in attrs:
            others = [
                name for name in ("count", "practitioner", "weekdays", "time_from", "time_until") if name in attrs
            ]
            if others or attrs["preview"]:
                raise serializers.ValidationError(
                    {"visits": "Give either the visits as they are to be booked, or wishes and a preview."}
                )
            if not attrs["visits"]:
                raise serializers.ValidationError({"visits": "Name at least one visit."}, "empty")
        return attrs


class SeriesVisitSerializer(serializers.Serializer[Any]):
    session = serializers.UUIDField()
    title = serializers.CharField()
    appointment = serializers.UUIDField(allow_null=True, help_text="Null in a preview.")
    practitioner = serializers.UUIDField()
    room = serializers.UUIDField(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SeriesSerializer(serializers.Serializer[Any]):
    """The visits in the order of the course; times carry the offset of the location."""

    visits = SeriesVisitSerializer(many=True)


def book_series(plan: TreatmentPlan, data: dict[str, Any], by: User) -> dict[str, Any]:
    """Book, or only propose, what a body of `SeriesInput` asks for; returns what `SeriesSerializer` shows."""
    zone = plan.location.zone
    if "visits" in data:
        visits = [SeriesVisit(**visit) for visit in data["visits"]]
        return _shown(_booked(plan_book_series(plan_id=plan.pk, by=by, visits=visits)), zone)
    wishes = SeriesWishes(**{name: value for name, value in data.items() if name != "preview"})
    if data["preview"]:
        return _shown(_proposed(plan_preview_series(plan_id=plan.pk, wishes=wishes).visits), zone)
    return _shown(_booked(plan_book_series(plan_id=plan.pk, by=by, wishes=wishes)), zone)


def _shown(visits: Iterable[dict[str, Any]], zone: Any) -> dict[str, Any]:
    def local(instant: datetime) -> datetime:
        return instant.astimezone(zone)

    return {
        "visits": [
            {**visit, "starts_at": local(visit["starts_at"]), "ends_at": local(visit["ends_at"])} for visit in visits
        ]
    }


def _booked(appointments: Sequence[Appointment]) -> list[dict[str, Any]]:
    return [
        {
            "session": one.session_id,
            "title": one.session.title if one.session is not None else "",
            "appointment": one.pk,
            "practitioner": one.practitioner_id,
            "room": one.room_id,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
        }
        for one in appointments
    ]


def _proposed(visits: Iterable[Proposed]) -> list[dict[str, Any]]:
    return [
        {
            "session": one.session.pk,
            "title": one.session.title,
            "appointment": None,
            "practitioner": one.practitioner.pk,
            "room": one.room.pk if one.room is not None else None,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
        }
        for one in visits
    ]
