"""What a location is called in mail and on calendar entries: a name that tells nothing of what is treated there."""

from collections.abc import Iterable

from clinic.errors import Invalid
from clinic.places.models import Location
from plans.messages.clinical_terms import clinical_words


def check_mail_name(name: str) -> None:
    """Raises `Invalid` for a name in mail with clinical words."""
    found = clinical_words(name)
    if found:
        detail = f"{quoted(found)} tells what patients are treated for; others see the name in mail. Leave it out."
        raise Invalid(detail, code="clinical_word", attr="mail_name")


def telling_words(location: Location) -> list[str]:
    """The clinical words in what the mail of `location` calls it."""
    return clinical_words(location.name_in_mail)


def quoted(words: Iterable[str]) -> str:
    """“Hair”, “Scalp”."""
    return ", ".join(f"“{word}”" for word in words)
