"""The one router. A package's `urls.py` holds `routes`; clinic/urls.py, which knows everyone, adds them all."""

from collections.abc import Iterable

from rest_framework.routers import SimpleRouter

from clinic.api.views import ResourceViewSet

Route = tuple[str, type[ResourceViewSet]]
"""The first part of the path, without slashes, and what answers there."""


class Router(SimpleRouter):
    """`/{prefix}/`, `/{prefix}/{id}/` and the acts below; an id that is no UUID is an unknown address."""

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)

    def add(self, routes: Iterable[Route]) -> None:
        for prefix, viewset in routes:
            self.register(prefix, viewset, basename=prefix)
