"""Where the schema is read, by programs and by people. Neither needs a sign-in: it says nothing about patients."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.views import View


@cache
def schema() -> dict[str, Any]:
    """The whole schema; made once a process, which takes a second."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


class SchemaView(View):
    """OpenAPI 3.1 as JSON, or as YAML for who asks for `application/vnd.oai.openapi`."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]
    schema = None

    def get(self, request: Request) -> Response:
        return Response(schema())


class DocsView(SpectacularSwaggerSplitView):
    """The schema to read and to try; everything it loads is our own."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    url_name = "schema"
