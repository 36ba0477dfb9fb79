"""What is wrong with one mail stays with it: injected headers, addresses no server takes, own words that fail."""

from datetime import timedelta

import pytest

from clinic import clock
from clinic.places.models import Location
from plans.messages.delivery import deliver_due
from plans.messages.models import MessageKind, MessageWording, PatientMessage
from plans.messages.places import places_of
from plans.messages.services import messages_plan_link
from tests.plans.messages.conftest import rows

pytestmark = pytest.mark.django_db

GRACE = timedelta(seconds=60)


def confirmation(appointment) -> PatientMessage:
    return rows(appointment, kind=MessageKind.CONFIRMATION)[0]


def test_poisoned_messages_end_by_themselves_and_every_other_one_leaves(clinic, frozen, mailbox):
    poisons = {
        "möck@example.com": "failed",
        "mock@example.com\r\nRCPT TO:<all@example.com>": "failed",
        "mock@" + "x" * 70 + ".example": "failed",
        "mock": "failed",
        "mock@bücher.example": "sent",
    }
    visits = {}
    for hour, address in enumerate(poisons, start=9):
        person = clinic.another_patient(first_name="Mock\r\nBcc: all@example.com")
        type(person).objects.filter(pk=person.pk).update(email=address)
        visits[address] = clinic.book(f"{hour:02}:00", consultation_for=person)
    good = clinic.book("15:00")
    frozen.shift(GRACE)
    report = deliver_due()
    assert (report.sent, report.failed) == (2, 4)
    assert {address: confirmation(visit).status for address, visit in visits.items()} == poisons
    assert all("example" not in confirmation(visit).failure for visit in visits.values()), "no address in the reason"
    assert confirmation(good).status == "sent"
    for mail in mailbox.messages():
        assert mail["Bcc"] is None
        assert len(mail["To"].addresses) == 1


def test_own_words_that_fail_when_the_mail_leaves_give_way_and_the_message_says_so(clinic, frozen, mailbox):
    MessageWording.objects.create(
        location=clinic.location, kind="confirmation", language="en", subject="Hi {gone}", body="Words of ours"
    )
    visit = clinic.book()
    frozen.shift(GRACE)
    assert deliver_due().sent == 1
    (mail,) = mailbox.messages()
    assert mail["Subject"].startswith("Your visit: ")
    row = confirmation(visit)
    assert row.status == "sent"
    assert row.failure == ""
    assert row.status_reason.startswith("The location’s own words could not be used ({gone} is unknown here.")


def test_own_words_go_out_in_the_readers_language_alone(clinic, frozen, mailbox):
    wording = {
        "location": clinic.location,
        "kind": "confirmation",
        "subject": "Bis bald",
        "body": "Wir warten, {name}.",
    }
    MessageWording.objects.create(language="de", **wording)
    german = clinic.another_patient(first_name="Muster", language="de", email="muster@example.com")
    clinic.book("10:00")
    clinic.book("11:00", consultation_for=german)
    frozen.shift(GRACE)
    assert deliver_due().sent == 2
    subjects = {mail["To"].addresses[0].addr_spec: mail["Subject"] for mail in mailbox.messages()}
    assert subjects["muster@example.com"] == "Bis bald"
    assert subjects["mock@example.com"].startswith("Your visit: ")


def test_a_logo_whose_file_is_gone_holds_no_mail_up(clinic, frozen, mailbox):
    Location.objects.update(logo="logos/gone.png")
    clinic.book()
    frozen.shift(GRACE)
    assert deliver_due().sent == 1
    assert "cid:" not in mailbox.messages()[0].as_string()


def test_the_words_of_a_batch_cost_one_query(clinic, django_assert_num_queries):
    for kind in ("confirmation", "reminder", "changed"):
        MessageWording.objects.create(location=clinic.location, kind=kind, language="en", subject="Hi", body="Hello")
    locations = list(Location.objects.all())
    with django_assert_num_queries(1):
        places = places_of(locations)
    assert len(places[clinic.location.pk].wordings) == 3
    with django_assert_num_queries(0):
        assert places_of([]) == {}


def test_the_link_that_a_patient_asked_for_is_sent_with_their_own_page(clinic, frozen, mailbox):
    messages_plan_link(patient=clinic.patient)
    frozen.shift(timedelta(seconds=1))
    assert deliver_due().sent == 1
    (mail,) = mailbox.messages()
    assert mail["Subject"] == "Your link"
    assert mail["List-Unsubscribe"] is None
    assert clock.now() - mail["Date"].datetime < timedelta(seconds=5)
