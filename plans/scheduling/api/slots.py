"""Free slots over HTTP."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.access.visibility import visible
from clinic.api.fields import ChoiceField, DayField, VisibleRelatedField, WholeField
from clinic.api.serializers import QuerySerializer
from clinic.api.views import View
from clinic.errors import DoesNotExist
from clinic.people.models import Practitioner
from clinic.places.models import Location
from plans.scheduling.api.appointments import MAX_MINUTES
from plans.scheduling.availability import frame_of, slot_documents
from plans.scheduling.queries import follow_ups_to_book, patients_to_book, sessions_to_book
from plans.scheduling.search import slots_for
from plans.scheduling.subjects import Subject


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
        query.check_known()
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
