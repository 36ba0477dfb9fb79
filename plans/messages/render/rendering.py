"""A mail, put together."""

from django.utils.translation import override

from plans.messages.render.calendar import INVITES, calendar_of
from plans.messages.render.headers import headers_of
from plans.messages.render.html import html_of
from plans.messages.render.mail import Mail, RenderedMail
from plans.messages.render.text import text_of
from plans.messages.render.words import as_wording, in_own_words, words_of
from plans.messages.wording import Wording, WordingFault

OWN_WORDS_FAILED = "The location’s own words could not be used ({fault}), so the standard words went out."


def render(mail: Mail) -> RenderedMail:
    """`mail` in words. Raises `ValueError` where an address cannot stand in a header."""
    note = ""
    with override(mail.language):
        words = words_of(mail)
        own = mail.place.wordings.get((mail.kind, mail.language))
        if own is not None:
            try:
                words = in_own_words(words, own, mail)
            except WordingFault as fault:
                note = OWN_WORDS_FAILED.format(fault=fault)
        return RenderedMail(
            subject=words.subject,
            text=text_of(words),
            html=html_of(mail, words),
            calendar=calendar_of(mail) if mail.kind in INVITES else b"",
            calendar_method=INVITES.get(mail.kind, ""),
            headers=headers_of(mail),
            logo=mail.place.logo,
            note=note,
        )


def standard_wording(mail: Mail) -> Wording:
    """The standard words of a mail as a location could write them itself, with placeholders."""
    with override(mail.language):
        return as_wording(words_of(mail), mail.kind)
