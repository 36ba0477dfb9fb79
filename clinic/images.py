"""Pictures that people upload, made anew: nothing of the file that came survives but what is seen (pure)."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import BinaryIO
from uuid import uuid4

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

from clinic.errors import Invalid

READ = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
JPEG_QUALITY = 85
REDUCED = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Modes whose neighbouring pixels can be averaged."""
NOT_A_PICTURE = "This file is no picture that we can read. Send a JPEG, PNG or WebP."
TOO_LARGE = "This picture has more than 10 MB. Send a smaller one."
TOO_MANY_PIXELS = "This picture has more than 40 million pixels. Send a smaller one."


_one_at_a_time = Lock()
"""A picture of 40 million pixels fills 160 MB while it is made anew."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as we made it: `content` in PNG where it may be see-through, else in JPEG; sizes in pixels."""

    content: bytes
    extension: str
    width: int
    height: int

    def as_file(self) -> ContentFile[bytes]:
        """For an `ImageField`, under a name that tells nothing and nobody guesses."""
        return ContentFile(self.content, name=f"{uuid4().hex}.{self.extension}")


def check_picture(file: BinaryIO | File[bytes], *, attr: str) -> None:
    """Raises `Invalid` for `attr` where the head of `file` is none of a picture, or claims too large a one; `file` is
    then read from its beginning."""
    with _refused(attr):
        _opened(file, attr)
    file.seek(0)


def encoded_anew(
    file: BinaryIO | File[bytes], *, attr: str, longest_side: int, highest: int | None = None, see_through: bool = False
) -> Picture:
    """The picture in `file`, upright, at most `longest_side` pixels long (and `highest` high), without what the camera
    or a program wrote into it; `see_through` keeps transparent parts.

    Raises `Invalid` for `attr` where it is no picture, or one so large that reading it would hurt.
    """
    with _refused(attr):
        picture = _opened(file, attr)
        written = BytesIO()
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = _made(picture, longest_side, highest or longest_side, see_through)
            if see_through:
                made.save(written, "PNG", optimize=True)
            else:
                made.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return Picture(written.getvalue(), "png" if see_through else "jpg", made.width, made.height)


@contextmanager
def _refused(attr: str) -> Iterator[None]:
    """Whatever reading a picture raises, as `Invalid`."""
    try:
        yield
    except Image.DecompressionBombError:
        raise Invalid(TOO_MANY_PIXELS, code="too_large", attr=attr) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, ZeroDivisionError, MemoryError):
        raise Invalid(NOT_A_PICTURE, code="invalid_image", attr=attr) from None


def _opened(file: BinaryIO | File[bytes], attr: str) -> Image.Image:
    """Only the head is read: what it claims is checked before anything is unpacked."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_LARGE, code="too_large", attr=attr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = Image.open(BytesIO(content), formats=READ)
    if picture.width * picture.height > MOST_PIXELS:
        raise Invalid(TOO_MANY_PIXELS, code="too_large", attr=attr)
    return picture


def _made(picture: Image.Image, longest_side: int, highest: int, see_through: bool) -> Image.Image:
    # Made small before anything is copied; by twice as much as either bound, as it may yet be turned.
    longest = max(longest_side, highest)
    picture.draft("RGB", (2 * longest, 2 * longest))
    picture.load()
    factor = max(picture.size) // (2 * longest)
    smaller = picture.reduce(factor) if factor > 1 and picture.mode in REDUCED else picture
    upright = ImageOps.exif_transpose(smaller).convert("RGBA")
    upright.thumbnail((longest_side, highest))
    plain = Image.new("RGBA", upright.size, (255, 255, 255, 0 if see_through else 255))
    plain.alpha_composite(upright)
    return plain if see_through else plain.convert("RGB")
