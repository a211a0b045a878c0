"""What holds while a lot is going on: events are what was committed, and a rotation is noticed by nobody."""

import threading
import time
from collections import Counter
from contextlib import suppress
from random import Random

import pytest
from django.db import connection, transaction
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from loyalty.kernel import crypto
from loyalty.models import Event
from loyalty.services import ledger
from tests.races import at_once, errors
from webhooks.services import endpoints

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, EACH, HTTP_EACH = 8, 625, 30


class Broken(Exception):
    """What a bug raises after the ledger was written."""


class TestFailingRequests:
    def test_leave_events_of_what_was_committed_alone(self, acme, ada, bob, subscribe, consumer, deliver):
        subscribe(topics=["points/*"])

        def work(number):
            random, committed = Random(number), []
            for _ in range(EACH):
                fails = random.random() < 0.2
                with suppress(Broken), transaction.atomic():
                    person = random.choice((ada, bob))
                    posting = ledger.award(business=acme, account_id=person.pk, amount=random.randint(1, 9))
                    if fails:
                        raise Broken
                    committed.append(str(posting.id))
            return committed

        results = at_once(THREADS, work)
        for _ in range(3):  # a round ends after ten seconds, and leaves the rest to the next
            deliver()

        assert errors(results) == []
        committed = sorted(id for result in results for id in result)
        assert 0.7 * THREADS * EACH < len(committed) < 0.9 * THREADS * EACH
        assert sorted(heard.event["data"]["id"] for heard in consumer.heard) == committed
        assert Event.objects.filter(topic="points/earned").count() == len(committed)

    def test_over_http_leave_nothing_either(self, api, subscribe, consumer, deliver, monkeypatch):
        """They fail after all was written, where the answer is kept for their idempotency key."""
        subscribe(topics=["customers/joined", "ideas/submitted"])
        board = api.post("/feedback/boards", {"title": "Ideas"}).json()["board"]["id"]
        author = api.post("/advocates", {"email": "author@example.com"}).json()["advocate"]["id"]
        seal, random = crypto.seal, Random(5)

        def sometimes(*said, **more):
            if random.random() < 0.2:
                raise Broken
            return seal(*said, **more)

        monkeypatch.setattr(crypto, "seal", sometimes)

        def work(number):
            answers = []
            for turn in range(HTTP_EACH):
                key = f"{number}-{turn}"
                answers += [
                    api.post("/advocates", {"email": f"{key}@example.com"}, Idempotency_Key=f"join-{key}"),
                    api.post(
                        f"/feedback/boards/{board}/ideas",
                        {"advocateId": author, "title": key},
                        Idempotency_Key=f"idea-{key}",
                    ),
                ]
            return [(answer.status_code, answer.json()) for answer in answers]

        results = at_once(THREADS, work)
        monkeypatch.undo()
        deliver()

        assert errors(results) == []
        answers = [answer for result in results for answer in result]
        assert {status for status, _ in answers} == {201, 500}
        done = [(said.get("advocate") or said["idea"])["id"] for status, said in answers if status == 201]
        assert 0.5 * len(answers) < len(done) < 0.9 * len(answers)
        told = [told_id(heard.event["data"]) for heard in consumer.heard]
        assert sorted(told) == sorted([author, *done])


def told_id(data):
    """Whoever joined, or the idea."""
    return data.get("id") or data["customer"]["id"]


class TestRotation:
    def test_under_load_spoils_no_signature(self, acme, ada, give, subscribe, consumer, deliver):
        endpoint = subscribe(topics=["points/earned"])
        secrets = [endpoint.secret]

        def earn():
            for _ in range(150):
                give(ada, 1)
                time.sleep(0.01)
            connection.close()

        earning = threading.Thread(target=earn)
        earning.start()
        for _ in range(3):
            deliver()
            before = len(consumer.heard)
            secrets.append(endpoints.rotate(business=acme, endpoint_id=endpoint.pk)[1])
            give(ada, 1)
            deliver()
            told = consumer.heard[before:]
            assert Counter(accepted(secrets[-2:], heard) for heard in told) == {(True, True): len(told)}
        earning.join()
        deliver()

        assert len(consumer.heard) == Event.objects.filter(topic="points/earned").count()


def accepted(secrets, heard):
    """Which of these secrets a receiver may still have."""

    def holds(secret):
        try:
            Webhook(secret).verify(heard.body, heard.headers)
        except WebhookVerificationError:
            return False
        return True

    return tuple(holds(secret) for secret in secrets)
