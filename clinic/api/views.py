"""What every room's `api.py` is made of: a viewset of one model, and decorators for its acts.

A view says what it is about (`model`), how it is shown (`output`) and which service does what. Who may, which rows,
versions, repeated requests, errors and the schema follow from that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial, wraps
from typing import Any, Literal, NoReturn
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import status as http
from rest_framework.decorators import action as route
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.fields import empty
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from clinic.access.visibility import EVERYWHERE, LOCATION_PATHS, relations_to_location, visible
from clinic.api import idempotency
from clinic.api.etag import etag, expected_versions
from clinic.api.parsers import is_storable, printable
from clinic.api.serializers import NoInput
from clinic.errors import SoftWarning
from clinic.locking import expecting
from clinic.people.models import User
from clinic.records import Record

Shape = type[BaseSerializer[Any]]
Handler = Callable[..., Response]
Written = Record | tuple[Record, Sequence[SoftWarning]]
"""What a service returns: the row, or the row and what a person should look at."""

STANDARD: Mapping[str, str] = {
    "list": "view",
    "retrieve": "view",
    "create": "add",
    "partial_update": "change",
    "destroy": "delete",
}
"""The rights behind DRF's own actions."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a decorated method of a viewset declares about itself."""

    grant: str
    resource: str | None
    body: Shape | None
    output: Shape | None
    status: int
    many: bool = False
    plain: bool = False
    """Answers data that is no row: it has no version."""
    has_preview: bool = False
    """Its body may ask for a `preview`, which answers 200 and writes nothing."""
    query: Shape | None = None
    """What the address takes behind its question mark."""


class View(APIView):
    """Base of every address of the API."""

    idempotent = True
    """Whether a POST honours `Idempotency-Key`."""
    post: Callable[..., Any]
    """Only where a subclass, or the router, gives one."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        for name, values in request.query_params.lists():
            if not all(is_storable(text) for text in (name, *values)):
                detail = ErrorDetail("This parameter contains a character that cannot be stored.", "invalid")
                raise ValidationError({printable(name): [detail]})
        takes_post = request.method == "POST" and hasattr(self, "post")
        if takes_post and self.idempotent and idempotency.KEY in request.headers:
            self.post = partial(idempotency.once, self, self.post)

    def read(self, shape: Shape | None, *, instance: Record | None = None, partial: bool = False) -> dict[str, Any]:
        """The request's body in this shape, validated; with `partial` only what was sent. Raises ValidationError."""
        data = self.request.data
        if not isinstance(data, Mapping):
            detail = ErrorDetail("A body is a JSON object.", "invalid")
            raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [detail]})
        if shape is None:
            return {}
        serializer: Any = shape(instance, data=data, context={"request": self.request, "view": self})
        if partial:
            # Not DRF's `partial`, which reaches into nested bodies: what is sent of those replaces what was there.
            for field in serializer.fields.values():
                field.required, field.default = False, empty
        serializer.is_valid(raise_exception=True)
        read: dict[str, Any] = serializer.validated_data
        return read

    def asked(self, shape: Shape) -> dict[str, Any]:
        """The parameters of the address in this shape, validated. Raises ValidationError, for unknown ones too."""
        query: Any = shape(data=self.request.query_params, context={"request": self.request, "view": self})
        unknown = [name for name in self.request.query_params if name not in query.fields]
        if unknown:
            detail = f"Unknown parameter. This address takes: {', '.join(sorted(query.fields))}."
            raise ValidationError({name: [ErrorDetail(detail, "unknown_parameter")] for name in unknown})
        query.is_valid(raise_exception=True)
        asked: dict[str, Any] = query.validated_data
        return asked

    @property
    def user(self) -> User:
        """Who is asking; every address that uses this requires a sign-in."""
        user = self.request.user
        assert isinstance(user, User)
        return user


class UnknownView(View):
    """An address that the API does not have: 404 in its own words, whoever asks and however."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404


class ResourceViewSet(View, GenericViewSet[Any]):
    """Lists and shows the rows of `model` that the caller may see, in shape `output`.

    `rows()` may select, annotate and prefetch what the output needs; a list's and a detail's may differ
    (`detail_rows`). Add `Creates`, `Changes`, `Deletes` in front, and `@act`, `@look`, `@overview` methods.
    """

    model: type[Record]
    output: Shape
    detail_output: Shape | None = None
    """The shape of a detail where it shows more than a list."""
    resource = ""
    """The line of the role table, where it is not the model's."""
    ordering: Sequence[str] = ("-pk",)
    ordering_fields: Sequence[str] = ()
    lookup_value_converter = "uuid"

    def rows(self) -> QuerySet[Any]:
        """The rows of a list with what their shape needs, whoever asks."""
        return self.model._default_manager.all()

    def detail_rows(self) -> QuerySet[Any]:
        """The rows of a detail with what its shape needs, whoever asks."""
        return self.rows()

    def required(self) -> tuple[str, str] | None:
        """The line and the action of the role table that this request needs."""
        if self.action is None or self.action == "metadata":  # no such method here: 405 comes next
            return None
        resource = self.resource or self.model._meta.label_lower
        declared = getattr(getattr(self, self.action), "act", None)
        if declared is not None:
            return declared.resource or resource, declared.grant
        if self.action not in STANDARD:
            raise ImproperlyConfigured(
                f"{type(self).__name__}.{self.action} names no right: use @act, @look or @overview."
            )
        return resource, STANDARD[self.action]

    def may_at(self, place: UUID) -> bool:
        """Whether the caller's roles at this location allow what the request asks for."""
        wanted = self.required()
        return wanted is not None and self.user.may(*wanted, place)

    def get_queryset(self) -> QuerySet[Any]:
        return visible(self.rows(), self.request.user)

    def get_serializer_class(self) -> Shape:
        return self.output if self.action == "list" else (self.detail_output or self.output)

    def list(self, request: Request) -> Response:
        return self.page(self.filter_queryset(self.get_queryset()), self.output)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        row = visible(self.detail_rows(), self.user).filter(pk=pk).first()
        if row is None:
            raise Http404
        return self.show(row)

    def target(self) -> Any:
        """The row behind the address, as the caller may see and act on it.

        Raises Http404 where it is absent or not visible, PermissionDenied where the caller's roles at its location do
        not allow the act.
        """
        resource = self.model._meta.label_lower
        rows = self.model._default_manager.select_related(*relations_to_location(resource))
        row = visible(rows, self.user).filter(pk=self.kwargs["pk"]).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    @contextmanager
    def unless_stale(self, row: Record) -> Iterator[None]:
        """Within this block the service that locks `row` refuses with `Stale` if `If-Match` names another version."""
        versions = expected_versions(self.request)
        if versions is None:
            yield
        else:
            with expecting(row, versions):
                yield

    def page(self, rows: QuerySet[Any], shape: Shape, *, ordering: Sequence[str] | None = None) -> Response:
        """One page of `rows`, in the list's ordering unless they are of another kind and have one of their own."""
        if ordering is not None:
            self.ordering, self.ordering_fields = ordering, ()
        page = self.paginate_queryset(rows)
        assert page is not None
        return self.get_paginated_response(shape(page, many=True, context=self.get_serializer_context()).data)

    def show(self, row: Record, *, status: int = http.HTTP_200_OK, shape: Shape | None = None) -> Response:
        """This row, with its version as `ETag`."""
        shown = (shape or self.detail_output or self.output)(row, context=self.get_serializer_context()).data
        return Response(shown, status, headers={"ETag": etag(row)})

    def answer(self, written: Written, *, status: int = http.HTTP_200_OK) -> Response:
        """What a service wrote, read again: with the version and the derived states it has now."""
        row, warnings = written if isinstance(written, tuple) else (written, None)
        response = self.show(self.detail_rows().get(pk=row.pk), status=status)
        return _with_warnings(response, warnings)


class Creates:
    """POST to the list."""

    create_input: Shape

    def create(self: Any, request: Request) -> Response:
        data = self.read(self.create_input)
        self.check_place(data)
        return self.answer(self.perform_create(data), status=http.HTTP_201_CREATED)

    def check_place(self: Any, data: Mapping[str, Any]) -> None:
        """Raises PermissionDenied where the caller's roles at the new row's location do not allow to add it."""
        place = self.place_of(data)
        if place is not None and not self.may_at(place):
            raise PermissionDenied

    def place_of(self: Any, data: Mapping[str, Any]) -> UUID | None:
        """The key of the location to which the new row will belong; None where it belongs to none.

        Follows the model's path through `data`; a body that says it in another way overrides this.
        """
        path = LOCATION_PATHS[self.model._meta.label_lower]
        if path is EVERYWHERE:
            return None
        first, *rest = path.split("__")
        if first not in data:
            raise ImproperlyConfigured(f"{type(self).__name__}: override place_of(), the body has no {first!r}.")
        row = data[first]
        for name in rest:
            row = getattr(row, name)
        place: UUID = row.pk
        return place

    def perform_create(self, data: dict[str, Any]) -> Written:
        """Call the service. Returns the new row, and warnings if there are any."""
        raise NotImplementedError


class Changes:
    """PATCH of a detail."""

    change_input: Shape

    def partial_update(self: Any, request: Request, pk: UUID) -> Response:
        row = self.target()
        data = self.read(self.change_input, instance=row, partial=True)
        with self.unless_stale(row):
            written = self.perform_change(row, data)
        return self.answer(written)

    def perform_change(self, row: Any, data: dict[str, Any]) -> Written:
        """Call the service with what was sent. Returns the row, and warnings if there are any."""
        raise NotImplementedError


class Deletes:
    """DELETE of a detail."""

    def destroy(self: Any, request: Request, pk: UUID) -> Response:
        row = self.target()
        with self.unless_stale(row):
            self.perform_delete(row)
        return Response(status=http.HTTP_204_NO_CONTENT)

    def perform_delete(self, row: Any) -> None:
        """Call the service."""
        raise NotImplementedError


def act(
    grant: str,
    *,
    body: Shape | None = NoInput,
    output: Shape | None = None,
    resource: str | None = None,
    status: int = http.HTTP_200_OK,
    path: str | None = None,
    on: Callable[..., Response] | None = None,
    has_preview: bool = False,
) -> Callable[[Callable[[Any, Any, dict[str, Any]], Any]], Callable[..., Response]]:
    """POST to `{detail}/{name of the method}/`: `(self, row, data) -> what the service returned`.

    `grant` (on the view's line of the role table, or on `resource`) is asked where the row belongs; `If-Match` is
    about the row. The answer is the row as it is then, or with `output` what the method returned, in that shape. `on`
    adds the act to the address of a `@look`. With `has_preview` a body with `preview` set answers 200.
    """

    def decorate(method: Callable[[Any, Any, dict[str, Any]], Any]) -> Callable[..., Response]:
        @wraps(method)
        def handler(self: ResourceViewSet, request: Request, pk: UUID) -> Response:
            row = self.target()
            data = self.read(body)
            with self.unless_stale(row):
                written = method(self, row, data)
            if output is None:
                return self.answer(written if isinstance(written, Record | tuple) else row, status=status)
            written, warnings = written if isinstance(written, tuple) else (written, None)
            if isinstance(written, Record):
                return _with_warnings(self.show(written, status=status, shape=output), warnings)
            is_preview = has_preview and data.get("preview")
            return Response(_shaped(self, output, written, many=False), http.HTTP_200_OK if is_preview else status)

        handler.act = Act(grant, resource, body, output, status, has_preview=has_preview)  # type: ignore[attr-defined]
        return _routed(handler, "post", detail=True, path=path, on=on)

    return decorate


def look(
    grant: str = "view",
    *,
    output: Shape,
    resource: str | None = None,
    many: bool = False,
    ordering: Sequence[str] = ("-pk",),
    path: str | None = None,
    query: Shape | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """GET `{detail}/{name of the method}/`: `(self, row) -> what to show`; with `many` a queryset, shown in pages.

    With `query` the method also gets what was asked in that shape: `(self, row, asked)`.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(method)
        def handler(self: ResourceViewSet, request: Request, pk: UUID) -> Response:
            row = self.target()
            found = method(self, row) if query is None else method(self, row, self.asked(query))
            if many:
                return self.page(found, output, ordering=ordering)
            return Response(_shaped(self, output, found, many=False))

        handler.act = Act(  # type: ignore[attr-defined]
            grant, resource, None, output, http.HTTP_200_OK, many, plain=True, query=query
        )
        return _routed(handler, "get", detail=True, path=path)

    return decorate


def overview(
    grant: str = "view", *, output: Shape, resource: str | None = None, path: str | None = None
) -> Callable[[Callable[[Any], Any]], Callable[..., Response]]:
    """GET `{list}/{name of the method}/`: `(self) -> what to show`. Begin with `self.get_queryset()`: it is limited."""

    def decorate(method: Callable[[Any], Any]) -> Callable[..., Response]:
        @wraps(method)
        def handler(self: ResourceViewSet, request: Request) -> Response:
            return Response(_shaped(self, output, method(self), many=False))

        handler.act = Act(grant, resource, None, output, http.HTTP_200_OK, plain=True)  # type: ignore[attr-defined]
        return _routed(handler, "get", detail=False, path=path)

    return decorate


def creation(
    *, body: Shape, path: str | None = None
) -> Callable[[Callable[[Any, dict[str, Any]], Written]], Callable[..., Response]]:
    """POST `{list}/{name of the method}/`: `(self, data) -> the new row`: another way than the list's own to make one.

    The right is the one to add, at the new row's location, as for `Creates`.
    """

    def decorate(method: Callable[[Any, dict[str, Any]], Written]) -> Callable[..., Response]:
        @wraps(method)
        def handler(self: Any, request: Request) -> Response:
            data = self.read(body)
            self.check_place(data)
            answer: Response = self.answer(method(self, data), status=http.HTTP_201_CREATED)
            return answer

        handler.act = Act("add", None, body, None, http.HTTP_201_CREATED)  # type: ignore[attr-defined]
        return _routed(handler, "post", detail=False, path=path)

    return decorate


def _routed(
    handler: Handler,
    method: Literal["get", "post"],
    *,
    detail: bool,
    path: str | None,
    on: Handler | None = None,
) -> Handler:
    if on is not None:
        added: Handler = on.mapping.post(handler)  # type: ignore[attr-defined]
        return added
    url_path = path or handler.__name__.replace("_", "-")
    return route(detail=detail, methods=[method], url_path=url_path)(handler)


def _shaped(view: ResourceViewSet, shape: Shape, value: Any, *, many: bool) -> Any:
    return shape(value, many=many, context=view.get_serializer_context()).data


def _with_warnings(response: Response, warnings: Iterable[SoftWarning] | None) -> Response:
    if warnings is not None:
        response.data = {**response.data, "warnings": [asdict(warning) for warning in warnings]}
    return response


__all__ = [
    "Act",
    "Changes",
    "Creates",
    "Deletes",
    "ResourceViewSet",
    "UnknownView",
    "View",
    "act",
    "creation",
    "look",
    "overview",
]
