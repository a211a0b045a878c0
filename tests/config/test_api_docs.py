"""The API described: every route, every error, and a page that shows it without anything from elsewhere."""

import pytest
import yaml

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
                assert body is None or "$ref" in body["schema"], (method, path)

    def test_gives_every_error_an_example_with_a_code(self, schema):
        responses = schema["paths"]["/api/v1/advocates/{advocate_id}/points"]["post"]["responses"]
        example = responses["404"]["content"]["application/json"]["example"]

        assert example["error"]["code"] == "NOT_FOUND"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestPage:
    def test_shows_the_operations_without_a_complaint(self, page, live_server):
        complaints = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("request", lambda asked: complaints.append(asked.url) if live_server.url not in asked.url else None)

        page.goto(f"{live_server.url}/api/docs/")
        page.get_by_text("Award or deduct points").first.wait_for()

        assert [said for said in complaints if not said.startswith("data:")] == []
