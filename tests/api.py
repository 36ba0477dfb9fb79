"""A client of the API for tests: signed in, speaking JSON, failing loudly on a 500."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from knox.models import AuthToken

from clinic.people.models import User

ROOT = "/api/v1"


class Api:
    """Requests as `user`, or as a stranger; a path begins below `/api/v1`."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client()
        self.token = AuthToken.objects.create(user)[1] if user else None

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: object, **headers: str) -> Any:
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.ask("DELETE", path, **headers)

    def ask(self, method: str, path: str, body: object = "", **headers: str) -> Any:
        """A header is named with underscores: `If_Match='"1"'`. A body of bytes is sent as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named.setdefault("Authorization", f"Token {self.token}")
        url = path if path.startswith(("http", ROOT)) else ROOT + path
        kind = named.pop("Content-Type", "application/json")
        return self.client.generic(method, url, self._encoded(body), kind, headers=named)

    def follow(self, link: str) -> Any:
        """GET a `next` or `previous` link."""
        parts = urlsplit(link)
        return self.get(f"{parts.path}?{parts.query}")

    def _encoded(self, body: object) -> Any:
        if isinstance(body, bytes):
            return body
        return json.dumps(body, cls=DjangoJSONEncoder).encode() if body != "" else b""


def errors(response: Any) -> dict[str | None, str]:
    """The code of each error of a refusal, by field."""
    return {error["attr"]: error["code"] for error in response.json()["errors"]}
