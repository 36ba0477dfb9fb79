"""Plans, with one act for each transition, their timeline and their progress."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework import status as http

from clinic.access.visibility import may
from clinic.api.fields import ChoiceField, DayField, TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act, look
from clinic.people.models import Modality, Practitioner
from plans.followups.models import FollowUp
from plans.protocols.models import Protocol
from plans.scheduling.api.series import SeriesInput, SeriesSerializer, book_series
from plans.treatment.api.course import (
    ProgressSerializer,
    RevisionPreviewSerializer,
    RevisionSerializer,
    Shown,
    TimelineSerializer,
)
from plans.treatment.models import PlanRevision, ProcedureSession, SessionComponent, TreatmentPlan
from plans.treatment.progress import Flag
from plans.treatment.queries import course_of, flagged, left_by_completion, plans_in_full, shown_status, with_course
from plans.treatment.services import (
    ConsentInput,
    Preview,
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_preview,
    plan_propose,
    plan_resume,
    plan_revise,
)


class PlannedComponentSerializer(RecordSerializer):
    class Meta:
        model = SessionComponent
        fields = read_only_fields = ("id", "modality", "position")


class PlanSessionSerializer(RecordSerializer):
    """A session as its plan lists it."""

    status = serializers.SerializerMethodField()
    components = PlannedComponentSerializer(many=True, read_only=True)

    class Meta:
        model = ProcedureSession
        fields = read_only_fields = (
            "id",
            "sequence",
            "title",
            "target_date",
            "window_start",
            "window_end",
            "status",
            "duration_minutes",
            "performed_at",
            "components",
        )

    def get_status(self, session: ProcedureSession) -> str:
        """The status; *scheduled* where a live appointment exists."""
        return shown_status(session)


class PlanFollowUpSerializer(RecordSerializer):
    """A follow-up as its plan lists it."""

    state = serializers.ChoiceField(choices=FollowUp.State.choices, read_only=True)

    class Meta:
        model = FollowUp
        fields = read_only_fields = (
            "id",
            "sequence",
            "title",
            "target_date",
            "window_start",
            "window_end",
            "state",
            "duration_minutes",
        )


class PlanSerializer(RecordSerializer):
    protocol = serializers.CharField(source="protocol.code", read_only=True)
    protocol_version = serializers.IntegerField(source="protocol.version_number", read_only=True)
    title = serializers.CharField(source="protocol.title", read_only=True)
    sessions = PlanSessionSerializer(many=True, read_only=True)
    follow_ups = PlanFollowUpSerializer(many=True, read_only=True)

    class Meta:
        model = TreatmentPlan
        fields = read_only_fields = (
            "id",
            "patient",
            "consultation",
            "protocol",
            "protocol_version",
            "title",
            "lead_practitioner",
            "location",
            "start_date",
            "status",
            "revision",
            "proposed_at",
            "accepted_on",
            "expectation_as_shown",
            "declined_at",
            "activated_at",
            "held_at",
            "completed_at",
            "discontinued_at",
            "status_reason",
            "sessions",
            "follow_ups",
        )
        clinical_fields = ("consultation", "expectation_as_shown", "status_reason")


class CurrentProtocolField(serializers.SlugRelatedField[Protocol]):
    """A protocol by its code: the version that new plans take."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=Protocol.objects.filter(is_current=True), **kwargs)


class PlanInput(RecordSerializer):
    protocol = CurrentProtocolField()

    class Meta:
        model = TreatmentPlan
        fields = ("consultation", "protocol", "lead_practitioner", "start_date")


class PlanChanges(RecordSerializer):
    protocol = CurrentProtocolField()

    class Meta:
        model = TreatmentPlan
        fields = ("protocol", "lead_practitioner", "start_date")


class ConsentShape(serializers.Serializer[Any]):
    modality = ChoiceField(choices=Modality.choices)
    document_version = TextField(max_length=20)
    signed_name = TextField(max_length=200)


class AcceptInput(serializers.Serializer[Any]):
    accepted_on = DayField()
    consents = ConsentShape(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "consents": [ConsentInput(**consent) for consent in attrs["consents"]]}


class ReasonInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500)


class OptionalReasonInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500, required=False, allow_blank=True, default="")


class RevisionPreviewInput(serializers.Serializer[Any]):
    protocol = CurrentProtocolField(required=False)
    lead_practitioner = VisibleRelatedField(queryset=Practitioner.objects.all(), required=False)


class ReviseInput(RevisionPreviewInput):
    reason = TextField(max_length=500)


class PlanFilter(FilterSet):
    patient = IdFilter()
    location = IdFilter()
    lead_practitioner = IdFilter()
    status = ChoicesFilter(choices=TreatmentPlan.Status.choices)
    progress = ChoicesFilter(
        choices=[(flag.value, flag.said) for flag in Flag],
        method="flagged",
        label="*slipping*: a session past its window and not booked, or a follow-up overdue or missed. *waiting*: the "
        "next step is not booked, though its window is open or opens within 14 days. *on_hold*: as the status.",
    )

    def flagged(self, plans: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        wanted = [value for value in values if value]
        return flagged(plans, wanted) if wanted else plans


class PlanViewSet(Creates, Changes, ResourceViewSet):
    """Personalised courses of care."""

    model = TreatmentPlan
    output = PlanSerializer
    create_input = PlanInput
    change_input = PlanChanges
    filterset_class = PlanFilter
    ordering_fields = ("start_date", "created_at")

    def rows(self) -> QuerySet[TreatmentPlan]:
        return plans_in_full()

    def place_of(self, data: Any) -> Any:
        return data["consultation"].location_id

    def perform_create(self, data: dict[str, Any]) -> Written:
        return plan_create(by=self.user, **data)

    def perform_change(self, row: TreatmentPlan, data: dict[str, Any]) -> Written:
        return plan_edit(plan_id=row.pk, changes=data)

    @look(output=TimelineSerializer)
    def timeline(self, row: TreatmentPlan) -> Shown:
        """Every step of the course with its dates and what sets them, and what moved; in the order of the targets."""
        return self._shown(row)

    @look(output=ProgressSerializer)
    def progress(self, row: TreatmentPlan) -> Shown:
        """How far the plan is, how well it is kept, its next step, and what blocks that."""
        return self._shown(row)

    def _shown(self, row: TreatmentPlan) -> Shown:
        plan = with_course(TreatmentPlan.objects.filter(pk=row.pk)).get()
        return Shown(
            plan,
            course_of(plan),
            sees_clinical=may(self.user, "view_clinical", plan),
            sees_check_ins=may(self.user, "view", plan, resource="plans.checkin"),
        )

    @look(output=RevisionSerializer, resource="plans.planrevision", many=True)
    def revisions(self, row: TreatmentPlan) -> QuerySet[PlanRevision]:
        """Each revision with what it changed, by whom and why; the latest first."""
        return row.revisions.select_related("protocol", "lead_practitioner__user", "revised_by")

    @act("propose")
    def propose(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Put the draft before the patient."""
        return plan_propose(plan_id=row.pk)

    @act("accept", body=AcceptInput)
    def accept(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """The patient accepts, with a consent for each modality."""
        return plan_accept(plan_id=row.pk, by=self.user, **data)

    @act("decline", body=OptionalReasonInput)
    def decline(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """The patient declines."""
        return plan_decline(plan_id=row.pk, **data)

    @act("hold", body=ReasonInput)
    def hold(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Pause: booked visits stay, nothing falls due."""
        return plan_hold(plan_id=row.pk, **data)

    @act("resume")
    def resume(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Go on after a hold."""
        return plan_resume(plan_id=row.pk)

    @act("revise", body=ReviseInput)
    def revise(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Change what the plan follows; a proposed plan goes back to draft."""
        return plan_revise(plan_id=row.pk, by=self.user, **data)

    @act("revise", body=RevisionPreviewInput, output=RevisionPreviewSerializer)
    def preview(self, row: TreatmentPlan, data: dict[str, Any]) -> Preview:
        """What revising it so would change, and do to booked visits. Nothing is written."""
        return plan_preview(plan_id=row.pk, **data)

    @act("discontinue", body=ReasonInput)
    def discontinue(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """End the plan before its end, with everything that is still owed."""
        return plan_discontinue(plan_id=row.pk, by=self.user, **data)

    @act("complete")
    def complete(self, row: TreatmentPlan, data: dict[str, Any]) -> Written:
        """Close a plan of which nothing is owed any more; warnings say what stays to be signed and asked."""
        plan = plan_complete(plan_id=row.pk, by=self.user)
        return plan, left_by_completion(plan)

    @act("book_series", body=SeriesInput, output=SeriesSerializer, status=http.HTTP_201_CREATED, has_preview=True)
    def book_series(self, row: TreatmentPlan, data: dict[str, Any]) -> dict[str, Any]:
        """Book the next visits in their windows in one step, all or none; or, with `preview`, only propose them."""
        return book_series(row, data, self.user)
