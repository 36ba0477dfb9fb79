"""What each kind of failure of a mail server is taken to mean."""

import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from plans.messages.smtp import Answer, MailServer, Unreachable, Verdict
from tests.plans.messages.sink import Mode, Sink

CONTENT = b"Subject: x\r\nX-Clinic-Message: 1\r\n\r\n.dot\r\n..\r\nlast\r\n"


@pytest.fixture
def server(sink: Sink, settings: Settings) -> Iterator[MailServer]:
    settings.EMAIL_TIMEOUT = 0.5
    with MailServer() as server:
        yield server


def send(server: MailServer) -> Answer:
    return server.send(sender="no-reply@visits.example", recipient="mock@example.com", content=CONTENT)


def test_a_mail_arrives_as_it_was_written(server: MailServer, sink: Sink) -> None:
    server.connect()
    assert send(server) == Answer(Verdict.ACCEPTED)
    assert sink.received == [CONTENT]


def test_many_mails_go_over_one_connection(server: MailServer, sink: Sink) -> None:
    server.connect()
    assert [send(server).verdict for _ in range(5)] == [Verdict.ACCEPTED] * 5
    assert sink.connections == 1


@pytest.mark.parametrize(
    ("mode", "verdict", "detail", "arrived"),
    [
        (Mode.TRANSIENT_AT_RECIPIENT, Verdict.TRANSIENT, "The server refused the recipient (451 4.7.1).", 0),
        (Mode.PERMANENT_AT_RECIPIENT, Verdict.PERMANENT, "The server refused the recipient (550 5.1.1).", 0),
        (Mode.TRANSIENT_AFTER_DOT, Verdict.TRANSIENT, "The server refused the mail (452 4.3.1).", 0),
        (Mode.PERMANENT_AFTER_DOT, Verdict.PERMANENT, "The server refused the mail (554 5.6.0).", 0),
        (Mode.DROP_AFTER_DOT, Verdict.UNKNOWN, "No answer came after the mail was handed over", 1),
        (Mode.HANG_AFTER_DOT, Verdict.UNKNOWN, "No answer came after the mail was handed over", 1),
        (Mode.NONSENSE_AFTER_DOT, Verdict.UNKNOWN, "The answer after the mail was handed over made no sense", 1),
    ],
)
def test_a_failure_is_classed_by_its_stage_and_names_nobody(
    server: MailServer, sink: Sink, mode: Mode, verdict: Verdict, detail: str, arrived: int
) -> None:
    sink.mode = mode
    server.connect()
    answer = send(server)
    assert answer.verdict is verdict
    assert answer.detail.startswith(detail)
    assert "mock" not in answer.detail
    assert len(sink.received) == arrived


def test_a_connection_that_breaks_amid_the_content_hands_nothing_over(server: MailServer, sink: Sink) -> None:
    """Large enough that the socket cannot swallow it whole before the break is noticed."""
    sink.mode = Mode.DROP_BEFORE_DOT
    server.connect()
    answer = server.send(
        sender="no-reply@visits.example", recipient="mock@example.com", content=b"line\r\n" * 4_000_000
    )
    assert answer.verdict is Verdict.TRANSIENT
    assert sink.received == []


def test_after_a_refusal_the_same_connection_takes_the_next_mail(server: MailServer, sink: Sink) -> None:
    server.connect()
    sink.mode = Mode.PERMANENT_AT_RECIPIENT
    assert send(server).verdict is Verdict.PERMANENT
    sink.mode = Mode.ACCEPT
    assert send(server).verdict is Verdict.ACCEPTED
    assert sink.connections == 1


def test_a_connection_that_the_server_closed_between_mails_is_opened_again(server: MailServer, sink: Sink) -> None:
    sink.mode = Mode.CLOSE_AFTER_EACH
    server.connect()
    assert [send(server).verdict for _ in range(3)] == [Verdict.ACCEPTED] * 3
    assert (len(sink.received), sink.connections) == (3, 3)


def test_after_an_unknown_outcome_the_connection_is_not_used_again(server: MailServer, sink: Sink) -> None:
    server.connect()
    sink.mode = Mode.HANG_AFTER_DOT
    assert send(server).verdict is Verdict.UNKNOWN
    assert not server.is_connected
    with pytest.raises(Unreachable):
        send(server)


@pytest.mark.parametrize("mode", [Mode.REFUSE_CONNECTION, Mode.HANG_AT_GREETING])
def test_a_server_that_does_not_greet_cannot_be_used(server: MailServer, sink: Sink, mode: Mode) -> None:
    sink.mode = mode
    with pytest.raises(Unreachable, match="could not be used"):
        server.connect()
    assert not server.is_connected


def test_a_server_that_is_not_there_cannot_be_used(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()
    with MailServer() as server, pytest.raises(Unreachable, match=r"could not be used \(ConnectionRefusedError\)"):
        server.connect()


def test_a_server_that_drips_its_answer_is_given_up_all_the_same(
    server: MailServer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each letter comes in time; the line never ends."""
    monkeypatch.setattr("plans.messages.smtp.MESSAGE_SECONDS", 0.3)
    server.connect()
    sink.mode = Mode.DRIP
    assert send(server) == Answer(
        Verdict.TRANSIENT, "The connection broke before the mail was handed over (SMTPServerDisconnected)."
    )


def test_a_server_that_refuses_us_as_the_sender_cannot_be_used(server: MailServer, sink: Sink) -> None:
    server.connect()
    sink.mode = Mode.PERMANENT_AT_SENDER
    with pytest.raises(Unreachable, match=r"The server refused the sender \(553 5\.7\.1\)\."):
        send(server)
