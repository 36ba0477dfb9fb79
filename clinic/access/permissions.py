"""The role table as DRF asks it."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clinic.access.visibility import may
from clinic.people.models import User

if TYPE_CHECKING:  # DRF's views read the settings that name this module
    from rest_framework.views import APIView


class RolePermission(BasePermission):
    """Allows what the view's `required()` names: a line and an action of the role table.

    First anywhere, so that nobody learns from an answer what exists; then, for a row, by the roles where it belongs.
    A view that names nothing is a defect: nothing is open by omission.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.user, User):
            return False
        wanted = self._required(view)
        return wanted is None or request.user.may(*wanted)

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        wanted = self._required(view)
        if wanted is None:
            return False
        resource, action = wanted
        return may(request.user, action, obj, resource=resource)

    @staticmethod
    def _required(view: "APIView") -> tuple[str, str] | None:
        """None for a method that the address does not have, which answers 405 next."""
        if not hasattr(view, "required"):
            raise ImproperlyConfigured(f"{type(view).__name__} does not say which right it requires.")
        wanted: tuple[str, str] | None = view.required()
        return wanted


class SignedIn(BasePermission):
    """Whoever signed in, whatever their roles: what concerns only themselves."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, User)
