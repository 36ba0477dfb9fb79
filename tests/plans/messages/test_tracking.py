"""What providers say became of a mail, as they say it, signed as they sign it."""

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from hmac import new as hmac
from itertools import count, permutations
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from patients.models import Patient
from plans.messages.models import DeliveryEvent, PatientMessage
from plans.messages.providers import check_configured, tracking_headers
from tests.plans.messages.conftest import Clinic, rows

pytestmark = pytest.mark.django_db

SECRET = "signing-key-of-the-tests"
BASIC = "clinic:" + SECRET
_numbers = count(1)


@pytest.fixture
def mailgun(settings: Settings) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_EVENTS_SECRET = "mailgun", SECRET


@pytest.fixture
def sent(clinic: Clinic) -> PatientMessage:
    """A confirmation that the mail server took."""
    row = rows(clinic.book(), kind="confirmation")[0]
    return begun(row, "sent")


def begun(row: PatientMessage, status: str) -> PatientMessage:
    now = timezone.now()
    row.status, row.sending_at, row.settled_at, row.to_address = status, now, now, "mock@example.com"
    row.save()
    return row


def tell(provider: str, document: Any, **headers: str) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Client().post(f"/anymail/{provider}/tracking/", body, content_type="application/json", headers=headers)


def mailgun_event(message: PatientMessage, event: str = "delivered", **fields: Any) -> dict[str, Any]:
    """As Mailgun's documentation shows it."""
    token, now = f"{next(_numbers):050}", int(timezone.now().timestamp())
    signature = hmac(SECRET.encode(), f"{now}{token}".encode(), sha256).hexdigest()
    data: dict[str, Any] = {
        "event": event,
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": now + 0.85,
        "log-level": "info",
        "recipient": "mock@example.com",
        "recipient-domain": "example.com",
        "tags": [],
        "user-variables": {"clinic-message": str(message.pk)},
        "message": {"headers": {"to": "Mock <mock@example.com>", "message-id": message.message_id.strip("<>")}},
        "delivery-status": {"code": 250, "message": "OK", "description": "", "attempt-no": 1},
        **fields,
    }
    return {"signature": {"token": token, "timestamp": str(now), "signature": signature}, "event-data": data}


def hard_bounce(message: PatientMessage) -> dict[str, Any]:
    status = {"code": 550, "message": "5.1.1 The email account mock@example.com does not exist", "description": ""}
    return mailgun_event(message, "failed", severity="permanent", reason="bounce", **{"delivery-status": status})


def tell_mailgun(document: dict[str, Any]) -> Any:
    response = tell("mailgun", document)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.usefixtures("mailgun")
class TestWhatFollows:
    def test_a_delivered_mail_has_arrived_once_however_often_it_is_told(self, sent: PatientMessage) -> None:
        event = mailgun_event(sent)
        assert tell_mailgun(event) == {"new": 1, "unchanged": 0}
        assert tell_mailgun(event) == {"new": 0, "unchanged": 1}
        sent.refresh_from_db()
        assert sent.status == "delivered"
        assert DeliveryEvent.objects.count() == 1

    @pytest.mark.parametrize(("told", "became"), [("delivered", "delivered"), ("rejected", "bounced")])
    def test_it_settles_what_nobody_knew(self, sent: PatientMessage, told: str, became: str) -> None:
        begun(sent, "unknown")
        tell_mailgun(mailgun_event(sent, told))
        sent.refresh_from_db()
        assert sent.status == became

    def test_a_delay_says_that_the_provider_has_it(self, sent: PatientMessage) -> None:
        begun(sent, "unknown")
        tell_mailgun(mailgun_event(sent, "failed", severity="temporary", reason="generic"))
        sent.refresh_from_db()
        assert (sent.status, sent.failure) == ("sent", "")

    def test_it_ends_where_the_strongest_event_puts_it_in_whatever_order_they_come(self, clinic: Clinic) -> None:
        kinds = ("delivered", "complained", "failed")
        for number, order in enumerate(permutations(kinds)):
            patient = clinic.another_patient(email="mock@example.com")
            appointment = clinic.book(f"{9 + number:02}:00", consultation_for=patient)
            message = begun(rows(appointment, kind="confirmation")[0], "sent")
            for kind in order:
                tell_mailgun(hard_bounce(message) if kind == "failed" else mailgun_event(message, kind))
            message.refresh_from_db()
            patient.refresh_from_db()
            assert message.status == "bounced", order
            assert patient.email_bounced_at is not None
            assert patient.unwanted_mail == Patient.OptionalMail.values
        assert DeliveryEvent.objects.count() == 18

    def test_a_hard_bounce_marks_the_address_and_suppresses_what_is_pending(
        self, clinic: Clinic, sent: PatientMessage
    ) -> None:
        tell_mailgun(hard_bounce(sent))
        clinic.patient.refresh_from_db()
        assert clinic.patient.email_bounced_at is not None
        assert [(row.status, row.status_reason) for row in rows(sent.appointment)] == [
            ("bounced", "It came back: the address takes no mail."),
            *[("suppressed", "There is no usable email address.")] * 3,
        ]
        event = DeliveryEvent.objects.get()
        assert (event.is_hard, event.detail) == (True, "bounced 5.1.1")

    @pytest.mark.parametrize("told", ["failed", "complained"])
    def test_an_address_is_the_same_however_its_domain_is_written(
        self, clinic: Clinic, sent: PatientMessage, told: str
    ) -> None:
        Patient.objects.filter(pk=clinic.patient.pk).update(email="mock@Bücher.example")
        PatientMessage.objects.filter(pk=sent.pk).update(to_address="mock@xn--bcher-kva.example")
        event = hard_bounce(sent) if told == "failed" else mailgun_event(sent, told)
        event["event-data"]["recipient"] = "mock@bücher.example"
        assert tell_mailgun(event) == {"new": 1, "unchanged": 0}
        clinic.patient.refresh_from_db()
        assert (clinic.patient.email_bounced_at is not None) is (told == "failed")
        assert bool(clinic.patient.unwanted_mail) is (told == "complained")

    def test_a_bounce_says_nothing_about_another_address(self, clinic: Clinic, sent: PatientMessage) -> None:
        Patient.objects.filter(pk=clinic.patient.pk).update(email="new@example.com")
        tell_mailgun(hard_bounce(sent))
        clinic.patient.refresh_from_db()
        assert clinic.patient.email_bounced_at is None
        assert {row.status for row in rows(sent.appointment, kind="reminder")} == {"pending"}

    def test_a_complaint_ends_optional_mail_and_nothing_else(self, clinic: Clinic, sent: PatientMessage) -> None:
        tell_mailgun(mailgun_event(sent, "complained"))
        clinic.patient.refresh_from_db()
        assert clinic.patient.unwanted_mail == Patient.OptionalMail.values
        assert not clinic.patient.email_opt_out
        assert {row.status for row in rows(sent.appointment, kind="reminder")} == {"suppressed"}

    @pytest.mark.parametrize("status", ["handled", "cancelled"])
    def test_what_a_person_settled_stays(self, sent: PatientMessage, status: str) -> None:
        begun(sent, status)
        tell_mailgun(mailgun_event(sent))
        sent.refresh_from_db()
        assert sent.status == status
        assert DeliveryEvent.objects.get().message == sent

    def test_a_mail_that_waits_to_be_tried_again_and_arrived_is_not_sent_again(self, sent: PatientMessage) -> None:
        sent.status, sent.settled_at = "pending", None
        sent.save()
        tell_mailgun(mailgun_event(sent))
        sent.refresh_from_db()
        assert sent.status == "delivered"


@pytest.mark.usefixtures("mailgun")
class TestWhatIsRefused:
    @pytest.fixture(autouse=True)
    def nothing_changes(self, sent: PatientMessage, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        with caplog.at_level(logging.INFO):
            yield
        sent.refresh_from_db()
        assert sent.status == "sent"
        assert not DeliveryEvent.objects.exists()
        assert "mock@example.com" not in caplog.text
        assert str(sent.pk) not in caplog.text

    def test_without_a_signature_or_with_another_key(self, sent: PatientMessage) -> None:
        event = mailgun_event(sent)
        event["signature"]["signature"] = hmac(b"another", b"text", sha256).hexdigest()
        assert tell("mailgun", event).status_code == 403
        del event["signature"]
        assert tell("mailgun", event).status_code == 403

    def test_an_old_signature(self, sent: PatientMessage, frozen: Any) -> None:
        event = mailgun_event(sent)
        frozen.shift(timedelta(days=2))
        assert tell("mailgun", event).status_code == 403

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"x"',
            b"[" * 100_000,
            b"\xff",
            b'{"signature": []}',
            b'{"signature": {"token": 1}}',
        ],
        ids=range(9),
    )
    def test_what_is_no_document_of_theirs(self, body: bytes) -> None:
        assert tell("mailgun", body).status_code in (400, 403)

    def test_a_signed_document_that_says_nothing(self, sent: PatientMessage) -> None:
        said: list[Any] = [{}, {"event": 1}, {"event": "delivered", "timestamp": "soon"}, []]
        for data in said:
            assert tell("mailgun", {**mailgun_event(sent), "event-data": data}).status_code in (200, 400)

    def test_a_huge_one(self, sent: PatientMessage) -> None:
        assert tell("mailgun", mailgun_event(sent, padding="x" * 1_000_000)).status_code == 413

    def test_a_provider_that_is_not_in_use(self, sent: PatientMessage, settings: Settings) -> None:
        assert tell("postmark", {}).status_code == 404
        settings.MAIL_PROVIDER = ""
        assert tell("mailgun", mailgun_event(sent)).status_code == 404
        assert tell("", mailgun_event(sent)).status_code == 404

    def test_another_method_or_form(self, sent: PatientMessage) -> None:
        assert Client().get("/anymail/mailgun/tracking/").status_code == 405
        assert Client().post("/anymail/mailgun/tracking/", {"event": "delivered"}).status_code == 400

    def test_a_mail_of_somebody_else_changes_nothing(self, sent: PatientMessage) -> None:
        foreign = mailgun_event(sent)
        foreign["event-data"]["user-variables"] = {"clinic-message": str(uuid4())}
        assert tell_mailgun(foreign) == {"new": 0, "unchanged": 1}
        assert tell_mailgun(mailgun_event(sent, recipient="other@example.com")) == {"new": 0, "unchanged": 1}
        assert tell_mailgun(mailgun_event(sent, "opened")) == {"new": 0, "unchanged": 0}

    def test_a_mail_that_never_began(self, sent: PatientMessage) -> None:
        planned = rows(sent.appointment, kind="reminder")[0]
        assert tell_mailgun(mailgun_event(planned)) == {"new": 0, "unchanged": 1}


POSTMARK_BOUNCE = {
    "RecordType": "Bounce",
    "ID": 4323372036854775807,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed",
    "Description": "The server was unable to deliver your message.",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Email": "Mock@Example.com",
    "BouncedAt": "2026-03-02T16:33:54.9070259Z",
    "Inactive": True,
}
SPARKPOST_BOUNCE = {
    "type": "bounce",
    "bounce_class": "10",
    "event_id": "92356927693813856",
    "raw_rcpt_to": "mock@example.com",
    "raw_reason": "MAIL REFUSED - 550 5.1.1 unknown user",
    "timestamp": "1772469234",
    "transmission_id": "65832150921904138",
}
BREVO_BOUNCE = {
    "event": "hard_bounce",
    "email": "mock@example.com",
    "id": 26224,
    "date": "2026-03-02 16:33:54",
    "ts_epoch": 1772469234000,
    "message-id": "<201798300811.5787683@relay.domain.com>",
    "reason": "550 5.1.1 unknown user",
}


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_cannot_be_is_taken_as_now(sent: PatientMessage, settings: Settings, at: str) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_EVENTS_SECRET = "postmark", BASIC
    bounce = {**POSTMARK_BOUNCE, "BouncedAt": at, "Metadata": {"clinic-message": str(sent.pk)}}
    response = tell("postmark", bounce, Authorization="Basic " + b64encode(BASIC.encode()).decode())
    assert response.json() == {"new": 1, "unchanged": 0}
    (event,) = DeliveryEvent.objects.all()
    assert event.happened_at == timezone.now()


class TestEachProvider:
    """What its header makes the provider keep comes back in its events."""

    def bounce(self, provider: str, message: PatientMessage) -> tuple[Any, Any]:
        """A hard bounce, and a passing one."""
        header = tracking_headers(message.pk)
        match provider:
            case "postmark":
                kept = {name.removeprefix("X-PM-Metadata-"): value for name, value in header.items()}
                hard = {**POSTMARK_BOUNCE, "Metadata": kept}
                return hard, {**hard, "Type": "SoftBounce", "ID": 1}
            case "sparkpost":
                kept = json.loads(header["X-MSYS-API"])["metadata"]
                hard = {**SPARKPOST_BOUNCE, "rcpt_meta": kept}
                passing = {**hard, "bounce_class": "22", "event_id": "1"}
                return [{"msys": {"message_event": hard}}], [{"msys": {"message_event": passing}}, {"msys": {}}]
            case _:
                hard = {**BREVO_BOUNCE, **header}
                return hard, {**hard, "event": "soft_bounce"}

    @pytest.mark.parametrize("provider", ["postmark", "sparkpost", "brevo"])
    def test_a_bounce_comes_back_to_its_mail(
        self, clinic: Clinic, sent: PatientMessage, settings: Settings, provider: str
    ) -> None:
        settings.MAIL_PROVIDER, settings.MAIL_EVENTS_SECRET = provider, BASIC
        hard, passing = self.bounce(provider, sent)
        assert tell(provider, hard).status_code == 403
        wrong = "Basic " + b64encode(b"clinic:guessed").decode()
        assert tell(provider, hard, Authorization=wrong).status_code == 403
        assert not DeliveryEvent.objects.exists()
        right = "Basic " + b64encode(BASIC.encode()).decode()
        for document, has_bounced in ((passing, False), (hard, True), (hard, True)):
            assert tell(provider, document, Authorization=right).status_code == 200
            clinic.patient.refresh_from_db()
            sent.refresh_from_db()
            assert (sent.status, clinic.patient.email_bounced_at is not None) == ("bounced", has_bounced)
        assert DeliveryEvent.objects.count() == 2

    def test_a_provider_that_we_do_not_know_stops_the_start(self, settings: Settings) -> None:
        settings.MAIL_PROVIDER = "pigeon"
        with pytest.raises(ImproperlyConfigured, match="brevo, mailgun, postmark, sparkpost"):
            check_configured()

    def test_without_a_provider_a_mail_carries_nothing_for_one(self, sent: PatientMessage) -> None:
        assert tracking_headers(sent.pk) == {}
