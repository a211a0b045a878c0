"""The same request twice has one effect and one answer."""

import pytest
from django.db import connection

from loyalty.models import IdempotencyRecord, Plan
from loyalty.services import idempotency
from tests import cast
from tests.races import at_once

pytestmark = pytest.mark.urls("tests.loyalty.probes")

ORDER = {"title": "Coffee", "amount": 2}


class TestKey:
    def test_refuses_another_body(self, api):
        api.post("/orders", ORDER, Idempotency_Key="k1")

        response = api.post("/orders", ORDER | {"amount": 3}, Idempotency_Key="k1")

        assert (response.status_code, response.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")

    def test_keeps_nothing_of_a_malformed_request(self, api):
        assert api.post("/orders", {"title": 5}, Idempotency_Key="k1").status_code == 400
        assert api.post("/orders", ORDER, Idempotency_Key="k1").status_code == 201

    def test_keeps_nothing_of_a_crash(self, api):
        assert api.post("/orders", {"title": "crash"}, Idempotency_Key="k1").status_code == 500
        assert IdempotencyRecord.objects.count() == 0

    def test_replays_the_first_answer_byte_for_byte(self, api):
        first = api.post("/orders", ORDER, Idempotency_Key="k1")
        again = api.post("/orders", b'{ "amount": 2,\n "title": "Coffee" }', Idempotency_Key="k1")

        assert again.content == first.content
        assert again.status_code == 201
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first

    def test_replays_a_refusal_by_the_business(self, api):
        first = api.post("/orders", {"title": "refuse"}, Idempotency_Key="k1")
        again = api.post("/orders", {"title": "refuse"}, Idempotency_Key="k1")

        assert first.status_code == again.status_code == 400
        assert again.content == first.content
        assert again["Idempotent-Replayed"] == "true"

    def test_survives_a_key_rotation(self, acme):
        cast.client_of(acme).post("/orders", ORDER, Idempotency_Key="k1")

        again = cast.client_of(acme).post("/orders", ORDER, Idempotency_Key="k1")

        assert again["Idempotent-Replayed"] == "true"

    def test_of_another_business_is_another_key(self, api, rival_api):
        first = api.post("/orders", ORDER, Idempotency_Key="k1")
        other = rival_api.post("/orders", ORDER, Idempotency_Key="k1")

        assert "Idempotent-Replayed" not in other
        assert other.json()["count"] == first.json()["count"] + 1

    def test_is_ignored_on_reads(self, api):
        api.get("/orders")

        assert IdempotencyRecord.objects.count() == 0

    def test_seals_the_stored_answer(self, api):
        api.post("/orders", ORDER, Idempotency_Key="k1")

        with connection.cursor() as cursor:
            cursor.execute("SELECT answer FROM loyalty_idempotencyrecord")
            (answer,) = cursor.fetchone()
        assert b"count" not in bytes(answer)


@pytest.mark.django_db(transaction=True)
class TestTenAtOnce:
    def test_have_one_effect(self, acme):
        api = cast.client_of(acme)
        plans = Plan.objects.count()

        responses = at_once(10, lambda _: api.post("/orders", ORDER, Idempotency_Key="k1"))

        assert Plan.objects.count() == plans + 1
        assert {response.status_code for response in responses} <= {201, 409}
        assert len({response.content for response in responses if response.status_code == 201}) == 1
        busy = [response for response in responses if response.status_code == 409]
        assert all(response["Retry-After"] == "1" for response in busy)

    def test_have_ten_effects_without_the_key(self, acme, monkeypatch):
        """The control: with the claim switched off, everybody writes."""
        monkeypatch.setattr(idempotency, "_run_once", lambda work, **_: work())
        api = cast.client_of(acme)
        plans = Plan.objects.count()

        for number in range(10):
            api.post("/orders", ORDER | {"amount": number + 1}, Idempotency_Key="k1")

        assert Plan.objects.count() == plans + 10
