"""What a person may do with a message, through the API."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.access.roles import Role
from plans.messages.delivery import deliver_due
from plans.messages.models import PatientMessage
from tests import factories
from tests.api import Api, errors
from tests.plans.messages.conftest import Clinic, rows
from tests.servers import Inbox

pytestmark = pytest.mark.django_db

Status = PatientMessage.Status


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    return Api(clinic.desk)


@pytest.fixture
def message(clinic: Clinic) -> Callable[..., PatientMessage]:
    """A confirmation in this state."""

    def make(status: str) -> PatientMessage:
        row = rows(clinic.book(), kind="confirmation")[0]
        if status != "pending":
            row.status = Status(status)
            row.sending_at = row.settled_at = clock.now()
        if status == "sending":
            row.settled_at, row.lease_token, row.leased_until = None, row.pk, clock.now() + timedelta(minutes=1)
        row.save()
        return row

    return make


ALLOWED = {"retry": {"failed", "unknown"}, "handled": {"failed", "unknown"}, "cancel": {"pending"}}
ENDS = {"retry": "pending", "handled": "handled", "cancel": "cancelled"}


@pytest.mark.parametrize("act", ALLOWED)
@pytest.mark.parametrize("status", Status.values)
def test_an_act_is_possible_only_in_its_states(
    desk: Api, message: Callable[..., PatientMessage], act: str, status: str
) -> None:
    row = message(status)
    before = PatientMessage.objects.filter(pk=row.pk).values().get()
    answer = desk.post(f"/messages/{row.pk}/{act}/")
    if status in ALLOWED[act]:
        assert answer.status_code == 200
        assert answer.json()["status"] == ENDS[act]
    else:
        assert answer.status_code == 409
        assert answer.json()["extra"] == {"state": status, "allowed": sorted(ALLOWED[act])}
        assert errors(answer) == {None: "invalid_transition"}
        assert PatientMessage.objects.filter(pk=row.pk).values().get() == before


def test_a_retry_goes_out_with_the_next_pass_under_the_same_message_id(
    desk: Api, message: Callable[..., PatientMessage], frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    row = message("failed")
    frozen.shift(timedelta(minutes=5))
    desk.post(f"/messages/{row.pk}/retry/")
    deliver_due()
    (mail,) = mailbox.messages()
    assert mail["Message-ID"] == row.message_id


def test_a_message_that_is_no_longer_true_is_not_sent_again(
    clinic: Clinic, desk: Api, message: Callable[..., PatientMessage]
) -> None:
    row = message("failed")
    assert row.appointment is not None
    clinic.move(row.appointment, "11:00")
    answer = desk.post(f"/messages/{row.pk}/retry/")
    assert (answer.status_code, errors(answer)) == (409, {None: "message_obsolete"})
    row.refresh_from_db()
    assert row.status == "failed"


def test_a_message_to_somebody_who_opted_out_is_not_sent_again(
    clinic: Clinic, desk: Api, message: Callable[..., PatientMessage]
) -> None:
    row = message("unknown")
    clinic.patient.email_opt_out = True
    clinic.patient.save()
    assert desk.post(f"/messages/{row.pk}/retry/").status_code == 409


def test_a_note_says_what_was_done_instead(desk: Api, message: Callable[..., PatientMessage]) -> None:
    row = message("failed")
    answer = desk.post(f"/messages/{row.pk}/handled/", {"note": "Called, will come."})
    assert answer.json()["status_reason"] == "Called, will come."


def test_an_act_on_an_older_version_is_refused(desk: Api, message: Callable[..., PatientMessage]) -> None:
    row = message("failed")
    assert desk.post(f"/messages/{row.pk}/handled/", If_Match='"1"').status_code == 412
    answer = desk.get(f"/messages/{row.pk}/")
    assert desk.post(f"/messages/{row.pk}/handled/", If_Match=answer.headers["ETag"]).status_code == 200


def test_a_message_is_shown_with_what_became_of_it(
    clinic: Clinic, desk: Api, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    appointment = clinic.book()
    frozen.shift(timedelta(seconds=60))
    deliver_due()
    shown = desk.get(f"/messages/?appointment={appointment.pk}&kind=confirmation").json()["results"][0]
    assert {name: shown[name] for name in ("kind", "status", "attempts", "failure", "appointment_revision")} == {
        "kind": "confirmation",
        "status": "sent",
        "attempts": 1,
        "failure": "",
        "appointment_revision": 1,
    }
    assert (shown["appointment"], shown["patient"]) == (str(appointment.pk), str(clinic.patient.pk))
    assert shown["message_id"] == f"<{shown['id']}@localhost>"
    assert shown["sent_at"] == "2026-03-02T15:01:00Z"


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 8), ("?kind=reminder", 6), ("?status=pending", 4), ("?status=pending,suppressed", 8), ("?kind=changed", 0)],
)
def test_a_list_is_filtered(clinic: Clinic, desk: Api, query: str, count: int) -> None:
    clinic.book("10:00")
    clinic.book("11:00", consultation_for=clinic.another_patient(email_opt_out=True))
    assert len(desk.get(f"/messages/{query}").json()["results"]) == count


def test_a_patient_s_messages_are_found(clinic: Clinic, desk: Api) -> None:
    other = clinic.another_patient()
    clinic.book("10:00")
    clinic.book("11:00", consultation_for=other)
    found = desk.get(f"/messages/?patient={other.pk}").json()["results"]
    assert {row["patient"] for row in found} == {str(other.pk)}


@pytest.mark.parametrize("query", ["status=posted", "kind=spam", "appointment=7", "due_before=tomorrow", "colour=red"])
def test_a_filter_that_makes_no_sense_is_refused_by_name(desk: Api, query: str) -> None:
    answer = desk.get(f"/messages/?{query}")
    assert answer.status_code == 400
    assert list(errors(answer)) == [query.partition("=")[0]]


def test_messages_of_another_location_are_not_there(clinic: Clinic, desk: Api) -> None:
    elsewhere = factories.make_location()
    stranger = Api(factories.make_user((elsewhere, Role.FRONT_DESK)))
    row = rows(clinic.book())[0]
    assert stranger.get("/messages/").json()["results"] == []
    for act in ALLOWED:
        assert stranger.post(f"/messages/{row.pk}/{act}/").status_code == 404
    row.refresh_from_db()
    assert row.status == "pending"


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER])
def test_only_the_front_desk_acts(clinic: Clinic, role: Role) -> None:
    row = rows(clinic.book())[0]
    reader = Api(factories.make_user((clinic.location, role)))
    assert reader.get(f"/messages/{row.pk}/").status_code == 200
    assert reader.post(f"/messages/{row.pk}/cancel/").status_code == 403
    row.refresh_from_db()
    assert row.status == "pending"


def test_a_list_costs_the_same_queries_at_any_length(clinic: Clinic, desk: Api) -> None:

    def cost() -> int:
        with CaptureQueriesContext(connection) as context:
            assert desk.get("/messages/?page_size=200").status_code == 200
        return len(context)

    clinic.book("10:00")
    few = cost()
    for hour in ("11:00", "12:00", "13:00", "14:00"):
        clinic.book(hour, consultation_for=clinic.another_patient())
    assert cost() == few
