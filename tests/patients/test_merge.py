"""Two records of one person become one: what moves, what is in the way, who may, and what races with it."""

from datetime import date, time, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid, SlotTaken
from patients.models import Allergy, Consent, HistoryEntry, Patient
from patients.queries import likely_duplicates, search
from patients.services import (
    GuardianInput,
    consent_document_create,
    consent_give,
    patient_merge,
    patient_update,
)
from patients.services.merging import references
from plans.followups.services import attempt_record_for_patient
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_book, appointment_cancel, walk_in_begin
from plans.treatment.models import CourseMove, TreatmentPlan
from tests.api import Api, errors
from tests.console import House, said, sign_in, url, words
from tests.factories import (
    local,
    make_consultation,
    make_documents,
    make_location,
    make_patient,
    make_plan,
    make_practitioner,
    make_user,
    next_weekday,
    perform,
)
from tests.plans.treatment.rollouts import at_once, elsewhere, holding

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER


class Pair:
    """Two records of one person at one location."""

    def __init__(self):
        self.location = make_location()
        self.practitioner = make_practitioner(self.location)
        self.desk = make_user((self.location, DESK))
        self.gone = make_patient(self.location, first_name="Mock", last_name="Dogwood")
        self.kept = make_patient(self.location, first_name="Mock", last_name="Dogwoode", email="", phone="")

    def merge(self, **fields):
        return patient_merge(**{"patient_id": self.gone.pk, "into": self.kept, "by": self.desk, **fields})

    def book(self, patient, hour="10:00", **fields):
        return appointment_book(
            **{
                "by": self.desk,
                "location": self.location,
                "practitioner": self.practitioner,
                "starts_at": local(self.location, next_weekday(self.location), hour),
                "consultation_for": patient,
                **fields,
            }
        )


@pytest.fixture
def pair(db, frozen):
    return Pair()


def left_behind(patient):
    """The tables that still have rows of this patient."""
    return {
        model._meta.label_lower for model, column in references() if model.objects.filter(**{column: patient}).exists()
    }


def wait_for(patient, **fields):
    return WaitlistEntry.objects.create(patient=patient, location=patient.home_location, kind="consultation", **fields)


class TestWhatMoves:
    def test_every_table_that_refers_to_patients_is_known(self):
        pointing = {
            (model._meta.label_lower, field.name)
            for model in apps.get_models()
            if not hasattr(model, "pgh_id")
            for field in model._meta.get_fields(include_hidden=True)
            if field.concrete and field.is_relation and field.related_model is Patient
        }
        assert {(model._meta.label_lower, column) for model, column in references()} == pointing
        assert ("plans.appointment", "patient") in pointing

    def test_whatever_refers_to_the_record_moves_to_the_one_that_stays(self, pair):
        plan = make_plan(pair.gone, pair.practitioner)
        visit = pair.book(pair.gone)
        Allergy.objects.create(patient=pair.gone, substance="Latex")
        HistoryEntry.objects.create(patient=pair.gone, kind="condition", description="Asthma")
        patient_update(patient_id=pair.gone.pk, changes={"guardian": GuardianInput("Ada Dogwood", "mother")})
        attempt_record_for_patient(
            patient_id=pair.gone.pk, location=pair.location, by=pair.desk, channel="call", outcome="no_answer"
        )
        wait_for(pair.gone)
        before = left_behind(pair.gone)
        assert before == {model._meta.label_lower for model, _ in references()} - {"patients.patient"}

        survivor = pair.merge()

        assert survivor == pair.kept
        assert left_behind(pair.gone) == set()
        assert left_behind(pair.kept) == before | {"patients.patient"}
        assert TreatmentPlan.objects.get(pk=plan.pk).patient == pair.kept
        assert Appointment.objects.get(pk=visit.pk).patient == pair.kept
        assert Patient.objects.get(pk=pair.kept.pk).guardian.name == "Ada Dogwood"

    def test_contact_that_is_missing_is_taken_over_and_nothing_is_overwritten(self, pair):
        patient_update(
            patient_id=pair.gone.pk,
            changes={"email_opt_out": True, "preferred_weekdays": [2, 1], "preferred_from": time(9)},
        )
        patient_update(patient_id=pair.kept.pk, changes={"phone": "+1 212 555 0177"})
        pair.gone.refresh_from_db()
        survivor = pair.merge()
        survivor.refresh_from_db()
        assert (survivor.email, survivor.email_opt_out) == (pair.gone.email, True)
        assert (survivor.phone, survivor.phone_digits) == ("+1 212 555 0177", "12125550177")
        assert (survivor.preferred_weekdays, survivor.preferred_from) == ([1, 2], time(9))
        assert survivor.last_name == "Dogwoode"

    def test_the_guardian_of_the_one_that_stays_stays(self, pair):
        for patient, name in ((pair.gone, "Ada"), (pair.kept, "Bea")):
            patient_update(patient_id=patient.pk, changes={"guardian": GuardianInput(name, "mother")})
        pair.merge()
        assert Patient.objects.get(pk=pair.kept.pk).guardian.name == "Bea"
        assert left_behind(pair.gone) == set()

    def test_of_two_consents_for_one_treatment_the_newer_stands(self, pair):
        document = make_documents()["prp"]
        consents = {}
        for patient, day in ((pair.gone, 5), (pair.kept, 3)):
            consents[patient] = consent_give(
                patient=patient, document=document, signed_name="M. D.", signed_on=date(2026, 1, day), by=None
            )
        newer = consent_document_create(
            purpose="treatment",
            modality="exosome",
            version_label="2",
            title="Consent",
            text="New.",
            in_force_from=date(2026, 1, 6),
        )
        consent_give(patient=pair.kept, document=newer, signed_name="M. D.", signed_on=date(2026, 1, 7), by=None)
        pair.merge()
        standing = Consent.objects.filter(patient=pair.kept, status="given")
        assert {consent.pk for consent in standing if consent.document == document} == {consents[pair.gone].pk}
        assert standing.count() == 2
        assert Consent.objects.get(pk=consents[pair.kept].pk).status == "superseded"

    def test_of_two_places_on_the_waitlist_one_stays_as_urgent_as_either(self, pair):
        first, second = wait_for(pair.kept), wait_for(pair.gone, is_urgent=True)
        pair.merge()
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, first.is_urgent, second.status) == ("waiting", True, "withdrawn")
        assert pair.gone.mrn in second.settled_because

    def test_what_was_given_to_the_one_keeps_the_sessions_of_the_other_away(self, pair):
        given = make_plan(pair.gone, pair.practitioner)
        perform(given.sessions.get(sequence=1), pair.practitioner)
        owed = make_plan(pair.kept, pair.practitioner).sessions.get(sequence=1)
        pair.merge()
        before, owed = owed.window_start, owed.__class__.objects.get(pk=owed.pk)
        assert owed.window_start > before
        assert CourseMove.objects.filter(plan=owed.plan, act=CourseMove.Act.ELSEWHERE).exists()

    def test_waiting_mail_goes_to_the_address_that_stays_or_to_nobody(self, pair):
        patient_update(patient_id=pair.kept.pk, changes={"email": "kept@example.com"})
        pair.kept.refresh_from_db()
        visit = pair.book(pair.gone)
        pair.merge()
        mails = PatientMessage.objects.filter(appointment=visit, status="pending")
        assert {mail.patient.email for mail in mails} == {"kept@example.com"}

    def test_mail_to_somebody_who_wants_none_is_suppressed(self, pair):
        patient_update(patient_id=pair.kept.pk, changes={"email": "kept@example.com", "email_opt_out": True})
        pair.kept.refresh_from_db()
        visit = pair.book(pair.gone)
        assert visit.messages.filter(status="pending").exists()
        pair.merge()
        assert not visit.messages.filter(status="pending").exists()
        assert visit.messages.filter(status="suppressed").exists()

    def test_a_record_that_was_merged_before_moves_on(self, pair):
        third = make_patient(pair.location)
        pair.merge()
        patient_merge(patient_id=pair.kept.pk, into=third, by=pair.desk)
        assert set(third.merged_from.all()) == {pair.gone, pair.kept}
        assert list(search(Patient.objects.all(), pair.gone.mrn)) == [third]


class TestAfterwards:
    @pytest.fixture
    def merged(self, pair):
        pair.merge(reason="Called twice")
        pair.gone.refresh_from_db()
        return pair

    def test_the_old_number_finds_the_one_that_stays_and_nothing_else_finds_the_old(self, merged):
        assert list(search(Patient.objects.all(), merged.gone.mrn)) == [merged.kept]
        assert merged.gone not in search(Patient.objects.all(), "dogwood")
        assert not likely_duplicates(
            first_name="Mock",
            last_name="Dogwood",
            date_of_birth=merged.gone.date_of_birth,
            phone=merged.gone.phone,
            email="",
            country="US",
        ).contains(merged.gone)

    @pytest.mark.parametrize("act", ["change", "book", "walk in", "consult", "call", "consent", "merge", "merge into"])
    def test_nothing_is_written_on_it_any_more(self, merged, act):
        gone = merged.gone
        acts = {
            "change": lambda: patient_update(patient_id=gone.pk, changes={"phone": ""}),
            "book": lambda: merged.book(gone),
            "walk in": lambda: walk_in_begin(by=merged.desk, location=merged.location, consultation_for=gone),
            "consult": lambda: make_consultation(gone, merged.practitioner),
            "call": lambda: attempt_record_for_patient(
                patient_id=gone.pk, location=merged.location, by=merged.desk, channel="call", outcome="no_answer"
            ),
            "consent": lambda: consent_give(
                patient=gone,
                document=make_documents()["prp"],
                signed_name="M. D.",
                signed_on=date(2026, 1, 5),
                by=None,
            ),
            "merge": merged.merge,
            "merge into": lambda: patient_merge(patient_id=make_patient(merged.location).pk, into=gone, by=merged.desk),
        }
        with pytest.raises(Conflict, match=f"Merged into {merged.kept.mrn}") as refused:
            acts[act]()
        assert refused.value.code == "merged"
        assert left_behind(gone) == set()

    def test_the_history_of_both_says_who_merged_them(self, merged):
        client = sign_in(make_user((merged.location, PRACTITIONER)))
        for patient in (merged.gone, merged.kept):
            page = words(client.get(url(patient, "history")))
            assert "merged into" in page
            assert "Called twice" in page
            assert merged.gone.mrn in page


class TestRefusals:
    def test_visits_of_both_at_one_time_are_both_named(self, pair):
        other = make_practitioner(pair.location)
        visits = [pair.book(pair.gone), pair.book(pair.kept, practitioner=other)]
        with pytest.raises(Conflict) as refused:
            pair.merge()
        assert refused.value.code == "cannot_merge"
        for visit in visits:
            assert str(visit.practitioner) in refused.value.detail
        assert not Patient.objects.filter(merged_into__isnull=False).exists()
        assert Appointment.objects.filter(patient=pair.gone).count() == 1
        appointment_cancel(appointment_id=visits[0].pk, by=None, reason="clinic")
        pair.merge()

    def test_visits_that_follow_each_other_are_no_obstacle(self, pair):
        pair.book(pair.gone, "10:00", duration_minutes=30)
        pair.book(pair.kept, "10:30", duration_minutes=30)
        pair.merge()
        assert pair.kept.appointments.count() == 2

    def test_a_record_is_not_merged_into_itself(self, pair):
        with pytest.raises(Invalid) as refused:
            pair.merge(into=pair.gone)
        assert refused.value.attr == "into"

    def test_both_records_need_the_right_where_they_belong(self, pair):
        elsewhere = make_patient(make_location())
        with pytest.raises(PermissionDenied):
            pair.merge(into=elsewhere)
        with pytest.raises(PermissionDenied):
            patient_merge(patient_id=elsewhere.pk, into=pair.kept, by=pair.desk)
        assert not Patient.objects.filter(merged_into__isnull=False).exists()


class TestApi:
    def test_the_preview_says_what_would_happen_and_changes_nothing(self, pair, django_assert_max_num_queries):
        pair.book(pair.gone)
        patient_update(patient_id=pair.gone.pk, changes={"guardian": GuardianInput("Ada", "mother")})
        api = Api(pair.desk)
        with django_assert_max_num_queries(14):
            preview = api.get(f"/patients/{pair.gone.pk}/merge/?into={pair.kept.pk}").json()
        assert (preview["patient"]["mrn"], preview["into"]["mrn"]) == (pair.gone.mrn, pair.kept.mrn)
        assert preview["differs"] == ["last_name", "phone", "email", "guardian"]
        assert preview["filled"] == ["email", "phone", "guardian"]
        assert {"what": "visits", "count": 1} in preview["moves"]
        assert (preview["obstacles"], preview["warnings"]) == ([], [])
        assert not Patient.objects.filter(merged_into__isnull=False).exists()

    def test_the_desk_is_told_nothing_clinical(self, pair):
        Allergy.objects.create(patient=pair.gone, substance="Latex")
        make_consultation(pair.gone, pair.practitioner)
        told = [
            {
                one["what"]
                for one in Api(user).get(f"/patients/{pair.gone.pk}/merge/?into={pair.kept.pk}").json()["moves"]
            }
            for user in (pair.desk, pair.practitioner.user)
        ]
        assert told[0] == set()
        assert told[1] == {"allergies", "consultations"}

    def test_two_different_people_are_doubted(self, pair):
        other = make_patient(pair.location, last_name="Birch", date_of_birth=date(1990, 1, 1), sex="male")
        preview = Api(pair.desk).get(f"/patients/{pair.gone.pk}/merge/?into={other.pk}").json()
        assert [warning["code"] for warning in preview["warnings"]] == ["looks_like_somebody_else"]

    def test_a_merge_answers_the_record_that_stays_and_the_old_one_leads_to_it(self, pair):
        api = Api(pair.desk)
        answer = api.post(f"/patients/{pair.gone.pk}/merge/", {"into": str(pair.kept.pk), "reason": "Called twice"})
        assert (answer.status_code, answer.json()["id"]) == (200, str(pair.kept.pk))
        old = api.get(f"/patients/{pair.gone.pk}/").json()
        assert (old["merged_into"], old["mrn"]) == (str(pair.kept.pk), pair.gone.mrn)
        assert [row["id"] for row in api.get("/patients/").json()["results"]] == [str(pair.kept.pk)]
        changed = api.patch(f"/patients/{pair.gone.pk}/", {"phone": ""})
        assert (changed.status_code, errors(changed)) == (409, {None: "merged"})

    def test_what_cannot_be_is_refused_in_the_words_of_the_api(self, pair):
        api, hidden = Api(pair.desk), make_patient(make_location())
        for method in ("get", "post"):
            for into, code in ((hidden.pk, "does_not_exist"), (uuid4(), "does_not_exist"), (pair.gone.pk, "invalid")):
                path = f"/patients/{pair.gone.pk}/merge/"
                answer = api.get(f"{path}?into={into}") if method == "get" else api.post(path, {"into": str(into)})
                assert (answer.status_code, errors(answer)) == (400, {"into": code})
        assert api.post(f"/patients/{hidden.pk}/merge/", {"into": str(pair.kept.pk)}).status_code == 404
        stale = api.post(f"/patients/{pair.gone.pk}/merge/", {"into": str(pair.kept.pk)}, If_Match='"99"')
        assert stale.status_code == 412
        assert not Patient.objects.filter(merged_into__isnull=False).exists()

    def test_who_sees_a_record_but_may_not_merge_there_is_denied(self, pair):
        there = make_location()
        user = make_user((pair.location, DESK), (there, MANAGER))
        answer = Api(user).post(f"/patients/{pair.gone.pk}/merge/", {"into": str(make_patient(there).pk)})
        assert answer.status_code == 403


class TestConsole:
    @pytest.fixture
    def house(self, db, frozen):
        return House()

    @pytest.fixture
    def two(self, house):
        gone = make_patient(house.location, first_name="Mock", last_name="Dogwood")
        return gone, make_patient(house.location, first_name="Mock", last_name="Dogwood", phone="")

    def test_the_desk_finds_the_other_record_looks_at_both_and_merges(self, house, two):
        gone, kept = two
        assert url(gone, "merge") in words(house.get(DESK, url(gone)))
        offered = words(house.get(DESK, url(gone, "merge")))
        assert "Likely the same" in offered
        assert f"{url(gone, 'merge')}?into={kept.pk}" in offered
        assert kept.mrn in words(house.get(DESK, f"{url(gone, 'merge')}?q=dogwod"))
        page = words(house.get(DESK, f"{url(gone, 'merge')}?into={kept.pk}"))
        assert f"Keep {gone.mrn} instead" in page
        assert f"{url(kept, 'merge')}?into={gone.pk}" in page
        assert "taken over" in page
        done = house.post(DESK, url(gone, "merge"), into=str(kept.pk), _version=str(gone.version))
        assert (done.status_code, done.headers["Location"]) == (303, url(kept))
        assert said(done) == [f"{gone.mrn} was merged into {kept.mrn}, Mock Dogwood."]
        old = words(house.get(DESK, url(gone)))
        assert f"{kept.full_name}, {kept.mrn}" in old
        assert "Merge…" not in old
        assert 'name="_save"' not in old
        assert house.post(DESK, url(gone), first_name="X").status_code == 403

    def test_two_of_whom_nothing_agrees_are_merged_only_when_somebody_says_they_are_one(self, house, two):
        stranger = make_patient(
            house.location, last_name="Birch", date_of_birth=date(1990, 1, 1), phone="+1 212 555 0188", email=""
        )
        page = words(house.get(DESK, f"{url(stranger, 'merge')}?into={two[0].pk}"))
        assert "Nothing agrees: neither name nor date of birth, phone or email." in page
        assert "+1 212 555 0188</b> is not taken over" in page
        refused = house.post(DESK, url(stranger, "merge"), into=str(two[0].pk))
        assert refused.status_code == 409
        assert "tick “They are the same person” first" in words(refused)
        assert house.post(DESK, url(stranger, "merge"), into=str(two[0].pk), are_same="on").status_code == 303

    def test_what_is_in_the_way_is_said_and_there_is_no_button(self, house, two):
        other = make_practitioner(house.location)
        for patient, practitioner in zip(two, (house.practitioner, other), strict=True):
            appointment_book(
                by=None,
                location=house.location,
                practitioner=practitioner,
                starts_at=local(house.location, next_weekday(house.location), "10:00"),
                consultation_for=patient,
            )
        page = words(house.get(DESK, f"{url(two[0], 'merge')}?into={two[1].pk}"))
        assert "Both have a visit at the same time" in page
        assert "Merge the two" not in page
        refused = house.post(DESK, url(two[0], "merge"), into=str(two[1].pk))
        assert refused.status_code == 409
        assert not Patient.objects.filter(merged_into__isnull=False).exists()

    def test_a_record_that_changed_meanwhile_is_looked_at_again(self, house, two):
        patient_update(patient_id=two[0].pk, changes={"phone": "+1 212 555 0188"})
        page = house.post(DESK, url(two[0], "merge"), into=str(two[1].pk), _version=str(two[0].version))
        assert page.status_code == 409
        assert "has changed since it was read" in words(page)

    def test_others_cannot(self, house, two):
        hidden = make_patient(make_location())
        for role in (ASSISTANT, MANAGER):
            assert house.get(role, f"{url(two[0], 'merge')}?into={two[1].pk}").status_code == 403
        for asked in (hidden.pk, "nonsense"):
            assert house.get(DESK, f"{url(two[0], 'merge')}?into={asked}").status_code == 404
            assert house.post(DESK, url(two[0], "merge"), into=str(asked)).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestRaces:
    @pytest.fixture
    def racing(self, transactional_db):
        from plans.consultations.services import screening_items_seed
        from plans.protocols.services import protocols_seed

        protocols_seed()
        screening_items_seed()
        return Pair()

    def test_a_visit_booked_while_the_records_are_merged_is_not_left_behind(self, racing):
        def outcome(act):
            try:
                return act()
            except (Conflict, SlotTaken) as refusal:
                return refusal.code

        for turn, hour in enumerate(("09:00", "10:00", "11:00", "12:00")):
            racing.gone = make_patient(racing.location, last_name=f"Gone{turn}")
            booked, merged = at_once(
                partial(outcome, partial(racing.book, racing.gone, hour)), partial(outcome, racing.merge)
            )
            assert booked == "merged" or isinstance(booked, Appointment)
            assert merged == racing.kept
            assert left_behind(racing.gone) == set()

    def test_a_merge_waits_for_who_holds_a_plan_and_moves_what_they_booked(self, racing):
        plan = make_plan(racing.gone, racing.practitioner, start_date=clock.today(racing.location.zone))
        session = plan.sessions.get(sequence=1)
        day = max(session.window_start, next_weekday(racing.location)) + timedelta(days=7)
        while day.isoweekday() > 5:
            day += timedelta(days=1)
        book = partial(
            racing.book,
            None,
            starts_at=local(racing.location, day, "10:00"),
            consultation_for=None,
            session=session,
        )
        with holding(TreatmentPlan.objects.filter(pk=plan.pk)) as let_go, elsewhere(racing.merge, book):
            let_go()
        assert left_behind(racing.gone) == set()
        assert Appointment.objects.get(session=session).patient == racing.kept

    def test_two_merges_the_opposite_way_leave_one_record(self, racing):
        def outcome(gone, kept):
            try:
                return patient_merge(patient_id=gone.pk, into=kept, by=None)
            except Conflict as refusal:
                return refusal.code

        found = at_once(partial(outcome, racing.gone, racing.kept), partial(outcome, racing.kept, racing.gone))
        assert "merged" in found
        assert Patient.objects.filter(merged_into__isnull=True).count() == 1
