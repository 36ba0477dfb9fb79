"""What happens to a request's body before and after the views: the API's are limited, and all are read to their end."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

PREFIXES = ("/api/", "/fhir/")
CHUNK_BYTES = 64 * 1024
DRAINED_AT_MOST_BYTES = 64 * 1024 * 1024


class BodyMiddleware:
    """Answers 413 to an API request over `DATA_UPLOAD_MAX_MEMORY_SIZE` without holding it in memory.

    What no view read is read and thrown away, in pieces: a server that closes a connection with unread input resets
    it, and the client would see no answer at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        _drain(request)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIXES):
            request.encoding = "utf-8"  # a client's charset may be no encoding of text at all
            if _announced_bytes(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                return _too_large()
        return self.get_response(request)


def _announced_bytes(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # Django reads no body then


def _too_large() -> HttpResponse:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // (1024 * 1024)
    error = {"code": "too_large", "detail": f"A body has at most {limit} MB.", "attr": None}
    return JsonResponse({"type": "client_error", "errors": [error]}, status=413)


def _drain(request: HttpRequest) -> None:
    try:
        for _ in range(DRAINED_AT_MOST_BYTES // CHUNK_BYTES):
            if not request.read(CHUNK_BYTES):
                return
    except (OSError, ValueError):
        return  # the client is gone, or a view closed the stream
