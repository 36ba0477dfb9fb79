"""How long visits take, in the console's set-up."""

from django.contrib import admin
from unfold.decorators import display

from clinic.console.base import SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.registry import Job, job
from plans.scheduling.models import VisitType


@admin.register(VisitType)
class VisitTypeAdmin(SetUpAdmin):
    list_display = ("kind_shown", "location", "duration", "around_practitioner", "around_room")
    list_select_related = ("location",)
    list_filter = (LocationFilter,)
    empty_reason = "No visit types yet: every visit without a length of its own takes 30 minutes, without a pause."
    fieldsets = (
        (None, {"fields": ("location", "kind", "duration_minutes")}),
        ("Kept free for the practitioner", {"fields": ("practitioner_minutes_before", "practitioner_minutes_after")}),
        ("Kept free for the room", {"fields": ("room_minutes_before", "room_minutes_after")}),
    )

    @display(description="Kind of visit", ordering="kind")
    def kind_shown(self, visit_type: VisitType) -> str:
        return visit_type.get_kind_display()

    @display(description="Takes")
    def duration(self, visit_type: VisitType) -> str:
        return f"{visit_type.duration_minutes} min"

    @display(description="Practitioner free before and after")
    def around_practitioner(self, visit_type: VisitType) -> str:
        return f"{visit_type.practitioner_minutes_before} and {visit_type.practitioner_minutes_after} min"

    @display(description="Room free before and after")
    def around_room(self, visit_type: VisitType) -> str:
        return f"{visit_type.room_minutes_before} and {visit_type.room_minutes_after} min"


job(Job("Visit types", "admin:plans_visittype_changelist", "timelapse", "plans.visittype", 80, "set_up"))
