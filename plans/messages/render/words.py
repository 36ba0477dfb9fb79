"""The words of every mail, one function for each family of kinds; in the language that is active."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from plans.messages.hosts import hosts_of
from plans.messages.links import Purpose
from plans.messages.models import MessageKind
from plans.messages.render.dates import date_of, day_of, isolated, left_to_right, time_of, weekday_of, zone_label
from plans.messages.render.headers import OPTIONAL, unsubscribe_url
from plans.messages.render.lines import one_line
from plans.messages.render.mail import Mail
from plans.messages.rules import Offer, Recovery
from plans.messages.wording import LINK, LINK_NEEDED, Wording, WordingFault, faults_of, paragraphs, pieces

MAP = "https://www.google.com/maps/search/"


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do: a link that opens a page. Opening it changes nothing."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class When:
    """The time that a mail is about."""

    weekday: str
    day: str
    time: str
    zone: str
    line: str
    """All of it in one line."""
    is_over: bool = False
    """It is struck through: nothing takes place then any more."""


Paragraph = Sequence[str | Act]
"""Words, with links among them."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says, in the order in which it stands there."""

    subject: str
    place: str
    before: Sequence[Paragraph]
    """Before the time and the button."""
    when: When | None = None
    address: str = ""
    map_act: Act | None = None
    main: Act | None = None
    others: Sequence[Act] = ()
    after: Sequence[Paragraph] = ()
    """Under them; what the standard words say there stands under a location's own too."""
    call: str = ""
    """What to call for; empty: no phone."""
    phone: str = ""
    phone_url: str = ""
    closing: str = ""
    unsubscribe: Act | None = None
    page: Act | None = None
    """What `{link}` stands for."""
    values: Mapping[str, str] | None = None
    """What the other placeholders stand for."""

    @property
    def preview(self) -> str:
        """What a list of mails shows beside the subject."""
        if self.when is not None:
            return self.when.line
        said = self.before[-1] if self.before else [self.subject]
        return "".join(part.label if isinstance(part, Act) else part for part in said)


def words_of(mail: Mail) -> Words:
    """The standard words of `mail`."""
    return FAMILIES[mail.kind](mail)


def in_own_words(words: Words, own: Wording, mail: Mail) -> Words:
    """The same mail with a location's own subject and paragraphs; time, address, acts and phone stay under them.

    Raises `WordingFault` where the words cannot be used any more.
    """
    for fault in faults_of(mail.kind, own, mail.language, hosts_of(mail.place.email)):
        raise WordingFault(fault.field, str(fault))
    before: list[Paragraph] = []
    after: list[Paragraph] = []
    main = words.main if words.main != words.page else None
    for text in paragraphs(own.body):
        if text == f"{{{LINK}}}" and words.page is not None and main is None:
            main = words.page
        else:
            (before if main is None or main == words.main != words.page else after).append(_filled(text, words))
    subject = "".join(map(str, _filled(own.subject, words)))
    return replace(words, subject=subject, before=before, after=[*after, *words.after], main=main)


def as_wording(words: Words, kind: MessageKind) -> Wording:
    """The standard words with placeholders for what they were made with: where a location's own begin."""
    said = {text: f"{{{name}}}" for name, text in (words.values or {}).items()}
    body = ["".join(map(str, paragraph)) for paragraph in words.before]
    if kind in LINK_NEEDED:
        body.append(f"{{{LINK}}}")
    subject, text = words.subject, "\n\n".join(body)
    # The longest first: a date may hold the time, and a name be a part of another.
    for value in sorted(filter(None, said), key=len, reverse=True):
        subject, text = subject.replace(value, said[value]), text.replace(value, said[value])
    return Wording(subject, text)


def _filled(text: str, words: Words) -> Paragraph:
    """A location's own paragraph or subject, with what its placeholders stand for."""
    parts: list[str | Act] = []
    for placeholder, said in pieces("\n".join(map(one_line, text.split("\n")))):
        if placeholder is None:
            parts.append(said)
        elif placeholder == LINK and words.page is not None:
            parts.append(words.page)
        else:
            parts.append((words.values or {})[placeholder])
    return parts


def _visit(mail: Mail) -> Words:
    """Confirmation, reminder, changed, cancelled."""
    starts_at, page = mail.visit.starts_at, mail.link(Purpose.VISIT).url
    match mail.kind:
        case MessageKind.CONFIRMATION:
            subject = gettext("Your visit: %(date)s, %(time)s")
            sentence = gettext("Your visit at %(place)s is booked.")
        case MessageKind.REMINDER:
            subject = gettext("Reminder of your visit: %(date)s, %(time)s")
            sentence = gettext("We look forward to your visit at %(place)s.")
        case MessageKind.CHANGED:
            subject = gettext("Your visit has changed: %(date)s, %(time)s")
            sentence = gettext("Your visit at %(place)s has changed. It now takes place at this time.")
        case _:
            subject = gettext("Cancelled: your visit on %(date)s, %(time)s")
            sentence = gettext("Your visit at %(place)s is cancelled. It no longer takes place at this time.")
    is_cancelled = mail.kind == MessageKind.CANCELLED
    words = _at_a_time(mail, subject, sentence, starts_at, is_over=is_cancelled)
    if is_cancelled:
        return replace(words, map_act=None, call=gettext("To find a new time, call us:"))
    return replace(
        words,
        main=Act(gettext("Confirm"), f"{page}confirm/"),
        others=[Act(gettext("Another time"), f"{page}move/"), Act(gettext("I can’t come"), f"{page}cancel/")],
        page=Act(gettext("Your visit"), page),
        call=gettext("Or call us:"),
    )


def _preparation(mail: Mail) -> Words:
    words = _at_a_time(
        mail,
        gettext("Before your visit: %(date)s, %(time)s"),
        gettext("Please read how to prepare for your visit at %(place)s."),
        mail.visit.starts_at,
    )
    return _with_button(words, gettext("How to prepare"), f"{mail.link(Purpose.VISIT).url}aftercare/")


def _offer(mail: Mail) -> Words:
    """A time that has come free, to take or to leave."""
    if not isinstance(mail.subject, Offer) or mail.subject.starts_at is None:
        raise ValueError("no time stands offered")
    page = mail.link(Purpose.OFFER).url
    words = _at_a_time(
        mail,
        gettext("An earlier time for you: %(date)s, %(time)s"),
        gettext("This time has become free at %(place)s. Whoever takes it first gets it."),
        mail.subject.starts_at,
    )
    words = _with_button(words, gettext("Take this time"), f"{page}accept/")
    words = replace(words, others=[Act(gettext("No, thank you"), f"{page}decline/")])
    return replace(words, after=[[_given_up(mail, mail.subject.gives_up)]]) if mail.subject.gives_up else words


def _given_up(mail: Mail, starts_at: datetime) -> str:
    local = starts_at.astimezone(mail.place.zone)
    date = date_of(weekday_of(local), day_of(local))
    said = gettext("Your visit is now on %(date)s, %(time)s. If you take the new time, you give that one up.")
    return said % {"date": date, "time": time_of(local)}


def _course(mail: Mail) -> Words:
    """What is about no visit of its own: aftercare, check-in, overdue, and the link that was asked for."""
    match mail.kind:
        case MessageKind.AFTERCARE:
            subject, label = gettext("After your visit"), gettext("What to keep in mind")
            sentence = gettext("Here is what to keep in mind in the days after your visit at %(place)s.")
            purpose, call = Purpose.AFTERCARE, gettext("Questions? Call us:")
        case MessageKind.CHECK_IN:
            subject, label = gettext("How are you?"), gettext("Answer the questions")
            sentence = gettext("How have you been since your visit at %(place)s? Five short questions, two minutes.")
            purpose, call = Purpose.CHECK_IN, gettext("If you need help now, call us:")
        case MessageKind.OVERDUE:
            subject, label = gettext("Time to book your next visit"), gettext("Choose a time")
            sentence = gettext("Your next visit at %(place)s is not booked yet. Choose a time that suits you.")
            purpose, call = Purpose.FOLLOW_UP, gettext("Or call us:")
        case _:
            subject, label = gettext("Your link"), gettext("Open my page")
            sentence = gettext(
                "Here is the link to your page at %(place)s. If you did not ask for it, you can ignore this email."
            )
            purpose, call = Purpose.HOME, gettext("Questions? Call us:")
    words = replace(_to_patient(mail, sentence), subject=subject, call=call)
    return _with_button(words, label, mail.link(purpose).url)


def _staff(mail: Mail) -> Words:
    """To a colleague: in English, about nobody by name, and with the way to the page where it says more."""
    name, reader = one_line(mail.place.name), one_line(mail.recipient.name)
    if isinstance(mail.subject, Recovery):
        subject, label = "A patient’s answers need you now", "Open the answers"
        sentence = f"A patient of {name} has reported a warning sign. Please look at it at once, and say that you have."
        if mail.subject.acknowledge_by is not None and mail.subject.acknowledge_by <= mail.written_at:
            subject, label = "Nobody has seen to a patient’s answers", "See who it is"
            sentence = (
                f"A patient of {name} reported a warning sign more than an hour ago, and nobody has said that they "
                "have seen to it. Please make sure at once that somebody does."
            )
        path = reverse("admin:plans_checkin_alarm", args=[mail.subject.id])
    elif mail.kind == MessageKind.UNSEEN:
        subject, label = "Mail to patients waits for a person", "See which"
        sentence = (
            f"Mail of {name} could not be sent, or nobody knows whether it arrived, and nobody has looked for two "
            "hours. It does not leave by itself: send it again, or call these patients instead."
        )
        path = f"{reverse('admin:plans_patientmessage_changelist')}?tab=look"
    else:
        subject, label = "Mail to patients is stuck", "Open the messages"
        sentence = f"Mail of {name} has waited longer than it should. Patients are not reached until it leaves."
        path = reverse("admin:plans_patientmessage_changelist")
    words = Words(subject=subject, place=name, before=[[f"Hello {reader}"], [sentence]])
    return _with_button(words, label, f"{settings.PUBLIC_URL}{path}")


FAMILIES: Mapping[MessageKind, Callable[[Mail], Words]] = {
    MessageKind.CONFIRMATION: _visit,
    MessageKind.REMINDER: _visit,
    MessageKind.CHANGED: _visit,
    MessageKind.CANCELLED: _visit,
    MessageKind.PREPARATION: _preparation,
    MessageKind.OFFER: _offer,
    MessageKind.AFTERCARE: _course,
    MessageKind.CHECK_IN: _course,
    MessageKind.OVERDUE: _course,
    MessageKind.LINK: _course,
    MessageKind.ESCALATION: _staff,
    MessageKind.STUCK: _staff,
    MessageKind.UNSEEN: _staff,
}


def _with_button(words: Words, label: str, url: str) -> Words:
    act = Act(label, url)
    return replace(words, main=act, page=act)


def _to_patient(mail: Mail, sentence: str) -> Words:
    """What stands in every mail to a patient; `sentence` may name the place."""
    place = mail.place
    name, phone = isolated(one_line(place.name)), left_to_right(one_line(place.phone))
    reader = isolated(one_line(mail.recipient.name))
    is_optional = mail.kind in OPTIONAL
    return Words(
        subject="",
        place=name,
        before=[[gettext("Hello %(name)s") % {"name": reader}], [sentence % {"place": name}]],
        phone=phone,
        phone_url=f"tel:{re.sub('[^0-9+]', '', place.phone)}",
        closing=gettext("You can also reply to this email."),
        unsubscribe=Act(gettext("No more reminders, advice or offers by email"), unsubscribe_url(mail))
        if is_optional
        else None,
        values={"name": reader, "place": name, "phone": phone},
    )


def _at_a_time(mail: Mail, subject: str, sentence: str, instant: datetime, *, is_over: bool = False) -> Words:
    """A mail about a time at the location; `subject` may name date and time."""
    local = instant.astimezone(mail.place.zone)
    weekday, day, time, zone = weekday_of(local), day_of(local), time_of(local), zone_label(instant, mail.place.zone)
    date = date_of(weekday, day)
    words = _to_patient(mail, sentence)
    name, address = one_line(mail.place.name), one_line(mail.place.address)
    map_url = f"{MAP}?{urlencode({'api': 1, 'query': f'{name}, {address}'})}"
    return replace(
        words,
        subject=subject % {"date": date, "time": time},
        when=When(
            weekday=weekday,
            day=day,
            time=time,
            zone=zone,
            line=gettext("%(date)s, %(time)s (%(zone)s)") % {"date": date, "time": time, "zone": zone},
            is_over=is_over,
        ),
        address=isolated(address),
        map_act=Act(gettext("Show on a map"), map_url) if address else None,
        call=gettext("Questions? Call us:"),
        values={**(words.values or {}), "date": date, "time": time, "zone": zone, "address": isolated(address)},
    )
