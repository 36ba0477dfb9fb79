"""`/health/delivery`: for monitors. No sign-in, and nothing about any patient."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plans.messages.health import seen_lately


@never_cache
@require_safe
def delivery_health(request: HttpRequest) -> HttpResponse:
    """200 while mail flows; 503 with what is wrong otherwise."""
    try:
        health = seen_lately()
    except DatabaseError:
        return JsonResponse({"status": "failing", "problems": ["The database does not answer."]}, status=503)
    return JsonResponse(health.as_document(), status=200 if health.is_well else 503)
