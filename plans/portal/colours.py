"""A location's colour on its pages, as a stylesheet of its own: a page has no styles in it (pure)."""

from clinic.places.colours import shades


def stylesheet(colour: str) -> str:
    """The custom properties that `portal.css` asks for, of a colour such as `#0f5f59`, by day and by night."""
    found = shades(colour)
    day = _properties(found.button, found.on_button, found.link)
    night = _properties(found.night_button, found.on_night_button, found.night_link)
    return f":root{{{day}}}\n@media (prefers-color-scheme:dark){{:root{{{night}}}}}\n"


def _properties(button: str, text: str, ink: str) -> str:
    return f"--brand:{button};--on-brand:{text};--brand-ink:{ink}"
