"""Care advice: topics, and their texts in every language."""

from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.filters import FilterSet
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act, look
from clinic.people.models import Modality
from plans.protocols.models import CareText, CareTopic
from plans.protocols.queries import current_texts, topics_with_texts
from plans.protocols.services import care_text_write, care_topic_create, care_topic_edit


class CareTextSerializer(RecordSerializer):
    version = serializers.IntegerField(source="version_number", read_only=True)

    class Meta:
        model = CareText
        fields = read_only_fields = (
            "id",
            "language",
            "version",
            "title",
            "body",
            "is_current",
            "made_by",
            "created_at",
        )


class CareTextInput(RecordSerializer):
    class Meta:
        model = CareText
        fields = ("language", "title", "body")


class CareTopicSerializer(RecordSerializer):
    texts = CareTextSerializer(
        many=True, read_only=True, source="current_texts", help_text="Those in force, one a language."
    )

    class Meta:
        model = CareTopic
        fields = read_only_fields = ("id", "code", "kind", "modality", "title", "texts")


class CareTopicChanges(RecordSerializer):
    class Meta:
        model = CareTopic
        fields: tuple[str, ...] = ("kind", "modality", "title")


class CareTopicInput(CareTopicChanges):
    class Meta(CareTopicChanges.Meta):
        fields = ("code", *CareTopicChanges.Meta.fields)


class CareTopicFilter(FilterSet):
    kind = django_filters.ChoiceFilter(choices=CareTopic.Kind.choices)
    modality = django_filters.ChoiceFilter(choices=Modality.choices)
    language = django_filters.ChoiceFilter(
        choices=settings.LANGUAGES, method="in_language", label="Only the texts in this language; every topic stays."
    )

    def in_language(self, rows: QuerySet[CareTopic], name: str, value: str) -> QuerySet[CareTopic]:
        return rows.prefetch_related(None).prefetch_related(current_texts(value))


class CareTopicViewSet(Creates, Changes, ResourceViewSet):
    """What patients are told before and after a treatment, and in between, in each language."""

    model = CareTopic
    output = CareTopicSerializer
    create_input = CareTopicInput
    change_input = CareTopicChanges
    filterset_class = CareTopicFilter
    ordering = ("kind", "code")

    def rows(self) -> QuerySet[CareTopic]:
        return topics_with_texts()

    def perform_create(self, data: dict[str, Any]) -> Written:
        return care_topic_create(**data)

    def perform_change(self, row: CareTopic, data: dict[str, Any]) -> Written:
        return care_topic_edit(topic_id=row.pk, changes=data)

    @look(output=CareTextSerializer, many=True, ordering=("language", "-version_number"))
    def texts(self, row: CareTopic) -> QuerySet[CareText]:
        """Every version of its texts."""
        return row.texts.all()

    @act("add", resource="plans.caretext", body=CareTextInput, on=texts)
    def text_write(self, row: CareTopic, data: dict[str, Any]) -> None:
        """Write the next version of its words in one language; answers the topic."""
        care_text_write(by=self.user, topic=row, **data)
