"""The one layout of every mail, as HTML."""

from dataclasses import asdict
from functools import cache, lru_cache

import mrml
from django.template import Context, Engine, Template
from django.utils.translation import get_language_bidi

from clinic.places.colours import shades
from plans.messages.render.mail import Mail
from plans.messages.render.words import Words


def html_of(mail: Mail, words: Words) -> str:
    """The mail as a mail program shows it, by day and by night."""
    logo = mail.place.logo
    variables = {
        "words": words,
        "paragraphs": words.before,
        "when": words.when,
        "place": words.place,
        "logo": logo,
        "after": words.after,
        "call": words.call,
        "others": words.others,
        "main": words.main,
    }
    layout = _layout(mail.language, get_language_bidi(), mail.place.brand_colour)
    html: str = layout.render(Context(variables, autoescape=True))
    return html


@lru_cache(maxsize=64)
def _layout(language: str, is_bidi: bool, colour: str) -> Template:
    """The layout in a language's direction and a location's colours: what these decide is filled in once.

    `[[ ]]` in the MJML is filled here, `{{ }}` for each mail.
    """
    html = _html()
    settled = {
        "language": language,
        "direction": "rtl" if is_bidi else "ltr",
        "start": "right" if is_bidi else "left",
        "end": "left" if is_bidi else "right",
        **asdict(shades(colour)),
    }
    for name, value in settled.items():
        html = html.replace(f"[[ {name} ]]", value)
    return Engine.get_default().from_string(html)


@cache
def _html() -> str:
    """The MJML as HTML, with Django's tags left in it: MJML is read once, not for every mail."""
    # Without `fonts` it would link web fonts, which tell a third party who opens the mail.
    options = mrml.RenderOptions(fonts={})
    source = Engine.get_default().get_template("messages/mail.mjml").source
    html: str = mrml.to_html(source, render_options=options).content
    return html
