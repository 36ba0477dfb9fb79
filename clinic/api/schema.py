"""The OpenAPI schema: what each view declares about itself, and the rules that hold for all of them."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from clinic.api.serializers import NoInput

if TYPE_CHECKING:  # the views' module names this one in DRF's settings
    from clinic.api.views import Act

HEADER: Final = "header"
CHANGING = ("POST", "PATCH", "DELETE")


class ErrorItemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people.")
    attr = serializers.CharField(allow_null=True, help_text="The field concerned, dotted where nested.")


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a request was refused; nothing was changed."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItemSerializer(many=True)  # type: ignore[assignment]
    extra = serializers.DictField(
        required=False,
        help_text="`state` and `allowed` for `invalid_transition`, `alternatives` for `slot_taken`, `gates` for "
        "`gate_blocked`, `earliest` and `rule` for `too_early`.",
    )


ERRORS: Mapping[str, str] = {
    "400": "The body or a parameter is wrong; each error names its field.",
    "401": "No valid token or session.",
    "403": "Your role does not allow this here.",
    "404": "There is no such thing, or you may not see it.",
    "409": "Not in the present state, or in conflict with something else.",
    "412": "The row has changed since the version in `If-Match`.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "This `Idempotency-Key` came with another request before.",
    "429": "Too many requests; `Retry-After` says when to go on.",
    "503": "A lock was not had in time; `Retry-After` says when to try again.",
}

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x20-\x7e]+$"},
    HEADER,
    description="Any text of your own. The same key with the same body returns the first answer, for 24 hours.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    HEADER,
    description='The `ETag` that this change is made on, such as `"3"`; another version answers 412.',
)


SUMMARIES: Mapping[str, str] = {
    "list": "List",
    "retrieve": "Read one",
    "create": "Make one",
    "partial_update": "Change one",
    "destroy": "Delete one",
}


class AutoSchema(SpectacularAutoSchema):
    """Reads `input` and `output` off the view, or off the act of a viewset."""

    view: Any

    @cached_property
    def _act(self) -> "Act | None":
        action = getattr(self.view, "action", None)
        return getattr(getattr(self.view, action or "", None), "act", None)

    @property
    def _action(self) -> str | None:
        return getattr(self.view, "action", None)

    def get_operation_id(self) -> str:
        """`plans_hold` for an act, and not what DRF makes of its path."""
        if self._act is None:
            return str(super().get_operation_id())
        return f"{self.view.basename}_{self._action}".replace("-", "_")

    def get_summary(self) -> str:
        """What stands beside the path in a list of all: of an act, the first sentence about it."""
        if self._act is None and (known := SUMMARIES.get(self._action or "")):
            return known
        return " ".join(str(self.get_description()).split()).partition(". ")[0].rstrip(".")

    def get_request_serializer(self) -> Any:
        if self._act is not None:
            return self._act.body
        if self._action == "create":
            return self.view.create_input
        if self._action == "partial_update":
            return self.view.change_input
        return getattr(self.view, "input", None)

    def get_response_serializers(self) -> Any:
        if self._act is not None:
            shape = self._act.output or self.view.get_serializer_class()
            statuses = {self._act.status, 200} if self._act.has_preview else {self._act.status}
            return {status: shape(many=True) if self._act.many else shape for status in sorted(statuses)}
        if self._action == "create":
            return {201: self.view.get_serializer_class()}
        if self._action == "destroy":
            return None
        if self._action is not None:
            return self.view.get_serializer_class()
        return getattr(self.view, "output", None)

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self._action == "list" or bool(self._act and self._act.many)

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        return super()._get_filter_parameters() if self._action == "list" else []

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self._act is not None and self._act.body is NoInput:
            return None
        return super()._get_request_body(direction)

    def get_override_parameters(self) -> list[Any]:
        found = list(getattr(self.view, "parameters", ()))
        if self._act is not None and self._act.query is not None:
            found.append(self._act.query)
        if self.method == "POST" and getattr(self.view, "idempotent", False):
            found.append(IDEMPOTENCY_KEY)
        if self._changes_a_row:
            found.append(IF_MATCH)
        if self._action == "list" and self.view.ordering_fields:
            fields = [sign + field for field in self.view.ordering_fields for sign in ("", "-")]
            what = f"By which field, a minus turns it round, with commas between several: {', '.join(fields)}."
            found.append(OpenApiParameter("ordering", str, description=what))
        if self._shows_a_row:
            what = "The row's version, for `If-Match`."
            found.append(OpenApiParameter("ETag", str, HEADER, description=what, response=[200, 201]))
        return found

    @property
    def _is_detail(self) -> bool:
        return "{id}" in self.path

    @property
    def _changes_a_row(self) -> bool:
        return self._action is not None and self._is_detail and self.method in CHANGING

    @property
    def _shows_a_row(self) -> bool:
        if self._act is not None:
            return not self._act.plain
        return self._action in ("retrieve", "create", "partial_update")

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._errors():
            if status not in bodies:
                bodies[status] = self._get_response_for_code(ErrorSerializer, status) | {"description": ERRORS[status]}
        return bodies

    def _errors(self) -> list[str]:
        found = {"400", "429", "503"}
        if any(self.get_auth()):
            found |= {"401", "403"}
        if self._is_detail:
            found.add("404")
        if self.method in CHANGING:
            found |= {"409", "413", "415"}
        if self._changes_a_row:
            found.add("412")
        if self.method == "POST" and getattr(self.view, "idempotent", False):
            found.add("422")
        return sorted(found)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "clinic.access.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        what = "`Token …`, as `POST /auth/token/` gives it."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": what}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "clinic.access.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        what = "The console's session; a change needs the CSRF token too."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": what}


class NoScheme(OpenApiAuthenticationExtension):
    """Signing in takes no credentials but its body."""

    target_class = "clinic.access.authentication.SigningIn"
    name: list[str] = []

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, Any]]:
        return []

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return []


__all__ = ["AutoSchema", "ErrorSerializer"]
