"""The twelve demo courses, replayed with real mail."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from clinic import clock
from clinic.people.models import User
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import call_list, with_state
from plans.messages.models import PatientMessage
from plans.scheduling.admin.gaps import gap_of
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries import visits_to_rebook
from plans.scheduling.queries.gaps import fits_of
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan

pytestmark = pytest.mark.django_db


@pytest.fixture(
    params=[datetime(2026, 11, 22, 15, tzinfo=UTC), datetime(2027, 3, 15, 12, tzinfo=UTC)], ids=["autumn", "spring"]
)
def seeded(request, mailbox):
    """The demo as it is on a Sunday in autumn and on the Monday after New York's clocks went forward."""
    with clock.moved_to(request.param):
        call_command("seed_demo")
        yield mailbox


def patient(name: str) -> Patient:
    return Patient.objects.get(last_name=name)


def test_the_twelve_courses_are_there_and_a_second_seeding_changes_nothing(seeded):
    assert Patient.objects.count() == 12
    assert User.objects.get(email="practitioner@demo.example").check_password("demo-clinic-2026")
    before = Appointment.objects.count(), PatientMessage.objects.count()
    call_command("seed_demo")
    assert (Appointment.objects.count(), PatientMessage.objects.count()) == before

    alderson = patient("Alderson").plans.get()
    assert alderson.sessions.filter(status="signed").count() == 3
    states = with_state(alderson.follow_ups.order_by("target_date")).values_list("state", flat=True)
    assert list(states)[:2] == ["attended", "attended"]

    birchwood = patient("Birchwood").plans.get().sessions.first()
    assert list(birchwood.components.values_list("modality", flat=True)) == ["microneedling", "prp"]

    cedarman = patient("Cedarman").consultations.get()
    assert cedarman.candidacy == "not_candidate"
    assert cedarman.screening_answers.get(item__code="platelet-count").number == 82

    assert with_state(FollowUp.objects.filter(patient=patient("Dogwood"))).get().state == "overdue"
    assert FollowUp.objects.get(patient=patient("Dogwood")).attempts.count() == 2
    assert patient("Elmsworth").plans.get().sessions.get(sequence=1).components.get(modality="exosome").exosome
    third = patient("Elmsworth").plans.get().sessions.get(sequence=3)
    assert third.target_date == third.pinned_on
    assert third.pin_conflict == ""
    firley = patient("Firley")
    assert firley.plans.get().status == "on_hold"
    assert [visit.patient for visit in visits_to_rebook(Appointment.objects.all())] == [firley]
    assert CheckIn.objects.get(session__plan__patient=firley, answered_at__isnull=False).title == "Check-in, day 3"

    first, second = patient("Ginkgo").appointments.order_by("starts_at")
    assert (second.starts_at - first.starts_at).total_seconds() == 673 * 3600
    zone = first.location.zone
    assert first.starts_at.astimezone(zone).time() == second.starts_at.astimezone(zone).time()

    marrow = patient("Hazelby").plans.get().sessions.get(sequence=1).components.get().stem_cell
    assert (marrow.harvested_ml, marrow.harvest_site) == (60, "iliac_crest_left")
    again = patient("Hazelby").plans.get().sessions.get(sequence=2)
    assert again.pin_conflict.startswith("At least 365 days after")
    assert again.target_date > again.pinned_on
    ivyton = patient("Ivyton").plans.get()
    assert ivyton.sessions.filter(aborted_at__isnull=False).count() == 1
    assert ivyton.sessions.filter(status="planned").count() == 1

    juniper = patient("Juniper").plans.get()
    assert (juniper.protocol.code, juniper.revision, juniper.status) == ("prp-microneedling", 2, "active")
    assert {change["what"] for change in juniper.revisions.get(number=2).changes} >= {"protocol", "added"}
    moves = CourseMove.objects.all()
    assert moves.filter(plan=juniper, act="resumed").exists()
    assert not moves.filter(because="", target_after__isnull=False).exists()
    kapok = patient("Kapok").messages.exclude(status="expired")
    assert set(kapok.values_list("status", flat=True)) == {"suppressed"}
    review = with_state(FollowUp.objects.filter(patient=patient("Larchmont"), title__startswith="3-month"))
    assert review.get().state == "missed"
    assert {"Kapok", "Larchmont"} <= set(call_list().values_list("last_name", flat=True))

    given_back = Appointment.objects.get(status="cancelled", patient=patient("Alderson"))
    fits = {fit.entry.patient.last_name: fit.slot for fit in fits_of(gap_of(given_back), WaitlistEntry.objects.all())}
    assert set(fits) == {"Cedarman", "Dogwood", "Birchwood"}
    assert [name for name, slot in fits.items() if slot is not None] == ["Cedarman"]

    sent = PatientMessage.objects.filter(status="sent").count()
    assert len(seeded.messages()) == sent > 40
    assert not PatientMessage.objects.filter(status__in=["failed", "unknown", "sending"]).exists()
    assert not TreatmentPlan.objects.filter(sessions__isnull=True).exists()
    assert not ProcedureSession.objects.filter(status="in_progress").exists()


def test_outside_local_mode_seeding_is_refused(settings):
    settings.LOCAL = False
    with pytest.raises(CommandError, match="local mode only"):
        call_command("seed_demo")
    assert not User.objects.exists()
