"""Who on the waitlist fits a time that came free, over HTTP."""

from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.access.visibility import visible
from clinic.api.fields import InstantField, VisibleRelatedField
from clinic.api.serializers import QuerySerializer
from clinic.api.views import View
from clinic.errors import Invalid
from clinic.people.models import Practitioner
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.scheduling.api.slots import SlotSerializer
from plans.scheduling.availability import slot_documents
from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.gaps import Gap, fits_of, is_gap


class FitQuery(QuerySerializer):
    """The time that came free, as the visit that gave it back had it."""

    location = VisibleRelatedField(queryset=Location.objects.all())
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.select_related("user"))
    starts_at = InstantField()
    ends_at = InstantField(help_text="At most a day after `starts_at`.")
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, help_text="Tried before other rooms.")
    left_by = VisibleRelatedField(
        queryset=Patient.objects.all(), required=False, help_text="Who gave it back; it is not offered to them again."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not is_gap(attrs["starts_at"], attrs["ends_at"]):
            raise serializers.ValidationError({"ends_at": ["It ends after it starts, and lasts at most a day."]})
        return attrs


class FitSerializer(serializers.Serializer[Any]):
    """One who waits: the first time in the gap that they can have, or `because`, why there is none."""

    entry = serializers.UUIDField()
    patient = serializers.UUIDField()
    slot = SlotSerializer(allow_null=True)
    because = serializers.CharField(help_text="Empty for who fits.")


class FitsSerializer(serializers.Serializer[Any]):
    results = FitSerializer(many=True)


class FitsView(View):
    """Who waits at this location and how they stand to a time that came free, in the order in which they are asked: the
    urgent first, then whoever waits longest. A slot of a fit can be booked, with *accept*, at that moment."""

    output = FitsSerializer

    def required(self) -> tuple[str, str]:
        return "plans.waitlistentry", "view"

    @extend_schema(parameters=[FitQuery])
    def get(self, request: Request) -> Response:
        query = FitQuery(data=request.query_params, context={"request": request, "view": self})
        query.check_known()
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        location, room, left_by = asked["location"], asked.get("room"), asked.get("left_by")
        if not self.user.may("plans.waitlistentry", "view", location.pk):
            raise PermissionDenied
        if room is not None and room.location_id != location.pk:
            raise Invalid(f"{room} is not a room of this location.", attr="room")
        gap = Gap(
            location.pk,
            asked["practitioner"].pk,
            asked["starts_at"],
            asked["ends_at"],
            room.pk if room is not None else None,
            left_by.pk if left_by is not None else None,
        )
        found = fits_of(gap, visible(WaitlistEntry.objects.all(), self.user))
        return Response(
            {
                "results": [
                    {
                        "entry": fit.entry.pk,
                        "patient": fit.entry.patient_id,
                        "slot": slot_documents([fit.slot], location.zone)[0] if fit.slot is not None else None,
                        "because": fit.because,
                    }
                    for fit in found
                ]
            }
        )
