"""`Idempotency-Key`: a repeated POST answers what the first one answered, and does nothing.

The key's row is inserted in the transaction of the effect, so both are there or neither. A second request with the same
key, arriving meanwhile, waits on the unique index for the first to end. An answer below 500 is kept, refusals too: the
effect is rolled back to a savepoint and the answer committed. An answer of 500 or more leaves nothing, so the request
may be tried again.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinic import clock
from clinic.api.errors import Unprocessable
from clinic.api.models import IdempotentRequest
from clinic.people.models import User

KEY, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
KEPT_HEADERS = ("ETag", "Content-Type")
LONGEST_KEY = 255


def once(
    view: APIView, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any
) -> Response | HttpResponse:
    """The handler's answer, or the first answer to this user's request with this key.

    Raises ValidationError for a key that is no key, `Unprocessable` for one that came with another request.
    """
    key, user = request.headers[KEY], request.user
    assert isinstance(user, User)
    if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        detail = ErrorDetail(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.", "invalid")
        raise ValidationError({KEY: [detail]})
    raw = request._request.body  # before DRF reads the stream; afterwards it reads this
    fingerprint = _fingerprint(request, raw)
    with transaction.atomic():
        if not _claim(user, key, fingerprint):
            return _first_answer(user, key, fingerprint)
        try:
            with transaction.atomic():
                response = handler(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as DRF's own dispatch does: the handler words every exception
            response = view.handle_exception(error)
        response = view.finalize_response(request, response, *args, **kwargs)
        response.render()
        if response.status_code >= 500:
            transaction.set_rollback(True)
        else:
            IdempotentRequest.objects.filter(user=user, key=key).update(
                status_code=response.status_code,
                body=response.content.decode(),
                headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
            )
    return response


def forget_old_requests(*, now: datetime) -> int:
    """Delete what is older than a day; returns how many requests were forgotten."""
    forgotten, _ = IdempotentRequest.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return forgotten


def _claim(user: User, key: str, fingerprint: str) -> bool:
    """Insert the key's row, or take over one that is too old to count. False where an answer stands there.

    Waits while another transaction holds the key, at most `LOCK_TIMEOUT`.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [settings.LOCK_TIMEOUT])
        cursor.execute(
            "INSERT INTO clinic_idempotentrequest AS kept (user_id, key, fingerprint, body, headers, created_at)"
            " VALUES (%s, %s, %s, '', '{}', %s) ON CONFLICT (user_id, key) DO UPDATE SET"
            " fingerprint = EXCLUDED.fingerprint, created_at = EXCLUDED.created_at"
            " WHERE kept.created_at < %s RETURNING id",
            [user.pk, key, fingerprint, now, now - KEPT_FOR],
        )
        return cursor.fetchone() is not None


def _first_answer(user: User, key: str, fingerprint: str) -> HttpResponse:
    kept = IdempotentRequest.objects.get(user=user, key=key)
    if kept.fingerprint != fingerprint:
        raise Unprocessable
    return HttpResponse(kept.body, status=kept.status_code, headers={**kept.headers, REPLAYED: "true"})


def _fingerprint(request: Request, raw: bytes) -> str:
    """SHA-256 of what was asked; the order of a JSON object's members does not matter."""
    try:
        body = json.dumps(request.data, sort_keys=True).encode()
    except (APIException, TypeError):
        body = raw
    asked = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(asked + body).hexdigest()
