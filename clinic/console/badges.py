"""One colour means one thing everywhere, and never stands alone: a word and an icon are beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.html import format_html
from django.utils.safestring import SafeString


class Tone(Enum):
    """What a colour says."""

    NEUTRAL = "neutral"
    """Planned, or of no further concern."""
    BOOKED = "booked"
    DONE = "done"
    SOON = "soon"
    """Needs a person soon."""
    STOP = "stop"
    """Stops something, or is late."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in words, with its colour and its icon."""

    tone: Tone
    word: str
    icon: str = ""

    def __html__(self) -> SafeString:
        return format_html(
            '<span class="c-badge c-badge--{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>'
            "{}</span>",
            self.tone.value,
            self.icon or ICONS[self.tone],
            self.word,
        )

    def __str__(self) -> str:
        return self.__html__()


ICONS: Mapping[Tone, str] = {
    Tone.NEUTRAL: "radio_button_unchecked",
    Tone.BOOKED: "event_available",
    Tone.DONE: "check_circle",
    Tone.SOON: "error",
    Tone.STOP: "report",
}
