"""The API described: every route, every error, and a page that shows it without anything from elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # without stubs

from loyalty.api.schema import example_of
from loyalty.api.views import Shape
from tests.test_permissions import declared_routes


@pytest.fixture
def schema(client, db):
    return yaml.safe_load(client.get("/api/schema/").content)


class TestSchema:
    def test_has_every_route(self, schema):
        described = {(method.upper(), path) for path, item in schema["paths"].items() for method in item}

        assert len(described) == len(set(declared_routes()))

    def test_says_of_every_operation_what_it_takes_and_answers(self, schema):
        for path, item in schema["paths"].items():
            for method, operation in item.items():
                assert operation["summary"], (method, path)
                assert {"400", "429", "500"} <= set(operation["responses"]), (method, path)
                body = operation.get("requestBody", {}).get("content", {}).get("application/json")
                assert body is None or "$ref" in (body["schema"].get("items") or body["schema"]), (method, path)

    def test_gives_every_error_an_example_with_a_code(self, schema):
        responses = schema["paths"]["/api/v1/advocates/{advocate_id}/points"]["post"]["responses"]
        example = responses["404"]["content"]["application/json"]["example"]

        assert example["error"]["code"] == "NOT_FOUND"


class Cup(Shape):
    example = {"size": "large"}
    size: str


class Cups(Shape):
    example = {"shop": "Acme Coffee"}
    cups: list[Cup]
    best: Cup | None
    shop: str
    unheard_of: int
    next_cursor: str | None


def contents(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """What every operation takes, and what it answers when all is well."""
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            for part in [operation.get("requestBody", {}), *answers]:
                for content in part.get("content", {}).values():
                    yield f"{method} {path}", content


def complaints(schema: Any, content: dict[str, Any]) -> list[str]:
    """What of an example is not as its schema says, and which fields of an object no schema names."""
    whole = {**content["schema"], "components": schema["components"]}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(content["example"])
    return [f"{error.json_path}: {error.message}" for error in found]


class TestExamples:
    def test_are_given_of_all_that_is_taken_and_answered(self, schema):
        assert [name for name, content in contents(schema) if "example" not in content] == []
        assert len(list(contents(schema))) > 120

    def test_are_what_their_schemas_say(self, schema):
        assert {name: found for name, content in contents(schema) if (found := complaints(schema, content))} == {}

    def test_name_no_field_that_is_not_there(self, schema):
        for name, content in contents(schema):
            one, example = content["schema"], content["example"]
            if isinstance(example, list):
                one, (example,) = one["items"], example
            shape = schema["components"]["schemas"][one["$ref"].rpartition("/")[2]]
            assert set(example) <= set(shape["properties"]), name

    def test_would_be_seen_otherwise(self, schema):
        """The control: an operation whose example says a number where text belongs, and not everything."""
        answers = schema["paths"]["/api/v1/me"]["get"]["responses"]
        content = answers["200"]["content"]["application/json"]
        content["example"] = {"name": 5}

        assert len(complaints(schema, content)) == 7

    def test_are_made_of_those_of_their_parts(self):
        large = {"size": "large"}
        assert example_of(Cups) == {"cups": [large], "best": large, "shop": "Acme Coffee", "nextCursor": None}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestPage:
    def test_shows_the_operations_without_a_complaint(self, page, live_server):
        complaints = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("request", lambda asked: complaints.append(asked.url) if live_server.url not in asked.url else None)

        page.goto(f"{live_server.url}/api/docs/")
        page.locator(".opblock-tag", has_text="gift cards").wait_for()
        page.locator(".opblock-tag", has_text="advocates").first.click()
        page.get_by_text("Award or deduct points").first.wait_for()

        assert [said for said in complaints if not said.startswith("data:")] == []
