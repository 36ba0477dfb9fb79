from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from clinic.api.middleware import CHUNK_BYTES, BodyMiddleware

MEGABYTE = 1024 * 1024


class Stream(BytesIO):
    """Remembers the most that was read of it at once."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.largest = max(self.largest, len(found))
        return found


def pass_through(path: str, stream: Stream, view=lambda request: HttpResponse("done")) -> HttpResponse:
    environment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(stream.getvalue())),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": stream,
    }
    return BodyMiddleware(view)(WSGIRequest(environment))


@pytest.mark.parametrize("path", ["/api/v1/rooms/", "/admin/login/", "/nothing"])
def test_what_no_view_read_is_read_to_its_end_in_pieces(path):
    stream = Stream(b"x" * (10 * MEGABYTE))
    pass_through(path, stream)
    assert stream.tell() == 10 * MEGABYTE
    assert stream.largest <= CHUNK_BYTES


def test_an_api_body_over_the_limit_never_reaches_a_view_and_others_do():
    def fail(request: HttpRequest) -> HttpResponse:
        raise AssertionError("reached")

    assert pass_through("/api/v1/rooms/", Stream(b"x" * (2 * MEGABYTE + 1)), fail).status_code == 413
    assert pass_through("/fhir/Patient", Stream(b"x" * (2 * MEGABYTE + 1)), fail).status_code == 413
    assert pass_through("/admin/", Stream(b"x" * (2 * MEGABYTE + 1))).status_code == 200
    assert pass_through("/api/v1/rooms/", Stream(b"x" * (2 * MEGABYTE))).status_code == 200


def test_a_body_that_a_view_read_is_left_alone():
    def read(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.body)

    assert pass_through("/api/v1/rooms/", Stream(b'{"a": 1}'), read).content == b'{"a": 1}'
