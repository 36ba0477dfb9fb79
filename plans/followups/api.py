"""Follow-ups, recovery check-ins, and the attempts to reach a patient."""

from typing import Any

import django_filters
from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic import clock
from clinic.access.visibility import visible
from clinic.api.fields import DayField, TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Creates, ResourceViewSet, Written, act, look, overview
from clinic.people.models import Practitioner
from patients.models import Patient
from plans.consultations.models import Consultation
from plans.followups.looks import call_reasons
from plans.followups.models import CheckIn, CheckInReport, ContactAttempt, FollowUp
from plans.followups.queries import call_list, check_ins_in_full, follow_ups_in_full, with_calling
from plans.followups.services import (
    LONGEST_ACKNOWLEDGEMENT,
    attempt_record,
    attempt_record_for_patient,
    check_in_answer,
    check_in_cancel,
    check_in_report_acknowledge,
    follow_up_attend,
    follow_up_cancel,
    follow_up_create,
    follow_up_pin,
)


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
            "window_rule",
            "window_because",
            "pinned_on",
            "pin_reason",
            "state",
            "cancelled_at",
            "cancel_reason",
        )
        clinical_fields = ("pin_reason",)


class FollowUpInput(RecordSerializer):
    consultation = VisibleRelatedField(queryset=Consultation.objects.all())

    class Meta:
        model = FollowUp
        fields = ("consultation", "title", "duration_minutes", "target_date", "window_start", "window_end")


class AttendInput(serializers.Serializer[Any]):
    practitioner = VisibleRelatedField(queryset=Practitioner.objects.all(), required=False)
    reason = TextField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Why the visit fulfils its purpose before its window opens; kept with the visit then.",
    )


class FollowUpCancelInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500)


class FollowUpPinInput(serializers.Serializer[Any]):
    pinned_on = DayField(allow_null=True, help_text="null takes the pin away.")
    reason = TextField(max_length=300)


class AttemptSerializer(RecordSerializer):
    class Meta:
        model = ContactAttempt
        fields = (
            "id",
            "patient",
            "location",
            "follow_up",
            "session",
            "channel",
            "outcome",
            "note",
            "next_try_on",
            "attempted_at",
            "attempted_by",
        )
        read_only_fields = ("id", "patient", "location", "follow_up", "session", "attempted_at", "attempted_by")


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


class Attempts:
    """Lists the attempts to reach a patient below a row that they belong to, and takes new ones."""

    attempts_of: str
    """The column of an attempt that points at the row."""

    @look(resource="plans.contactattempt", output=AttemptSerializer, many=True)
    def attempts(self: Any, row: Any) -> QuerySet[ContactAttempt]:
        """The attempts to reach the patient, the newest first."""
        return visible(ContactAttempt.objects.filter(**{self.attempts_of: row}), self.user)

    @act(
        "add",
        resource="plans.contactattempt",
        body=AttemptSerializer,
        output=AttemptSerializer,
        status=201,
        on=attempts,
    )
    def record_attempt(self: Any, row: Any, data: dict[str, Any]) -> ContactAttempt:
        """Record one attempt to reach the patient."""
        return self.perform_attempt(row, data)

    def perform_attempt(self, row: Any, data: dict[str, Any]) -> ContactAttempt:
        """Call the service. Returns the new attempt."""
        raise NotImplementedError


class FollowUpViewSet(Attempts, Creates, ResourceViewSet):
    """Owed visits."""

    model = FollowUp
    attempts_of = "follow_up"
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
    def attend(self, row: FollowUp, data: dict[str, Any]) -> Written:
        """The patient is here now. Where the visit is early, and no `reason` says why, a warning does."""
        return follow_up_attend(follow_up_id=row.pk, by=self.user, **data)

    @act("cancel", body=FollowUpCancelInput)
    def cancel(self, row: FollowUp, data: dict[str, Any]) -> FollowUp:
        """Drop a follow-up that is not needed."""
        return follow_up_cancel(follow_up_id=row.pk, by=self.user, **data)

    @act("pin", body=FollowUpPinInput)
    def pin(self, row: FollowUp, data: dict[str, Any]) -> FollowUp:
        """Aim it at a date that recalculation keeps, or take that pin away."""
        follow_up_pin(follow_up_id=row.pk, by=self.user, **data)
        return row

    def perform_attempt(self, row: FollowUp, data: dict[str, Any]) -> ContactAttempt:
        return attempt_record(follow_up_id=row.pk, by=self.user, **data)


class CheckInReportSerializer(RecordSerializer):
    """What the patient answered behind the link; somebody sees to `red_flags` until `acknowledge_by`."""

    class Meta:
        model = CheckInReport
        fields = read_only_fields = (
            "answers",
            "red_flags",
            "language",
            "acknowledge_by",
            "acknowledged_at",
            "acknowledged_by",
            "acknowledgement",
        )


class CheckInSerializer(RecordSerializer):
    report = CheckInReportSerializer(read_only=True, allow_null=True, default=None)
    state = serializers.ChoiceField(choices=CheckIn.State.choices, read_only=True)
    patient = serializers.UUIDField(source="session.plan.patient_id", read_only=True)
    plan = serializers.UUIDField(source="session.plan_id", read_only=True)
    location = serializers.UUIDField(source="session.plan.location_id", read_only=True)

    class Meta:
        model = CheckIn
        fields = read_only_fields = (
            "id",
            "patient",
            "location",
            "plan",
            "session",
            "title",
            "target_date",
            "window_start",
            "window_end",
            "window_because",
            "state",
            "answered_at",
            "answered_by",
            "answer_note",
            "report",
            "cancelled_at",
            "cancel_reason",
        )


class AcknowledgeInput(serializers.Serializer[Any]):
    acknowledgement = TextField(max_length=LONGEST_ACKNOWLEDGEMENT, help_text="What was done.")


class CheckInAnswerInput(serializers.Serializer[Any]):
    note = TextField(max_length=1000)


class CheckInCancelInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500)


class CheckInFilter(FilterSet):
    state = ChoicesFilter(choices=CheckIn.State.choices)
    session = IdFilter()
    patient = IdFilter(field_name="session__plan__patient")
    plan = IdFilter(field_name="session__plan")
    location = IdFilter(field_name="session__plan__location")


class CheckInViewSet(ResourceViewSet):
    """Recovery check-ins owed after sessions."""

    model = CheckIn
    output = CheckInSerializer
    filterset_class = CheckInFilter
    ordering = ("window_end",)
    ordering_fields = ("window_start", "window_end", "target_date")

    def rows(self) -> QuerySet[CheckIn]:
        return check_ins_in_full()

    @act("answer", body=CheckInAnswerInput, path="answer")
    def answer_by_phone(self, row: CheckIn, data: dict[str, Any]) -> CheckIn:
        """Write down what the patient said."""
        return check_in_answer(check_in_id=row.pk, by=self.user, **data)

    @act("acknowledge", resource="plans.checkinreport", body=AcknowledgeInput)
    def acknowledge(self, row: CheckIn, data: dict[str, Any]) -> CheckIn:
        """Somebody has seen to the red flags that the patient reported."""
        check_in_report_acknowledge(check_in_id=row.pk, by=self.user, **data)
        return row

    @act("cancel", body=CheckInCancelInput)
    def cancel(self, row: CheckIn, data: dict[str, Any]) -> CheckIn:
        """Do not ask any more."""
        return check_in_cancel(check_in_id=row.pk, by=self.user, **data)


class CallReasonSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=["no_shows", "opted_out", "no_address", "bounced"])
    detail = serializers.CharField()


class LatestAttemptSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=ContactAttempt.Channel.choices)
    outcome = serializers.ChoiceField(choices=ContactAttempt.Outcome.choices)
    note = serializers.CharField()
    at = serializers.DateTimeField()


class CallSerializer(RecordSerializer):
    """A patient and why to call; the key is the patient's."""

    patient = serializers.UUIDField(source="pk", read_only=True)
    location = serializers.UUIDField(source="home_location_id", read_only=True)
    name = serializers.CharField(source="full_name", read_only=True)
    reasons = serializers.SerializerMethodField()
    tries = serializers.IntegerField(read_only=True)
    last_try = LatestAttemptSerializer(read_only=True, allow_null=True)
    next_try_on = serializers.DateField(read_only=True, allow_null=True)

    class Meta:
        model = Patient
        fields = read_only_fields = (
            "patient",
            "location",
            "mrn",
            "name",
            "phone",
            "reasons",
            "tries",
            "last_try",
            "next_try_on",
        )

    @extend_schema_field(CallReasonSerializer(many=True))
    def get_reasons(self, patient: Patient) -> list[dict[str, str]]:
        return [{"code": reason.code, "detail": reason.detail} for reason in call_reasons(patient, clock.now())]


class CallFilter(FilterSet):
    location = IdFilter(field_name="home_location")


class CallListViewSet(Attempts, ResourceViewSet):
    """Patients to call: they missed visits again and again, or no mail reaches them about what is coming or due.

    Somebody leaves the list when they are reached, or when its cause is gone; the detail answers for any patient.
    """

    model = Patient
    resource = "plans.contactattempt"
    attempts_of = "patient"
    output = CallSerializer
    filterset_class = CallFilter
    ordering = ("try_on", "last_name", "first_name")

    def rows(self) -> QuerySet[Patient]:
        return call_list()

    def detail_rows(self) -> QuerySet[Patient]:
        return with_calling(Patient.objects.all())

    def perform_attempt(self, row: Patient, data: dict[str, Any]) -> ContactAttempt:
        return attempt_record_for_patient(patient_id=row.pk, location=row.home_location, by=self.user, **data)
