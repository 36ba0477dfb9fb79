"""`/health/delivery`: for monitors. No sign-in, and nothing about any patient."""

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plans.messages.health import Health, measure


@dataclass
class _Watch:
    """What this process found last. Each look opens the mail server, so strangers who ask often get the same answer."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    found: Health | None = None
    looked_at: float = 0.0

    def health(self) -> Health:
        """At most `DELIVERY_HEALTH_SECONDS` old, or what there was before the look that is under way."""
        if self.found is not None and self._is_fresh():
            return self.found
        if not self.lock.acquire(blocking=self.found is None):
            assert self.found is not None
            return self.found
        try:
            if self.found is None or not self._is_fresh():
                self.found = measure()
                self.looked_at = time.monotonic()
            return self.found
        finally:
            self.lock.release()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self.looked_at < settings.DELIVERY_HEALTH_SECONDS


_watch = _Watch()


@never_cache
@require_safe
def delivery_health(request: HttpRequest) -> HttpResponse:
    """200 while mail flows; 503 with what is wrong otherwise."""
    try:
        health = _watch.health()
    except DatabaseError:
        return JsonResponse({"status": "failing", "problems": ["The database does not answer."]}, status=503)
    return JsonResponse(health.as_document(), status=200 if health.is_well else 503)
