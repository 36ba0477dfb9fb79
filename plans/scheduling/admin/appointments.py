"""The calendar, the page of one visit, and its transitions."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from clinic import clock
from clinic.access.visibility import visible
from clinic.console.acts import Done, act, in_states
from clinic.console.back import back_to
from clinic.console.forms import ActForm
from clinic.console.reader import reader
from clinic.console.refusals import add_refusal, refusals
from clinic.console.registry import Job, job
from clinic.console.toasts import toast_later
from clinic.errors import Refusal, SlotTaken
from clinic.people.models import User
from clinic.places.wallclock import local_date
from plans.messages.looks import message_badge, message_title
from plans.messages.models import PatientMessage
from plans.scheduling.admin.asked import place_of, seen_revision, subject_asked_for, title_of, why_not
from plans.scheduling.admin.board import BoardPages
from plans.scheduling.admin.board.whom import asked_at, caller_url, carried, people_found, place_in_words, unable
from plans.scheduling.admin.booking import TimeForm, offer, visible_locations, visit_in_words
from plans.scheduling.admin.caller import CallerPages
from plans.scheduling.admin.forms import CancelForm, KeepForm, MoveForm, NoteForm
from plans.scheduling.admin.gaps import gap_of
from plans.scheduling.admin.keeping import may_keep
from plans.scheduling.admin.rows import url_of_work
from plans.scheduling.admin.story import story_of
from plans.scheduling.admin.toasts import booked_toast, cancelled_toast, moved_toast, noted_toast, undone_toast
from plans.scheduling.looks import AT_ONCE, REBOOK, appointment_badge, decisions, override_flags
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.queries import title, why_rebook, with_fitness
from plans.scheduling.queries.conflicts import at_once_with, named, wanted_anew, wanted_for
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
    appointment_take_back,
    appointment_undo,
    why_not_taken_back,
)
from plans.treatment.models import TreatmentPlan


def _may_arrive(appointment: Appointment) -> bool:
    """Whether the patient can be here for it: from the day of the visit on."""
    zone = appointment.location.zone
    has_come = local_date(appointment.starts_at, zone) <= clock.today(zone)
    return appointment.status in Appointment.MAY_ARRIVE and has_come


def _may_be_missed(appointment: Appointment) -> bool:
    """Whether nobody came: not before it was to begin."""
    return appointment.status in Appointment.MAY_NO_SHOW and appointment.starts_at <= clock.now()


def _may_be_taken_back(appointment: Appointment) -> bool:
    """Whether the last arrival, end or no-show was within a day, and nothing came of it yet."""
    return appointment.status in Appointment.MAY_TAKE_BACK and why_not_taken_back(appointment, reader().now) is None


def _is_undoable(appointment: Any) -> bool:
    """Whether the last booking, move or cancellation is younger than the location's grace period."""
    if appointment.status not in Appointment.MAY_UNDO or getattr(appointment, "last_acted_at", None) is None:
        return False
    grace = timedelta(seconds=appointment.location.grace_seconds)
    return appointment.last_act != AppointmentRevision.Act.UNDONE and reader().now <= appointment.last_acted_at + grace


def _is_movable(appointment: Appointment) -> bool:
    """A visit of a plan that is on hold stays where it is until the plan goes on, or is cancelled."""
    obligation = appointment.session or appointment.follow_up
    plan = obligation.plan if obligation is not None else None
    may_be_booked = plan is None or plan.status in TreatmentPlan.MAY_BOOK
    return appointment.status in Appointment.MAY_RESCHEDULE and may_be_booked


def _is_keepable(appointment: Any) -> bool:
    """A visit that wants another time and can stay, where that is the reader's to decide."""
    return may_keep(reader(), appointment)


def _is_fulfillable(appointment: Appointment) -> bool:
    """Charting a session fulfils its visit; the others are fulfilled by hand."""
    session = appointment.session
    is_open = session is not None and session.performed_at is None and session.aborted_at is None
    return appointment.status in Appointment.MAY_FULFIL and not is_open


@admin.register(Appointment)
class AppointmentAdmin(BoardPages, CallerPages):
    change_form_template = "console/appointment.html"
    fields = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        last = AppointmentRevision.objects.filter(appointment=OuterRef("pk")).order_by("-number")
        rows = with_fitness(super().get_queryset(request))
        return rows.select_related(
            "patient",
            "practitioner__user",
            "room",
            "location",
            "session__plan",
            "follow_up__plan",
            "consultation",
            "booked_by",
        ).annotate(last_acted_at=Subquery(last.values("acted_at")[:1]), last_act=Subquery(last.values("act")[:1]))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A visit changes by its transitions alone."""
        return False

    def name_of(self, row: Appointment) -> str:
        return f"{row.patient}: {title(row)}"

    def say_booked(self, request: HttpRequest, appointment: Appointment) -> None:
        toast_later(request, booked_toast(appointment))

    # One visit

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        who = reader()
        rebook = why_rebook(row)
        beside = at_once_with(who.user, [row]).get(row.pk, [])
        context |= {
            "appointment": row,
            "visit_title": title(row),
            "badge": appointment_badge(row, who.now),
            "rebook": rebook,
            "flags": [*([REBOOK] if rebook else []), *override_flags(row), *([AT_ONCE] if beside else [])],
            "at_once": beside,
            "decisions": decisions(row),
            "work_url": url_of_work(row, who),
            "story": story_of(row),
            "mails": [
                (message, message_title(message), message_badge(message))
                for message in visible(PatientMessage.objects.filter(appointment=row), who.user)
            ],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # Booking

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Free times for the follow-up, session or patient that the address names; POST books."""
        user = cast(User, request.user)
        if not self.has_add_permission(request):
            raise PermissionDenied
        subject, what = subject_asked_for(request)
        if subject is None:
            return self._ask_for_whom(request)
        location = place_of(request, subject, user)
        form = TimeForm(None, request, data=request.POST if request.method == "POST" else None)
        form.set_offer(offer(request, location, subject))
        at = asked_at(request, location)
        if at is not None:
            form.set_place(at, request.GET.get("practitioner", ""), request.GET.get("room", ""))
        status = 200
        if request.method == "POST" and form.is_valid():
            choice = form.cleaned_data["choice"]
            try:
                with refusals():
                    appointment = appointment_book(
                        by=user,
                        location=location,
                        practitioner=choice.practitioner,
                        starts_at=choice.starts_at,
                        room=choice.room,
                        note=form.cleaned_data["note"],
                        override_reason=form.cleaned_data.get("override_reason", ""),
                        **what,
                    )
            except Refusal as refusal:
                place = {"starts_at": choice.starts_at, "practitioner": choice.practitioner, "room": choice.room}
                add_refusal(form, named(user, refusal, wanted_anew(subject, location, form.offered.frame, **place)))
                form.set_offer(offer(request, location, subject))
                status = 409
            else:
                self.say_booked(request, appointment)
                patient_url = reverse("admin:patients_patient_change", args=[appointment.patient_id])
                return HttpResponseRedirect(back_to(request, patient_url), status=303)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Book: {subject.patient}",
            "crumbs": [*self.crumbs(), (f"Book: {subject.patient}", "")],
            "opts": self.opts,
            "form": form,
            "offer": form.offered,
            "subject": subject,
            "subject_title": title_of(subject),
            "blocked": why_not(subject),
            "back": reverse("admin:patients_patient_change", args=[subject.patient.pk]),
            "submit": "Book",
            "locations": visible_locations(user, "add") if subject.obligation is None else [],
            "query": request.GET,
            "is_placed": at is not None,
            "unable": unable(request, form.offered.practitioners) if at is not None else None,
        }
        return TemplateResponse(request, "console/book.html", context, status=status)

    def _ask_for_whom(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Book a visit",
            "crumbs": [*self.crumbs(), ("Book a visit", "")],
            "opts": self.opts,
            "place": place_in_words(request, reader()),
            "carried": carried(request),
            "text": request.GET.get("q", ""),
            "found": people_found(reader(), request),
            "caller_url": caller_url(request),
        }
        return TemplateResponse(request, "console/book_for_whom.html", context)

    # Transitions

    @act("Confirm", grant="confirm", is_legal=in_states(Appointment.MAY_CONFIRM), icon="thumb_up", is_one_click=True)
    def confirm(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        appointment_confirm(appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request))
        return Done(f"{row.patient}: confirmed.")

    @act(
        "Is here",
        grant="arrive",
        is_legal=_may_arrive,
        icon="person_pin_circle",
        is_one_click=True,
        variant=ActionVariant.PRIMARY,
    )
    def arrive(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        appointment_arrive(appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request))
        return Done(noted_toast(row, "is here"))

    @act(
        "Took place",
        grant="fulfil",
        is_legal=_is_fulfillable,
        icon="check",
        variant=ActionVariant.PRIMARY,
        is_one_click=True,
    )
    def fulfil(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        appointment_fulfil(appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request))
        return Done(noted_toast(row, "was seen"))

    @act(
        "Move",
        grant="reschedule",
        is_legal=_is_movable,
        form=MoveForm,
        icon="event_repeat",
        page="console/move.html",
    )
    def reschedule(self, request: HttpRequest, row: Appointment, form: MoveForm) -> Done:
        choice = form.cleaned_data["choice"]
        place = {"starts_at": choice.starts_at, "practitioner": choice.practitioner, "room": choice.room}
        user = cast(User, request.user)
        try:
            moved = appointment_reschedule(
                appointment_id=row.pk,
                by=user,
                override_reason=form.cleaned_data.get("override_reason", ""),
                revision=seen_revision(request),
                **place,
            )
        except SlotTaken as refusal:
            raise named(user, refusal, wanted_for(row, **place)) from refusal
        return Done(moved_toast(moved, gap_of(row)))

    @act(
        "Keep this time",
        grant="keep",
        is_legal=_is_keepable,
        form=KeepForm,
        icon="keep",
        description="The visit stays as it is, until what it is for moves again. The patient gets no mail.",
        submit="Keep it",
    )
    def keep(self, request: HttpRequest, row: Appointment, form: KeepForm) -> Done:
        appointment_keep(appointment_id=row.pk, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.patient}: the visit of {visit_in_words(row)} stays.")

    @act(
        "No-show",
        grant="no_show",
        is_legal=_may_be_missed,
        icon="person_off",
        description="The patient did not come. What the visit was for is owed again.",
        submit="Did not come",
        variant=ActionVariant.DANGER,
        is_one_click=True,
    )
    def no_show(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        appointment_no_show(appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request))
        return Done(noted_toast(row, "did not come"))

    @act(
        "Take back",
        grant="undo",
        is_legal=_may_be_taken_back,
        icon="undo",
        description="It was a slip: the visit is as it was before. Nobody is mailed.",
    )
    def take_back(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        return Done(undone_toast(appointment_take_back(appointment_id=row.pk, by=cast(User, request.user))))

    @act(
        "Cancel",
        grant="cancel",
        is_legal=in_states(Appointment.MAY_CANCEL),
        form=CancelForm,
        icon="cancel",
        description="The time is free again. A patient whom mail reaches is told by mail; tell the others.",
        submit="Cancel the visit",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: Appointment, form: CancelForm) -> Done:
        cancelled = appointment_cancel(
            appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request), **form.cleaned_data
        )
        return Done(cancelled_toast(cancelled, gap_of(row)))

    @act(
        "Undo",
        grant="undo",
        is_legal=_is_undoable,
        icon="undo",
        description="Takes back the last booking, move or cancellation.",
    )
    def undo(self, request: HttpRequest, row: Appointment, form: ActForm) -> Done:
        return Done(undone_toast(appointment_undo(appointment_id=row.pk, by=cast(User, request.user))))

    @act("Note", grant="change", is_legal=lambda appointment: True, form=NoteForm, icon="sticky_note_2", submit="Save")
    def note(self, request: HttpRequest, row: Appointment, form: NoteForm) -> Done:
        appointment_note(appointment_id=row.pk, note=form.cleaned_data["note"])
        return Done("Note saved.")


job(Job("Calendar", "admin:plans_appointment_changelist", "calendar_month", "plans.appointment", 30))
