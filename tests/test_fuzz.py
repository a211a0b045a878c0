"""The API against its own description: what nobody would think of sending, thought up by a machine.

`make fuzz` does it at length: FUZZ_EXAMPLES a time per operation, and every edge of every field.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import yaml
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from loyalty.api import limits
from tests import cast, dashboards
from tests.rewards.gifts.conftest import open_gifts
from tests.test_permissions import declared_routes

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "20260501"))
SHORT = 6  # examples of an operation, where nobody asks for more

# What is left out: that everything a schema allows is accepted. Addresses, keys and states have rules of their own.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
)


@pytest.fixture
def config(acme, monkeypatch) -> SchemathesisConfig:
    """The sandbox's, so that its clock can be moved, too; it has a row of everything."""
    monkeypatch.setattr(limits, "PER_ADDRESS", 1_000_000)  # everything here comes from one
    dashboards.fill(acme.sandbox, "beans")
    secret = cast.client_of(acme.sandbox).headers["Authorization"].removeprefix("Bearer ")
    integration = cast.integration_client_of(acme.sandbox).headers["X-API-KEY"]
    gifts = open_gifts(acme.sandbox).headers["Authorization"].removeprefix("Bearer ")
    keys = {
        "secretKey": {"bearer": secret},
        "giftToken": {"bearer": gifts},
        "integrationKey": {"api_key": integration},
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "auth": {"openapi": keys},
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "generation": {"max-examples": EXAMPLES or SHORT, "deterministic": not EXAMPLES, "database": "none"},
            "phases": {"coverage": {"enabled": bool(EXAMPLES)}, "stateful": {"enabled": False}},
            "headers": {"Connection": "close"},  # or its threads outlive the test
            "continue-on-failure": True,
        }
    )


@pytest.fixture
def description(client, db):
    return yaml.safe_load(client.get("/api/schema/").content)


@pytest.mark.fuzz
@pytest.mark.timeout(300 + EXAMPLES * 600)
@pytest.mark.django_db(transaction=True)
class TestWhateverIsSent:
    def test_is_answered_as_described(self, live_server, config, description):
        print(f"FUZZ_SEED={SEED}")  # noqa: T201  # shown when it fails

        tried, complaints = run(description, live_server, config)

        assert complaints == []
        assert len(tried) == len(set(declared_routes()))

    @pytest.mark.parametrize("path", ["/api/v1/me", "/v1/Balance"])
    def test_would_be_seen_otherwise(self, live_server, config, description, path):
        """The control: a description that leaves out an answer."""
        operation = description["paths"][path]
        del operation["get"]["responses"]["200"]

        _, complaints = run({**description, "paths": {path: operation}}, live_server, config)

        assert "Undocumented status code: Received: 200" in complaints[0]


def run(description: Any, live_server: Any, config: SchemathesisConfig) -> tuple[set[str], list[str]]:
    """The operations that were tried, and what was not as described."""
    config.projects.default.base_url = live_server.url
    schema = schemathesis.openapi.from_dict(description, config=config)
    happened = list(from_schema(schema).execute())
    tried = {event.recorder.label for event in happened if isinstance(event, events.ScenarioFinished)}
    return tried, sorted({text for event in happened for text in complaints_of(event)})


def complaints_of(event: events.EngineEvent) -> Iterator[str]:
    match event:
        case events.FatalError():
            raise event.exception
        case events.NonFatalError():
            yield f"{event.label}: {event.value}"
        case events.ScenarioFinished():
            for case_id, checks in event.recorder.checks.items():
                answer = event.recorder.interactions[case_id].response
                for check in checks:
                    if check.failure_info is not None:
                        found = check.failure_info
                        yield f"{event.recorder.label}: {found.failure.title}: {found.failure.message}\n" + (
                            f"{found.code_sample}\n{answer.content[:500].decode(errors='replace') if answer else None}"
                        )
