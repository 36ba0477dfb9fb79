"""Writes a location's own words, and sends somebody a mail in them to look at."""

from collections.abc import Sequence
from dataclasses import replace
from email.utils import parseaddr

from django.conf import settings

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid
from clinic.locking import lock
from clinic.mailboxes import ascii_address
from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import uuid7
from plans.messages.hosts import hosts_of
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, MessageWording
from plans.messages.places import place_of
from plans.messages.render import Mail, RenderedMail, render
from plans.messages.samples import sample_mail
from plans.messages.smtp import MailServer, Unreachable, Verdict
from plans.messages.wording import Wording, WordingFault, faults_of


def message_wording_write(
    *, location: Location, kind: MessageKind, language: str, subject: str, body: str
) -> MessageWording:
    """Keep these words for mails of `kind` in `language`; returns the row, new or changed.

    Raises `Invalid`, naming what is wrong with each field: an unknown or broken placeholder, a clinical word, an
    address that leads elsewhere, a link that is missing.
    """
    _check(location, kind, language, Wording(subject, body))
    with recorded("Mail words changed"):
        # Two who write the first words of a kind at the same moment: the second one changes what the first one made.
        row, is_new = MessageWording.objects.get_or_create(
            location=location, kind=kind, language=language, defaults={"subject": subject, "body": body}
        )
        if not is_new:
            row = lock(MessageWording.objects.all(), row.pk)
            row.subject, row.body = subject, body
            row.save()
        return row


def message_wording_reset(*, wording: MessageWording) -> None:
    """Give up a location's own words: the standard ones stand again."""
    with recorded("Standard mail words again"):
        lock(MessageWording.objects.all(), wording.pk).delete()


def wording_try(*, location: Location, kind: MessageKind, language: str, wording: Wording | None) -> RenderedMail:
    """A made-up mail of `kind` in these words, or in the standard ones; nothing is kept or sent."""
    return render(_sample(location, kind, language, wording))


def wording_send_test(
    *, to: User, location: Location, kind: MessageKind, language: str, wording: Wording | None
) -> None:
    """Send `to` a made-up mail of `kind` in these words, or in the standard ones, at once; its links open nothing.

    Raises `Invalid` where the words cannot be used, and `Conflict` where the mail server does not take the mail.
    """
    if wording is not None:
        _check(location, kind, language, wording)
    key, sender = uuid7(), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    sample = _sample(location, kind, language, wording)
    mail = replace(
        sample,
        id=key,
        message_id=message_id(key),
        from_address=sender,
        recipient=replace(sample.recipient, name=to.first_name, address=to.email),
    )
    try:
        with MailServer() as server:
            server.connect()
            answer = server.send(
                sender=ascii_address(sender), recipient=ascii_address(to.email), content=render(mail).as_bytes()
            )
    except Unreachable as error:
        raise Conflict(f"{error} No test mail was sent.", code="mail_unreachable") from None
    if answer.verdict is not Verdict.ACCEPTED:
        raise Conflict(f"The mail server did not take the test mail. {answer.detail}".strip(), code="mail_refused")


def faults_here(location: Location, kind: MessageKind, language: str, wording: Wording) -> Sequence[WordingFault]:
    """What keeps `wording` from being used at `location`."""
    return faults_of(kind, wording, language, hosts_of(location.email))


def _check(location: Location, kind: MessageKind, language: str, wording: Wording) -> None:
    faults = faults_here(location, kind, language, wording)
    Invalid.gather(Invalid(str(fault), code="invalid_wording", attr=fault.field) for fault in faults)


def _sample(location: Location, kind: MessageKind, language: str, wording: Wording | None) -> Mail:
    place = place_of(location, {(kind, language): wording} if wording is not None else {})
    return sample_mail(kind, place, now=clock.now(), language=language)
