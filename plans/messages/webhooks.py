"""`/anymail/{provider}/tracking/`: where the mail provider says what became of our mails.

Anymail checks the provider's own signature and reads its events. What is unsigned, malformed or too large is refused
and logged without a word of what it held; an event about a mail that is not ours changes nothing.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module
from uuid import UUID

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clinic import clock
from clinic.audit.history import Actor, acting
from clinic.errors import Conflict
from plans.messages.identifiers import mail_domain
from plans.messages.models import DeliveryEvent
from plans.messages.providers import KEY, PROVIDERS, Provider
from plans.messages.tracking import Event, delivery_event_record

logger = logging.getLogger(__name__)

Kind = DeliveryEvent.Kind

LARGEST_BYTES = 1_000_000
MOST_EVENTS = 2_000
OLDEST_SIGNATURE = timedelta(days=1)
"""Providers give up telling us within hours; somebody who kept an older signature is somebody else."""
KINDS: Mapping[str, DeliveryEvent.Kind] = {
    EventType.SENT: Kind.SENT,
    EventType.QUEUED: Kind.SENT,
    EventType.DEFERRED: Kind.DEFERRED,
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.BOUNCED: Kind.BOUNCED,
    EventType.REJECTED: Kind.REJECTED,
    EventType.FAILED: Kind.REJECTED,
    EventType.COMPLAINED: Kind.COMPLAINED,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
}
"""Whether somebody opened a mail, or followed a link, is not ours to keep."""
OF_THE_ADDRESS = (RejectReason.INVALID, RejectReason.BOUNCED)
"""Why a provider turns a mail down for good: the address is no mailbox, or did not take mail before."""
CODE = re.compile(r"\b[245](?:\d\d|\.\d{1,3}\.\d{1,3})\b")
MALFORMED = (AnymailError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
"""What anymail raises over a document that the provider would not send."""


@csrf_exempt  # the provider signs instead
@never_cache
@require_POST
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """How many events were new, and how many changed nothing; 404 for a provider that is not in use."""
    known = PROVIDERS.get(provider) if provider == settings.MAIL_PROVIDER else None
    if known is None:
        raise Http404
    try:
        events = _read(request, known)
    except AnymailWebhookValidationFailure:
        return _refuse(known, 403, "The signature is missing or wrong.")
    except RequestDataTooBig:
        return _refuse(known, 413, "It is too large.")
    except MALFORMED:
        return _refuse(known, 400, "It cannot be read.")
    try:
        with acting(Actor("mail_provider")):
            new = sum(delivery_event_record(event=event) is not None for event in events)
    except (Conflict, OperationalError):
        return JsonResponse({"detail": "Try again in a moment."}, status=503, headers={"Retry-After": "30"})
    return JsonResponse({"new": new, "unchanged": len(events) - new})


def _refuse(provider: Provider, status: int, detail: str) -> HttpResponse:
    logger.warning("Refused what came as an event of %s: %s", provider.name, detail)
    return JsonResponse({"detail": detail}, status=status)


def _read(request: HttpRequest, provider: Provider) -> list[Event]:
    """The events of a signed request that mean something about a mail of ours."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BYTES:
        raise RequestDataTooBig
    if request.content_type != "application/json":
        raise ValueError("every one of them sends JSON")
    module = import_module(f"anymail.webhooks.{provider.name.lower()}")
    kind: type[AnymailCoreWebhookView] = getattr(module, f"{provider.name}TrackingWebhookView")
    view = kind(**{provider.secret: settings.MAIL_EVENTS_SECRET})
    view.run_validators(request)
    found: list[AnymailTrackingEvent] = view.parse_events(request)
    if len(found) > MOST_EVENTS:
        raise RequestDataTooBig
    for event in found:
        _check_age(event)
    return [one for event in found if (one := _event(provider, event)) is not None]


def _check_age(event: AnymailTrackingEvent) -> None:
    """Where the time is signed too, an old one is a replay."""
    signature = event.esp_event.get("signature") if isinstance(event.esp_event, dict) else None
    if isinstance(signature, dict):
        signed_at = datetime.fromtimestamp(int(signature["timestamp"]), UTC)
        if abs(clock.now() - signed_at) > OLDEST_SIGNATURE:
            raise AnymailWebhookValidationFailure("The signature is too old.")


def _event(provider: Provider, event: AnymailTrackingEvent) -> Event | None:
    """`event` in our words; None where it means nothing to us."""
    kind, message = KINDS.get(event.event_type), _message_of(event)
    if kind is None or message is None:
        return None
    told = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    is_hard = (
        kind in (Kind.BOUNCED, Kind.REJECTED)
        and event.reject_reason in OF_THE_ADDRESS
        and not provider.is_passing(told)
    )
    happened_at = event.timestamp if event.timestamp is not None else clock.now()
    if happened_at.tzinfo is None:
        happened_at = happened_at.replace(tzinfo=UTC)
    recipient = str(event.recipient or "")
    name = str(event.event_id or "")
    if not name or not name.isprintable() or len(name) > 200:
        name = sha256(f"{name} {message} {kind} {is_hard} {recipient} {event.timestamp}".encode()).hexdigest()
    # The server's words may hold the address; its codes do not.
    codes = dict.fromkeys(CODE.findall(str(event.mta_response or "")))
    detail = " ".join(filter(None, (str(event.reject_reason or ""), *list(codes)[:3])))
    return Event(provider.name, name, message, kind, is_hard, recipient, detail, happened_at)


def _message_of(event: AnymailTrackingEvent) -> UUID | None:
    """The key of the mail that `event` names, by what we gave the provider to keep, or by its `Message-ID`."""
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    name, _, domain = str(event.message_id or "").strip("<> ").rpartition("@")
    for text in (metadata.get(KEY), name if domain == mail_domain() else None):
        try:
            if isinstance(text, str):
                return UUID(text)
        except ValueError:
            continue
    return None
