"""Cursor pagination by key: the next page begins after the last row's values, whatever was inserted meanwhile."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from clinic.api.filters import ordering_of
from clinic.api.parsers import is_storable
from clinic.limits import quoted

if TYPE_CHECKING:  # DRF's views read the settings that name this module
    from rest_framework.views import APIView

CURSOR, PAGE_SIZE = "cursor", "page_size"
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 200


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after these values of the ordering's fields, or before them going back."""

    ordering: tuple[str, ...]
    values: tuple[Any, ...]
    back: bool = False

    def encode(self) -> str:
        # To the microsecond: DjangoJSONEncoder would cut instants to milliseconds, and pages would repeat or lose rows.
        values = [value.isoformat() if isinstance(value, datetime) else value for value in self.values]
        text = json.dumps([list(self.ordering), values, self.back], cls=DjangoJSONEncoder)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises ValueError for what `encode` did not make."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            ordering, values, back = json.loads(raw)
            if not all(isinstance(value, str | int) and is_storable(str(value)) for value in values):
                raise ValueError("a cursor holds plain values")
            return cls(tuple(ordering), tuple(values), bool(back))
        except (binascii.Error, TypeError, UnicodeError, RecursionError) as error:
            raise ValueError("not a cursor") from error


class CursorPagination(BasePagination):
    """`{next, previous, results}`: one query a page, and no count."""

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.ordering = ordering_of(request, view)
        size = self._size(request)
        cursor = self._cursor(request)
        back = cursor is not None and cursor.back
        rows = queryset.order_by(*(_reverse(self.ordering) if back else self.ordering))
        if cursor is not None:
            rows = self._beyond(rows, cursor)
        found = list(rows[: size + 1])
        more, page = len(found) > size, found[:size]
        if back:
            page.reverse()
        self.following = self._at(page[-1], back=False) if page and (more or back) else None
        self.preceding = self._at(page[0], back=True) if page and (more if back else cursor) else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link(self.following), "previous": self._link(self.preceding), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE}
        return [
            {
                "name": CURSOR,
                "in": "query",
                "required": False,
                "description": "Where the page begins: taken from `next` or `previous`, never made up.",
                "schema": {"type": "string"},
            },
            {"name": PAGE_SIZE, "in": "query", "required": False, "description": "Rows on a page.", "schema": size},
        ]

    def to_html(self) -> str:
        raise NotImplementedError("the API is JSON")

    @staticmethod
    def _size(request: Request) -> int:
        given = request.query_params.get(PAGE_SIZE)
        if given is None:
            return DEFAULT_PAGE_SIZE
        if not (given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= MAX_PAGE_SIZE):
            raise _wrong(PAGE_SIZE, f"{PAGE_SIZE}: {quoted(given)} is not possible; allowed is 1 to {MAX_PAGE_SIZE}.")
        return int(given)

    def _cursor(self, request: Request) -> Cursor | None:
        given = request.query_params.get(CURSOR)
        if given is None:
            return None
        try:
            cursor = Cursor.decode(given)
        except ValueError:
            raise _wrong(CURSOR, "This is no cursor of ours: follow `next` and `previous`.") from None
        if cursor.ordering != self.ordering or len(cursor.values) != len(self.ordering):
            raise _wrong(CURSOR, "This cursor belongs to another ordering: begin at the first page.")
        return cursor

    @staticmethod
    def _beyond(rows: QuerySet[Any], cursor: Cursor) -> QuerySet[Any]:
        """The rows after the cursor's: (a > x) or (a = x and b > y) or …"""
        wanted, equal = Q(), Q()
        for field, value in zip(cursor.ordering, cursor.values, strict=True):
            name = field.removeprefix("-")
            forward = field.startswith("-") is cursor.back
            wanted |= equal & Q(**{f"{name}__{'gt' if forward else 'lt'}": value})
            equal &= Q(**{name: value})
        try:
            return rows.filter(wanted)
        except (TypeError, ValueError, OverflowError):
            raise _wrong(CURSOR, "This is no cursor of ours: follow `next` and `previous`.") from None

    def _at(self, row: Model, *, back: bool) -> Cursor:
        return Cursor(self.ordering, tuple(_value(row, field.removeprefix("-")) for field in self.ordering), back)

    def _link(self, cursor: Cursor | None) -> str | None:
        return None if cursor is None else str(replace_query_param(self.url, CURSOR, cursor.encode()))


def _reverse(ordering: Sequence[str]) -> list[str]:
    return [field[1:] if field.startswith("-") else f"-{field}" for field in ordering]


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _wrong(attr: str, detail: str) -> ValidationError:
    return ValidationError({attr: [ErrorDetail(detail, "invalid")]})
