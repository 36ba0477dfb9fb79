"""The mail providers whose word on a mail we take: what each asks for, and how its events find our mail again (pure).

Mail goes to all of them by SMTP. A header tells the provider to say our id in its events; its `Message-ID` would not
do, since some write their own.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY = "clinic-message"
"""Under which our id stands among what the provider keeps for us."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, as django-anymail knows it."""

    name: str
    headers: Callable[[str], Mapping[str, str]]
    """What a mail carries so that the provider's events name its id."""
    secret: str
    """The option of anymail's view that takes `MAIL_EVENTS_SECRET`: a key that signs, or `user:password`."""
    is_passing: Callable[[Mapping[str, Any]], bool]
    """Whether a bounce, as the provider tells it, says nothing about the address: a full mailbox, say."""


def _as_json(header: str, *path: str) -> Callable[[str], Mapping[str, str]]:
    def headers(message: str) -> Mapping[str, str]:
        document: dict[str, Any] = {KEY: message}
        for name in reversed(path):
            document = {name: document}
        return {header: json.dumps(document)}

    return headers


def _is_passing_at_sparkpost(event: Mapping[str, Any]) -> bool:
    # Its bounce classes 10 and 30: invalid recipient, and no recipient of this name.
    told: Iterable[Mapping[str, Any]] = (event.get("msys") or {}).values()
    return not any(one.get("bounce_class") in ("10", "30") for one in told)


PROVIDERS: Mapping[str, Provider] = {
    "mailgun": Provider(
        "Mailgun",
        _as_json("X-Mailgun-Variables"),
        "webhook_signing_key",
        lambda event: (event.get("event-data") or {}).get("severity") == "temporary",
    ),
    "postmark": Provider(
        "Postmark",
        lambda message: {f"X-PM-Metadata-{KEY}": message},
        "webhook_secret",
        lambda event: event.get("Type") == "SoftBounce",
    ),
    "sparkpost": Provider(
        "SparkPost",
        _as_json("X-MSYS-API", "metadata"),
        "webhook_secret",
        _is_passing_at_sparkpost,
    ),
    "brevo": Provider(
        "Brevo",
        _as_json("X-Mailin-custom"),
        "webhook_secret",
        lambda event: event.get("event") == "soft_bounce",
    ),
}
"""By the name in `MAIL_PROVIDER` and in the address of its events."""


def check_configured() -> None:
    """Raises `ImproperlyConfigured` where `MAIL_PROVIDER` is set to none of them."""
    if settings.MAIL_PROVIDER and settings.MAIL_PROVIDER not in PROVIDERS:
        allowed = ", ".join(sorted(PROVIDERS))
        raise ImproperlyConfigured(f"MAIL_PROVIDER is {settings.MAIL_PROVIDER!r}; it can be {allowed}, or empty.")


def tracking_headers(message: UUID) -> Mapping[str, str]:
    """What the mail about this row carries for the provider in use; nothing where none is set."""
    provider = PROVIDERS.get(settings.MAIL_PROVIDER)
    return provider.headers(str(message)) if provider is not None else {}
