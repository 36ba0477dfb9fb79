"""A location's own words for a kind of mail: which placeholders it knows, what is wrong with a draft, and the words
with everything in place (pure)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from plans.messages.clinical_terms import clinical_words, mixed_words
from plans.messages.hosts import foreign_addresses
from plans.messages.models import MessageKind

SUBJECT_AT_MOST, BODY_AT_MOST = 150, 2000
LINK = "link"
OF_A_TIME = ("date", "time", "zone", "address")
ALWAYS = ("name", "place", "phone")
PLACEHOLDERS: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.CONFIRMATION: (*ALWAYS, *OF_A_TIME, LINK),
    MessageKind.REMINDER: (*ALWAYS, *OF_A_TIME, LINK),
    MessageKind.CHANGED: (*ALWAYS, *OF_A_TIME, LINK),
    MessageKind.CANCELLED: (*ALWAYS, *OF_A_TIME),
    MessageKind.PREPARATION: (*ALWAYS, *OF_A_TIME, LINK),
    MessageKind.OFFER: (*ALWAYS, *OF_A_TIME, LINK),
    MessageKind.AFTERCARE: (*ALWAYS, LINK),
    MessageKind.CHECK_IN: (*ALWAYS, LINK),
    MessageKind.OVERDUE: (*ALWAYS, LINK),
    MessageKind.LINK: (*ALWAYS, LINK),
}
"""What each kind can say in braces."""
MEANING: Mapping[str, str] = {
    "name": "the first name of the reader",
    "place": "the name of the location",
    "phone": "its phone number",
    "date": "the day, such as Tuesday 24 November 2026",
    "time": "the time of day, such as 09:30",
    "zone": "the time zone, such as New York time, EST",
    "address": "street and city",
    LINK: "the link; in a paragraph of its own it is the button, where the mail has no other",
}
LINK_NEEDED = frozenset(
    {
        MessageKind.PREPARATION,
        MessageKind.AFTERCARE,
        MessageKind.CHECK_IN,
        MessageKind.OVERDUE,
        MessageKind.OFFER,
        MessageKind.LINK,
    }
)
"""Without its link such a mail asks for something that nobody can do. The links of a visit stand under any words."""
PIECES = re.compile(r"\{([^{}]*)\}|[{}]|[^{}]+")
BETWEEN_PARAGRAPHS = re.compile(r"\n{2,}")


class WordingFault(ValueError):
    """Something that keeps words from being used, in words for a colleague; `field` is `subject` or `body`."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


@dataclass(frozen=True, slots=True)
class Wording:
    """Subject and body with placeholders in braces; paragraphs with an empty line between them."""

    subject: str
    body: str


@lru_cache(maxsize=512)
def faults_of(
    kind: MessageKind, wording: Wording, language: str = "", hosts: frozenset[str] = frozenset()
) -> Sequence[WordingFault]:
    """Everything that is wrong with these words, most of it by name; empty where they can be used.

    `language` is that of the words, `hosts` are those that they may name. Asked again for every mail that has words of
    its own, so it is remembered.
    """
    found = [
        fault
        for field, text in (("subject", wording.subject), ("body", wording.body))
        for fault in (*_faults(kind, field, text), *_unsafe(field, text, language, hosts))
    ]
    if kind in LINK_NEEDED and f"{{{LINK}}}" not in wording.body:
        found.append(WordingFault("body", f"{{{LINK}}} is missing: without it nobody can do what this mail asks for."))
    return tuple(found)


def _faults(kind: MessageKind, field: str, text: str) -> Iterator[WordingFault]:
    most = SUBJECT_AT_MOST if field == "subject" else BODY_AT_MOST
    if not text.strip():
        yield WordingFault(field, "Some words are needed here.")
    if len(text) > most:
        yield WordingFault(field, f"These are {len(text)} characters; at most {most} fit.")
    if field == "subject" and len(text.splitlines()) > 1:
        yield WordingFault(field, "A subject is one line.")
    known = [name for name in PLACEHOLDERS[kind] if name != LINK or field == "body"]
    for placeholder, said in pieces(text):
        if placeholder is None and said in ("{", "}"):
            yield WordingFault(field, f"A brace stands alone ({said}). Placeholders look like {{{known[0]}}}.")
        elif placeholder is not None and placeholder not in known:
            yield WordingFault(
                field, f"{{{placeholder}}} is unknown here. Known: {', '.join(f'{{{name}}}' for name in known)}."
            )


def _unsafe(field: str, text: str, language: str, hosts: frozenset[str]) -> Iterator[WordingFault]:
    """What would tell others something, or lead patients astray."""
    clinical = clinical_words(text, language)
    if clinical:
        yield WordingFault(field, f"Others may read this mail over a shoulder: it cannot say {_quoted(clinical)}.")
    mixed = mixed_words(text)
    if mixed:
        yield WordingFault(
            field, f"{_quoted(mixed)} mixes letters of several alphabets that look alike. Type it again in one."
        )
    addresses = foreign_addresses(text, hosts)
    if addresses:
        known = f" than to {' or '.join(sorted(hosts))}" if hosts else ""
        yield WordingFault(field, f"Mail programs make a link of {_quoted(addresses)}, and it leads elsewhere{known}.")


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def pieces(text: str) -> Iterator[tuple[str | None, str]]:
    """The parts of `text` in order: the name of a placeholder or None, and what stands there."""
    for match in PIECES.finditer(text):
        yield match.group(1), match.group()


def paragraphs(body: str) -> Sequence[str]:
    """The paragraphs of a body, with the line breaks within them."""
    lines = "\n".join(line.strip() for line in body.strip().splitlines())
    return [part for part in BETWEEN_PARAGRAPHS.split(lines) if part]
