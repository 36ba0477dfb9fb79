"""What a location's colour becomes on a page: text that can be read on it, and links that can be read in it (pure).

Contrast as WCAG 2.2 computes it; the least for text is 4.5.
"""

from dataclasses import dataclass
from functools import lru_cache

LEAST, LEAST_AT_NIGHT = 4.5, 7.0
"""At night grey letters tire sooner."""
WHITE, BLACK = "#ffffff", "#000000"
"""One of them can be read on any colour."""
LIGHT, DARK = "#f1f3f4", "#1d2124"
"""By day what is around the cards of mails and pages, by night the cards: of the grounds of links the harder one."""


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour as it is used: a button with the text on it, and text in it, by day and by night."""

    button: str
    on_button: str
    link: str
    night_button: str
    on_night_button: str
    night_link: str


@lru_cache(maxsize=64)
def shades(colour: str) -> Shades:
    """Of a colour such as `#0f5f59`: its own where it can be read, and the nearest lighter or darker one elsewhere."""
    link, night_link = _readable(colour, LIGHT, BLACK, LEAST), _readable(colour, DARK, WHITE, LEAST_AT_NIGHT)
    # A button has to be told from the card; that takes less contrast than text.
    button = colour if contrast(colour, LIGHT) >= 1.6 else link
    night_button = colour if contrast(colour, DARK) >= 1.6 else night_link
    return Shades(button, _text_on(button), link, night_button, _text_on(night_button), night_link)


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _text_on(colour: str) -> str:
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


def _readable(colour: str, ground: str, towards: str, least: float) -> str:
    """The shade of `colour` nearest to it that can be read on `ground`."""
    for step in range(21):
        shade = _mixed(colour, towards, step / 20)
        if contrast(shade, ground) >= least:
            return shade
    return towards


def _mixed(colour: str, other: str, part: float) -> str:
    parts = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * part):02x}" for one, two in parts)


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 255 / 12.92 if channel / 255 <= 0.04045 else ((channel / 255 + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
