"""What a mail said is kept as it left, with links that open nothing, and forgotten after a year."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from clinic import clock
from clinic.places.models import Location
from plans.messages.delivery import deliver_due
from plans.messages.keeping import KEPT_FOR
from plans.messages.links import Link, Purpose
from plans.messages.models import MessageWording, PatientMessage, SentMail
from plans.messages.tasks import forget_old_mails
from plans.scheduling.services import waitlist_add, waitlist_decline, waitlist_offer
from tests.console import sign_in, url, words
from tests.plans.messages.conftest import Clinic
from tests.plans.messages.sink import Mode, Sink
from tests.servers import Inbox

pytestmark = pytest.mark.django_db


def page_of(clinic: Clinic, message: PatientMessage) -> str:
    return words(sign_in(clinic.desk).get(url(message)))


def text_of(page: str) -> str:
    return re.search(r'<pre class="c-mail__text" dir="auto">(.*?)</pre>', page, re.DOTALL).group(1)


def test_a_sent_mail_is_shown_as_it_left_whatever_has_changed_since(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    clinic.book()
    frozen.shift(timedelta(seconds=60))
    deliver_due()
    (mail,) = mailbox.messages()
    message = PatientMessage.objects.get(status="sent")
    Location.objects.update(name="Elm House", phone="+49 30 555")
    MessageWording.objects.create(location=clinic.location, kind="confirmation", language="en", subject="S", body="B")
    page = page_of(clinic, message)
    plain = mail.get_body(("plain",)).get_content()
    said = re.sub(r"/p/[^/]+/", "/p/preview/", plain)
    assert text_of(page).split() == said.split()
    assert mail["Subject"] in page
    assert "Elm House" not in text_of(page)
    kept = SentMail.objects.get()
    assert {*re.findall(r"/p/([^/]+)/", kept.text)} == {"preview"}
    assert "The mail that was sent" in page


def test_what_was_not_taken_is_no_mail_that_was_sent(
    clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
) -> None:
    clinic.book()
    frozen.shift(timedelta(seconds=60))
    sink.mode = Mode.TRANSIENT_AT_RECIPIENT
    deliver_due()
    message = PatientMessage.objects.get(attempts=1)
    assert message.status == "pending"
    assert "The mail as it would be sent" in page_of(clinic, message)
    frozen.shift(timedelta(minutes=10))
    sink.mode = Mode.ACCEPT
    Location.objects.update(phone="+49 30 555")
    deliver_due()
    assert "+49 30 555" in SentMail.objects.get().text, "what left is kept, not what was tried before"


def test_an_earlier_offer_is_not_shown_with_a_later_time(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    entry = waitlist_add(by=clinic.desk, patient=clinic.patient, location=clinic.location)

    def offer(at: str) -> PatientMessage:
        waitlist_offer(entry_id=entry.pk, by=clinic.desk, practitioner=clinic.practitioner, starts_at=clinic.at(at))
        message = PatientMessage.objects.filter(kind="offer").latest("offer_number")
        PatientMessage.objects.filter(pk=message.pk).update(
            status="sent", sending_at=clock.now(), settled_at=clock.now(), to_address="mock@example.com"
        )
        return PatientMessage.objects.get(pk=message.pk)

    first = offer("10:00")
    assert "18 March 2026, 10:00" in page_of(clinic, first)
    waitlist_decline(entry_id=entry.pk, keep_waiting=True)
    assert "It cannot be shown any more: the time that was offered is not kept." in page_of(clinic, first)
    second = offer("15:00")
    page = page_of(clinic, first)
    assert "15:00" not in page.split("What happened")[0].split("The mail")[1]
    assert "It cannot be shown any more" in page
    assert "18 March 2026, 15:00" in page_of(clinic, second)
    SentMail.objects.create(message=first, subject="An earlier time", text="At 10:00", sent_at=clock.now())
    assert text_of(page_of(clinic, first)) == "At 10:00"


def test_what_mails_said_is_forgotten_after_a_year(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    clinic.book()
    frozen.shift(timedelta(seconds=60))
    deliver_due()
    message = PatientMessage.objects.get(status="sent")
    frozen.shift(KEPT_FOR)
    forget_old_mails()
    assert SentMail.objects.count() == 1
    frozen.shift(1)
    forget_old_mails()
    assert not SentMail.objects.exists()
    page = page_of(clinic, message)
    assert "What was sent is no longer kept: this is made anew" in page


def test_mail_and_calendar_entries_call_a_location_by_its_name_in_mail(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    Location.objects.update(name="Boston Hair Restoration", mail_name="Linden House")
    visit = clinic.book()
    frozen.shift(timedelta(seconds=60))
    deliver_due()
    (mail,) = mailbox.messages()
    assert mail["From"].addresses[0].display_name == "Linden House"
    parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
    assert not any("Hair" in part for part in parts)
    generation = clinic.patient.link_generation
    path = Link(Purpose.VISIT, visit.pk, generation).url.removeprefix(settings.PUBLIC_URL)
    entry = Client().get(f"{path}calendar.ics").content.decode()
    assert "Visit at Linden House" in entry
    assert "Hair" not in entry
