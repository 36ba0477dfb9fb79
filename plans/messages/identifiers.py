"""Names that mails and calendar entries carry through the world; derived, so that every attempt has the same ones."""

from functools import cache
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings


def message_id(message: UUID) -> str:
    """The `Message-ID` header of a message, in angle brackets."""
    return f"<{message}@{mail_domain()}>"


def calendar_uid(appointment: UUID) -> str:
    """The UID of a visit's calendar entry: the same through every move, and in its cancellation."""
    return f"{appointment}@{mail_domain()}"


@cache
def mail_domain() -> str:
    """The host that patients know this installation by."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"[{host}]" if ":" in host else host
