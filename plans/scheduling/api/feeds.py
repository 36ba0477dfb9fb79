"""Private calendar feeds over HTTP: the address of a new one is in the answer that makes it, and nowhere else."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework import status as http
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.fields import VisibleRelatedField
from clinic.api.filters import FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Creates, ResourceViewSet, act
from clinic.people.models import Practitioner
from clinic.places.models import Location, Room
from plans.scheduling.feeds.queries import feed_address, feeds_for
from plans.scheduling.models import CalendarFeed
from plans.scheduling.services import calendar_feed_make, calendar_feed_revoke


class CalendarFeedSerializer(RecordSerializer):
    """`address` is in the answer to its making alone, and null everywhere else: it is not stored."""

    made_by = serializers.CharField(source="made_by.get_full_name")
    address = serializers.SerializerMethodField()

    class Meta:
        model = CalendarFeed
        fields = read_only_fields = (
            "id",
            "location",
            "practitioner",
            "room",
            "made_by",
            "created_at",
            "revoked_at",
            "last_read_at",
            "address",
        )

    def get_address(self, feed: CalendarFeed) -> str | None:
        token = self.context.get("token")
        return feed_address(token) if token else None


class CalendarFeedInput(serializers.Serializer[Any]):
    """One of `practitioner` and `room`."""

    location = VisibleRelatedField(queryset=Location.objects.all())
    practitioner = VisibleRelatedField(
        queryset=Practitioner.objects.select_related("user"), required=False, allow_null=True
    )
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class CalendarFeedFilters(FilterSet):
    location = IdFilter(field_name="location_id")
    practitioner = IdFilter(field_name="practitioner_id")
    room = IdFilter(field_name="room_id")


class CalendarFeedViewSet(Creates, ResourceViewSet):
    """Feeds that calendar programs read without signing in. A practitioner makes feeds of their own visits, a manager
    those of every practitioner and room of the location."""

    model = CalendarFeed
    output = CalendarFeedSerializer
    create_input = CalendarFeedInput
    filterset_class = CalendarFeedFilters
    idempotent = False
    """An answer that is kept for repetition would keep the address."""

    def rows(self) -> QuerySet[CalendarFeed]:
        return feeds_for(self.request.user).select_related("made_by")

    def target(self) -> Any:
        if not self.get_queryset().filter(pk=self.kwargs["pk"]).exists():
            raise Http404
        return super().target()

    def create(self, request: Request) -> Response:
        data = self.read(self.create_input)
        self.check_place(data)
        feed, self.token = calendar_feed_make(by=self.user, **data)
        response = self.answer(feed, status=http.HTTP_201_CREATED)
        response.headers["Cache-Control"] = "no-store"
        return response

    token = ""
    """Of the feed that this request has made."""

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "token": self.token}

    @act("revoke")
    def revoke(self, row: CalendarFeed, data: dict[str, Any]) -> CalendarFeed:
        """Its address answers nobody from now on."""
        return calendar_feed_revoke(feed_id=row.pk)
