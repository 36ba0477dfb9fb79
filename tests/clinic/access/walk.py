"""Every address of the API with its methods, as the URL configuration has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from clinic.api.views import ResourceViewSet, View

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One method of one address; `path` has `{id}` where a row's key stands."""

    method: str
    path: str
    view: type[View]
    action: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def required(self) -> tuple[str, str] | None:
        """The line and action of the role table that the view names; None where none is asked."""
        if not hasattr(self.view, "required"):
            return None
        view: Any = self.view()
        view.action, view.request = self.action, None
        found: tuple[str, str] | None = view.required()
        return found

    @property
    def model_label(self) -> str:
        """The label of the model whose rows this address shows."""
        assert issubclass(self.view, ResourceViewSet)
        return self.view.model._meta.label_lower


def routes() -> Iterator[Route]:
    """Every method of every address below /api/v1/."""
    for pattern, path in _below(get_resolver().url_patterns, ""):
        if not path.startswith("api/v1/"):
            continue
        view = getattr(pattern.callback, "cls", None)
        assert view is not None, f"{path} is no view of the API"
        actions: dict[str, str] | None = getattr(pattern.callback, "actions", None)
        for method in METHODS:
            if method in actions if actions is not None else hasattr(view, method):
                shown = "/" + path.removeprefix("api/v1/").replace("<uuid:pk>", "{id}")
                yield Route(method.upper(), shown, view, actions[method] if actions is not None else None)


def _below(patterns: list[Any], prefix: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, path)
        else:
            yield pattern, path
