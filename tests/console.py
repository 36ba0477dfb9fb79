"""A clinic whose people are signed in to the console, for tests."""

from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from clinic.console.toasts import Toast, toasts_of
from clinic.people.models import User
from clinic.records import Record
from tests.factories import make_location, make_practitioner, make_user


def sign_in(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def url(row: Record, name: str = "change") -> str:
    """The page of a row, or of one of its acts."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def words(response: Any) -> str:
    """What a page says, as its reader sees it."""
    return unescape(response.content.decode())


def said(response: Any) -> list[str]:
    """The messages that wait for the reader's next page, and what toasts among them say."""
    found = []
    for message in get_messages(response.wsgi_request):
        shown = toasts_of([message])
        found.append(" ".join(filter(None, (shown[0].words, shown[0].detail))) if shown else str(message))
    return found


def toasts(response: Any) -> list[Toast]:
    """The toasts that wait for the reader's next page."""
    return toasts_of(get_messages(response.wsgi_request))


class House:
    """One location in New York, a practitioner, and a signed-in browser for each role."""

    def __init__(self) -> None:
        self.location = make_location("Linden House")
        self.practitioner = make_practitioner(self.location, first_name="Robin", last_name="Rowan")
        self.users: dict[Role, User] = {Role.PRACTITIONER: self.practitioner.user}
        for role in set(Role) - set(self.users):
            self.users[role] = make_user((self.location, role))
        self.clients = {role: sign_in(user) for role, user in self.users.items()}

    def sign_in_again(self) -> None:
        """After the clock moved so far that every sign-in has ended."""
        self.clients = {role: sign_in(user) for role, user in self.users.items()}

    def get(self, role: Role, path: str) -> Any:
        return self.clients[role].get(path)

    def post(self, role: Role, path: str, **data: Any) -> Any:
        return self.clients[role].post(path, data)

    def act(self, role: Role, row: Record, name: str, **data: Any) -> Any:
        """Do a transition, as its button does."""
        return self.clients[role].post(url(row, name), data)
