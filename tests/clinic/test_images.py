"""Uploaded pictures: made anew, or refused."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from clinic.errors import Invalid
from clinic.images import encoded_anew


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 600), mode: str = "RGB", **options) -> BytesIO:
    file = BytesIO()
    Image.new(mode, size, (200, 30, 30) if mode == "RGB" else (200, 30, 30, 0)).save(file, kind, **options)
    file.seek(0)
    return file


def png_that_claims(width: int, height: int) -> BytesIO:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return BytesIO(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 10_000)) + chunk(b"IEND", b""))


def test_a_picture_is_made_anew_upright_smaller_and_without_what_the_camera_wrote():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned
    exif[0x010E] = "taken at home"
    made = encoded_anew(picture(exif=exif), attr="photo", longest_side=400)
    again = Image.open(BytesIO(made.content))
    assert (again.format, again.size) == ("JPEG", (made.width, made.height)) == ("JPEG", (300, 400))
    assert not again.getexif()
    assert b"taken at home" not in made.content


def test_a_logo_keeps_what_is_see_through_and_fits_its_place():
    made = encoded_anew(
        picture("PNG", (900, 300), "RGBA"), attr="logo", longest_side=480, highest=100, see_through=True
    )
    again = Image.open(BytesIO(made.content))
    assert (again.format, again.mode, again.size) == ("PNG", "RGBA", (300, 100))
    assert again.getpixel((0, 0))[3] == 0
    assert made.as_file().name.endswith(".png")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), "invalid_image"),
        (BytesIO(b""), "invalid_image"),
        (BytesIO(picture().read()[:900]), "invalid_image"),
        (picture("GIF"), "invalid_image"),
        (png_that_claims(60_000, 60_000), "too_large"),
        (png_that_claims(20_000, 20_000), "too_large"),
        (BytesIO(b"\0" * (10 * 1024 * 1024 + 1)), "too_large"),
    ],
)
def test_what_is_no_picture_or_a_bomb_is_refused_by_name(file, code):
    with pytest.raises(Invalid) as refused:
        encoded_anew(file, attr="photo", longest_side=400)
    assert (refused.value.code, refused.value.attr) == (code, "photo")
