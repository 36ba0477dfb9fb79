"""In which language a page speaks: the one chosen on it, else the patient's, else the browser's."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_from_request

from patients.models import Patient

COOKIE, PARAMETER, PATH = "patient_language", "language", "/p/"
REMEMBERED_SECONDS = 365 * 24 * 60 * 60
KNOWN = tuple(code for code, _ in settings.LANGUAGES)


def language_of(request: HttpRequest, patient: Patient | None) -> str:
    """A code of `settings.LANGUAGES`."""
    for code in (chosen(request), request.COOKIES.get(COOKIE), patient.language if patient is not None else None):
        if code in KNOWN:
            return str(code)
    return get_language_from_request(request)


def chosen(request: HttpRequest) -> str | None:
    """The language that was just picked on the page; None where none was."""
    code = request.GET.get(PARAMETER)
    return code if code in KNOWN else None


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Keep the language that was just picked, in this browser."""
    code = chosen(request)
    if code is not None:
        response.set_cookie(
            COOKIE,
            code,
            max_age=REMEMBERED_SECONDS,
            path=PATH,
            secure=settings.SECURE_COOKIES,
            httponly=True,
            samesite="Lax",
        )
