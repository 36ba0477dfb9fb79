"""A location's colour on its pages, with text that can be read on it and shades that can be read as text (pure).

Contrast as WCAG 2 defines it: 4.5 at least, for text of any size.
"""

from colorsys import hls_to_rgb, rgb_to_hls

Colour = tuple[float, float, float]
READABLE = 4.5
WHITE, BLACK = "#ffffff", "#111111"
PAPER, NIGHT = "#ffffff", "#1b2023"
"""The cards' backgrounds, light and dark, as portal.css has them."""
STEP = 0.02


def stylesheet(brand: str) -> str:
    """The custom properties of `brand` (“#0f5f59”), for light and dark pages."""
    light, dark = readable_on(brand, PAPER), readable_on(brand, NIGHT)
    return (
        f":root{{--brand:{brand};--on-brand:{text_on(brand)};--brand-ink:{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--brand:{dark};--on-brand:{text_on(dark)};--brand-ink:{dark}}}}}\n"
    )


def text_on(background: str) -> str:
    """White or black, whichever reads better on it: one of them always does."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, background))


def readable_on(colour: str, background: str) -> str:
    """`colour`, as much darker or lighter as it takes to be read on `background`."""
    hue, lightness, saturation = rgb_to_hls(*_channels(colour))
    step = -STEP if _luminance(background) > 0.5 else STEP
    while contrast(colour, background) < READABLE and 0 < lightness + step < 1:
        lightness += step
        colour = _written(hls_to_rgb(hue, lightness, saturation))
    return colour


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> Colour:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _written(channels: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in channels)
