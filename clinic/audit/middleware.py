"""Ascribes what a request changes to the person who sent it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from clinic.audit.history import Actor, acting


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/p/"):  # the patient's, whoever else is signed in to this browser
            with acting(Actor("patient")):
                return self.get_response(request)

        def user_id() -> str | None:
            user = getattr(request, "user", None)
            return str(user.pk) if user is not None and user.is_authenticated else None

        channel = "api" if request.path.startswith(("/api/", "/fhir/")) else "console"
        with acting(Actor(channel, user_id)):
            return self.get_response(request)
