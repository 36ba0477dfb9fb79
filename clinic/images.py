"""Pictures that people upload, made anew: nothing of the file that came survives but what is seen (pure)."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO
from uuid import uuid4

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

from clinic.errors import Invalid

READ = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
JPEG_QUALITY = 85
NOT_A_PICTURE = "This file is no picture that we can read. Send a JPEG, PNG or WebP."
TOO_LARGE = "This picture has more than 10 MB. Send a smaller one."
TOO_MANY_PIXELS = "This picture has more than 40 million pixels. Send a smaller one."


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


def encoded_anew(
    file: BinaryIO | File[bytes], *, attr: str, longest_side: int, highest: int | None = None, see_through: bool = False
) -> Picture:
    """The picture in `file`, upright, at most `longest_side` pixels long (and `highest` high), without what the camera
    or a program wrote into it; `see_through` keeps transparent parts.

    Raises `Invalid` for `attr` where it is no picture, or one so large that reading it would hurt.
    """
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_LARGE, code="too_large", attr=attr)
    try:
        # Only the head is read here: what it claims is checked before anything is unpacked.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(content), formats=READ)
        if picture.width * picture.height > MOST_PIXELS:
            raise Invalid(TOO_MANY_PIXELS, code="too_large", attr=attr)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = _made(picture, longest_side, highest or longest_side, see_through)
            written = BytesIO()
            if see_through:
                made.save(written, "PNG", optimize=True)
            else:
                made.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True)
    except Image.DecompressionBombError:
        raise Invalid(TOO_MANY_PIXELS, code="too_large", attr=attr) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, ZeroDivisionError, MemoryError):
        raise Invalid(NOT_A_PICTURE, code="invalid_image", attr=attr) from None
    return Picture(written.getvalue(), "png" if see_through else "jpg", made.width, made.height)


def _made(picture: Image.Image, longest_side: int, highest: int, see_through: bool) -> Image.Image:
    picture.load()
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((longest_side, highest))
    plain = Image.new("RGBA", upright.size, (255, 255, 255, 0 if see_through else 255))
    plain.alpha_composite(upright)
    return plain if see_through else plain.convert("RGB")
