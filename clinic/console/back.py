"""Where a page leads back to: `next` as the form or the address says it, never out of this console."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def back_to(request: HttpRequest, otherwise: str = "") -> str:
    """The page that the form or the address names as `next`, or from which a script asked; `otherwise` without one,
    and for a page of another site."""
    named = request.POST.get("next") or request.GET.get("next") or request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(named, allowed_hosts={request.get_host()}):
        return otherwise
    parts = urlsplit(named)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # Without its host, `//other.site` would be the address of another one.
    is_of_this_site = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_of_this_site else otherwise
