"""One example row of every resource that the API serves, at a location that the test names.

The walks take their rows from here: a route whose resource has no example fails them.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TypeVar
from uuid import uuid4

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Membership, Practitioner
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff
from clinic.places.services import (
    break_create,
    closure_create,
    extra_hours_create,
    opening_hours_create,
    time_off_create,
)
from clinic.records import Record
from patients.models import Consent, ConsentDocument, Patient
from plans.consultations.models import Consultation, ScreeningItem
from plans.followups.models import CheckIn, CheckInPhoto, CheckInReport, ContactAttempt, FollowUp
from plans.followups.services import attempt_record_for_patient
from plans.messages.models import DeliveryEvent, MessageWording, PatientMessage
from plans.protocols.models import CareTopic, IntervalRule, Protocol
from plans.scheduling.models import Appointment, CalendarFeed, WaitlistEntry
from plans.scheduling.services import appointment_book, calendar_feed_make, waitlist_add
from plans.treatment.models import ProcedureSession, ProtocolRollout, TreatmentPlan
from plans.treatment.services import rollout_start
from tests import factories

Example = Callable[[Location], Record]
E = TypeVar("E", bound=Example)
EXAMPLES: dict[str, Example] = {}


def example(label: str) -> Callable[[E], E]:
    """Register what makes one row of the model with this label."""

    def register(make: E) -> E:
        EXAMPLES[label] = make
        return make

    return register


@example("clinic.practitioner")
def practitioner(location: Location) -> Practitioner:
    return factories.make_practitioner(location)


@example("clinic.location")
def place(location: Location) -> Location:
    return location


@example("clinic.room")
def room(location: Location) -> Room:
    return factories.make_room(location)


@example("clinic.openinghours")
def opening_hours(location: Location) -> OpeningHours:
    return opening_hours_create(
        location=location,
        practitioner=factories.make_practitioner(location),
        weekday=6,
        opens_at=time(9),
        closes_at=time(12),
    )[0]


@example("clinic.break")
def weekly_break(location: Location) -> Break:
    hour = 8 + Break.objects.filter(location=location).count()  # breaks of one day cannot overlap
    return break_create(location=location, weekday=3, starts_at=time(hour), ends_at=time(hour, 30))[0]


@example("clinic.extrahours")
def extra_hours(location: Location) -> ExtraHours:
    return extra_hours_create(
        location=location, on=date(2030, 1, 5), opens_at=time(9), closes_at=time(12), reason="Open day"
    )[0]


@example("clinic.closure")
def closure(location: Location) -> Closure:
    return closure_create(
        location=location,
        starts_at=datetime(2030, 1, 1, 9, tzinfo=UTC),
        ends_at=datetime(2030, 1, 1, 17, tzinfo=UTC),
        reason="Painting",
    )[0]


@example("clinic.timeoff")
def time_off(location: Location) -> TimeOff:
    return time_off_create(
        practitioner=factories.make_practitioner(location),
        starts_at=datetime(2030, 1, 1, 9, tzinfo=UTC),
        ends_at=datetime(2030, 1, 8, 17, tzinfo=UTC),
    )[0]


@example("patients.patient")
def patient(location: Location) -> Patient:
    return factories.make_patient(location)


@example("patients.consentdocument")
def consent_document(location: Location) -> ConsentDocument:
    return factories.make_documents()["prp"]


@example("patients.consent")
def consent(location: Location) -> Consent:
    return Consent.objects.filter(patient=plan(location).patient).earliest("pk")


@example("plans.protocol")
def protocol(location: Location) -> Protocol:
    return Protocol.objects.earliest("pk")


@example("plans.intervalrule")
def interval_rule(location: Location) -> IntervalRule:
    return IntervalRule.objects.earliest("pk")


@example("plans.caretopic")
def care_topic(location: Location) -> CareTopic:
    return CareTopic.objects.earliest("pk")


@example("plans.screeningitem")
def screening_item(location: Location) -> ScreeningItem:
    return ScreeningItem.objects.earliest("pk")


@example("plans.consultation")
def consultation(location: Location) -> Consultation:
    return factories.make_consultation(patient(location), factories.make_practitioner(location))


@example("plans.treatmentplan")
def plan(location: Location) -> TreatmentPlan:
    return factories.make_plan(patient(location), factories.make_practitioner(location))


@example("plans.protocolrollout")
def rollout(location: Location) -> ProtocolRollout:
    return rollout_start(by=None, protocol=plan(location).protocol, reason="For an example.")


@example("plans.proceduresession")
def session(location: Location) -> ProcedureSession:
    return plan(location).sessions.earliest("sequence")


@example("plans.followup")
def follow_up(location: Location) -> FollowUp:
    return plan(location).follow_ups.earliest("pk")


@example("plans.checkin")
def check_in(location: Location) -> CheckIn:
    done = factories.perform(session(location), factories.make_practitioner(location))
    return done.check_ins.earliest("target_date")


@example("plans.checkinreport")
def check_in_report(location: Location) -> CheckInReport:
    return CheckInReport.objects.create(check_in=check_in(location), answers={}, language="en")


@example("plans.checkinphoto")
def check_in_photo(location: Location) -> CheckInPhoto:
    return CheckInPhoto.objects.create(report=check_in_report(location), image="check-ins/1.jpg", width=1, height=1)


@example("plans.contactattempt")
def contact_attempt(location: Location) -> ContactAttempt:
    return attempt_record_for_patient(
        patient_id=patient(location).pk,
        location=location,
        by=factories.make_user((location, Role.FRONT_DESK)),
        channel="call",
        outcome="no_answer",
    )


@example("plans.appointment")
def appointment(location: Location) -> Appointment:
    return appointment_book(
        by=None,
        location=location,
        practitioner=factories.make_practitioner(location),
        room=factories.make_room(location),
        starts_at=factories.local(location, factories.next_weekday(location, after_days=20), "10:00"),
        consultation_for=patient(location),
    )


@example("plans.waitlistentry")
def waitlist_entry(location: Location) -> WaitlistEntry:
    return waitlist_add(by=None, patient=patient(location))


@example("plans.calendarfeed")
def calendar_feed(location: Location) -> CalendarFeed:
    """Made by the first who practises there, where somebody does: practitioners see no feeds of others."""
    manager = factories.make_user((location, Role.MANAGER))
    feed, _ = calendar_feed_make(by=manager, location=location, room=factories.make_room(location))
    first = Membership.objects.filter(location=location, role=Role.PRACTITIONER).order_by("pk").first()
    if first is not None:
        CalendarFeed.objects.filter(pk=feed.pk).update(made_by=first.user)
        feed.refresh_from_db()
    return feed


@example("plans.messagewording")
def message_wording(location: Location) -> MessageWording:
    return MessageWording.objects.create(
        location=location, kind="confirmation", language="en", subject="Your visit", body="Hello"
    )


@example("plans.patientmessage")
def message(location: Location) -> PatientMessage:
    return PatientMessage.objects.filter(appointment=appointment(location)).earliest("pk")


@example("plans.deliveryevent")
def delivery_event(location: Location) -> DeliveryEvent:
    return DeliveryEvent.objects.create(
        provider="postmark", event_id=str(uuid4()), message=message(location), kind="delivered", happened_at=clock.now()
    )
