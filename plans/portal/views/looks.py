"""How a location looks on its pages: its colour as a stylesheet, and its logo. Neither says anything of a patient."""

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from clinic.places.models import Location
from plans.portal.colours import stylesheet

KEPT = "public, max-age=86400"


@require_safe
def colour(request: HttpRequest, colour: str) -> HttpResponse:
    """The stylesheet of a colour, written as six hexadecimal digits."""
    if len(colour) != 6 or not set(colour.lower()) <= set("0123456789abcdef"):
        raise Http404
    return HttpResponse(stylesheet(f"#{colour.lower()}"), content_type="text/css", headers={"Cache-Control": KEPT})


@require_safe
def logo(request: HttpRequest, location_id: UUID) -> FileResponse:
    """The logo of a location; it stands on every mail as well."""
    location = Location.objects.filter(pk=location_id).exclude(logo="").first()
    name = location.logo.name if location is not None else None
    if location is None or name is None or not location.logo.storage.exists(name):
        raise Http404
    kind = "image/png" if name.endswith(".png") else "image/jpeg"
    return FileResponse(location.logo.open("rb"), content_type=kind, headers={"Cache-Control": KEPT})
