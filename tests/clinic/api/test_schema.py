import re

import pytest
from django.contrib.staticfiles import finders
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.api import Api
from tests.clinic.access.walk import routes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict:
    reset_generator_stats()
    made = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS, "the schema is made without warnings"
    return made


def test_the_schema_is_valid_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)


def test_every_route_is_in_the_schema_but_those_that_show_it(schema):
    documented = {
        f"{method.upper()} {path.removeprefix('/api/v1')}" for path, item in schema["paths"].items() for method in item
    }
    assert {str(route) for route in routes()} - documented == {"GET /schema/", "GET /docs/"}


def test_headers_are_documented_where_they_are_honoured(schema):
    def headers(method: str, path: str) -> set[str]:
        parameters = schema["paths"][f"/api/v1{path}"][method].get("parameters", [])
        return {parameter["name"] for parameter in parameters if parameter["in"] == "header"}

    assert headers("post", "/rooms/") == {"Idempotency-Key"}
    assert headers("patch", "/rooms/{id}/") == {"If-Match"}
    assert headers("delete", "/closures/{id}/") == {"If-Match"}
    assert headers("post", "/auth/token/") == set()
    assert "ETag" in schema["paths"]["/api/v1/rooms/{id}/"]["get"]["responses"]["200"]["headers"]


def test_every_refusal_has_the_one_body(schema):
    for path, item in schema["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    body = response["content"]["application/json"]["schema"]
                    assert body == {"$ref": "#/components/schemas/Error"}, f"{path} {status}"


def test_filters_ordering_and_paging_are_documented(schema):
    parameters = {p["name"]: p["schema"] for p in schema["paths"]["/api/v1/closures/"]["get"]["parameters"]}
    assert set(parameters) == {"cursor", "ends_after", "location", "ordering", "page_size", "starts_before"}
    assert parameters["page_size"]["maximum"] == 200
    assert parameters["location"]["format"] == "uuid"


def test_anybody_reads_the_schema_as_json_or_yaml(schema):
    response = Api().get("/schema/")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json()["openapi"].startswith("3.1")
    as_yaml = Api().get("/schema/", Accept="application/vnd.oai.openapi")
    assert as_yaml.content.startswith(b"openapi: 3.1")


def test_every_operation_says_in_a_few_words_what_it_does(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert 0 < len(operation["summary"]) <= 160, f"{method} {path}: {operation['summary']}"


def test_the_docs_page_loads_nothing_from_elsewhere():
    page = Api().get("/docs/", Accept="text/html").content.decode()
    script = Api().get("/docs/?script=", Accept="text/html").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    for url in loaded:
        assert url.startswith("/"), url
        if url.startswith("/static/"):
            assert finders.find(url.removeprefix("/static/")), url
    assert not re.search(r"https?://", page + script)
    assert "<script>" not in page, "the content security policy need not allow inline scripts for it"
