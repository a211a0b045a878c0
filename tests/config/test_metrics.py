"""`/metrics` tells monitoring how much waits, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.checks import run_checks
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from advocates.models import Advocate
from loyalty.kernel import clock, heartbeat
from loyalty.kernel import redis as store
from loyalty.models import Business, Event
from loyalty.services import setbacks
from tests.webhooks import conftest as hooks
from webhooks.models import Endpoint
from webhooks.services import endpoints, relay

consumer, deliver, subscribe = hooks.consumer, hooks.deliver, hooks.subscribe

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(autouse=True)
def _a_reader(settings: Settings, db: None) -> None:
    settings.METRICS_TOKEN = TOKEN


def read(client: Client) -> dict[str, float]:
    """Each value by its name, and by its label where it has one."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {" ".join([one.name, *one.labels.values()]): one.value for each in families for one in each.samples}


class TestRefuses:
    def test_everybody_while_no_token_is_set(self, client: Client, settings: Settings) -> None:
        settings.METRICS_TOKEN = ""
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    @pytest.mark.parametrize("given", ["", "Bearer ", f"Bearer {TOKEN}x", "Bearer \xe4"])
    def test_who_does_not_have_it(self, client: Client, given: str) -> None:
        answer = client.get("/metrics", headers={"Authorization": given})
        assert (answer.status_code, answer.content, answer["WWW-Authenticate"]) == (401, b"", "Bearer")

    def test_to_start_with_a_token_that_can_be_guessed(self, settings: Settings) -> None:
        settings.METRICS_TOKEN = "short"
        assert "laurel.E012" in [error.id for error in run_checks()]


class TestReading:
    def test_of_an_idle_system_tells_that_nothing_waits(self, client: Client) -> None:
        told = read(client)

        assert {name for name in told if told[name]} == set()
        assert "laurel_deliveries_overdue" in told

    def test_tells_what_waits_to_be_published(self, client: Client, ada: Advocate) -> None:
        with clock.moved_to(clock.wall() + timedelta(seconds=90)):
            told = read(client)

        assert told["laurel_events_unpublished"] == 1
        assert told["laurel_events_unpublished_age_seconds"] == pytest.approx(90, abs=5)

    def test_tells_what_is_overdue(self, client: Client, acme: Business, ada: Advocate) -> None:
        endpoints.create(business=acme, url="http://127.0.0.1:9/", topics=["*"])
        relay.relay()
        with clock.moved_to(clock.wall() + timedelta(minutes=11)):
            told = read(client)

        assert (told["laurel_deliveries_pending"], told["laurel_deliveries_overdue"]) == (1, 1)
        assert told["laurel_deliveries_overdue_age_seconds"] == pytest.approx(660, abs=5)

    def test_tells_how_deliveries_end(
        self, client: Client, acme: Business, ada: Advocate, subscribe: Any, deliver: Any
    ) -> None:
        subscribe()
        deliver()

        told = read(client)
        assert (told["laurel_attempts_lately delivered"], told["laurel_attempts_lately failed"]) == (1, 0)
        with clock.moved_to(clock.wall() + timedelta(minutes=6)):
            assert read(client)["laurel_attempts_lately delivered"] == 0

    def test_tells_of_endpoints_by_how_they_do(self, client: Client, acme: Business) -> None:
        for number in range(3):
            endpoints.create(business=acme, url=f"http://127.0.0.1:9/{number}", topics=["*"])
        rows = Endpoint.objects.for_business(acme)
        rows.filter(url__endswith="1").update(failing_since=clock.wall())
        rows.filter(url__endswith="2").update(status="disabled", disabled_reason="operator")

        told = read(client)

        assert {name: told[f"laurel_endpoints {name}"] for name in ("active", "failing", "disabled")} == {
            "active": 1,
            "failing": 1,
            "disabled": 1,
        }

    def test_tells_what_was_set_aside(self, client: Client, acme: Business, ada: Advocate) -> None:
        event = Event.objects.for_business(acme).get()
        for _ in range(setbacks.MOST_TRIES):
            setbacks.count(event, ValueError())

        assert read(client)["laurel_events_set_aside"] == 1

    def test_tells_which_workers_are_heard(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        heartbeat.beat("relay")
        told = read(client)
        assert (told["laurel_worker_heard relay"], told["laurel_worker_heard mail"]) == (1, 0)

        def away() -> None:
            raise redis.RedisError

        with monkeypatch.context() as patch:
            patch.setattr(store, "client", away)
            assert read(client)["laurel_worker_heard relay"] == 0

    def test_costs_few_statements(self, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        with django_assert_max_num_queries(8):
            read(client)
