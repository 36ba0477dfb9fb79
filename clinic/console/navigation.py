"""The console's sidebar: by job, not by table; permissions decide what is there."""

from django.http import HttpRequest


def sidebar(request: HttpRequest) -> list[dict[str, object]]:
    return []
