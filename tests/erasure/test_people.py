"""Erasing an advocate leaves no word and every number."""

import json
import re
from uuid import UUID

import pytest
from django.db import OperationalError, connection

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Account, Event, EventBody, IdempotencyRecord
from loyalty.models.ledger import Balance, LedgerEntry
from loyalty.selectors import reports
from loyalty.services import erasure, merges, publication, tokens, verification
from tests import traces
from tests.erasure.story import MARK, STORY, planted
from tests.refusals import assert_refused, assert_same_refusal
from tests.webhooks import conftest as hooks
from webhooks.models import Attempt
from webhooks.services import claims, outcomes, relay
from webhooks.services.sending import Answer


@pytest.mark.django_db
class TestRefuses:
    def test_somebody_of_another_business(self, api, eve):
        unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
        for send in (api.delete, lambda path: api.get(f"{path}/export")):
            answers = (send(f"/advocates/{eve.pk}"), send(f"/advocates/{unknown}"))
            assert_same_refusal(*answers, "NOT_FOUND", status=404)

    def test_a_key_that_may_only_read(self, readonly_api, ada):
        assert readonly_api.delete(f"/advocates/{ada.pk}").status_code == 403
        assert readonly_api.get(f"/advocates/{ada.pk}/export").status_code == 200


def erase(told):
    return told.api.delete(f"/advocates/{told.ids['advocate_id']}")


def places():
    return {**traces.tables(), "Redis": traces.in_redis(), "mails": traces.in_mails()}


@pytest.mark.django_db(transaction=True)
class TestErasing:
    def test_leaves_no_marker_anywhere(self, told, deliver, capfd, caplog):
        before = traces.of(MARK, places())
        assert {"advocates_advocate", "loyalty_eventbody", "loyalty_entrytext", "webhooks_attempt"} <= set(before)
        assert IdempotencyRecord.objects.filter(names__contains=[told.ids["advocate_id"]]).exists()

        assert erase(told).status_code == 204
        deliver()

        logs = "".join(capfd.readouterr()) + caplog.text
        assert traces.of(MARK, {**places(), "logs": logs}) == []
        assert traces.of("qzx", {"index": traces.tables()["advocates_advocate"]}) == []
        assert not IdempotencyRecord.objects.filter(names__contains=[told.ids["advocate_id"]]).exists()

    def test_leaves_every_sum(self, told, acme):
        before = self.sums(acme)

        erase(told)

        assert self.sums(acme) == before
        assert verification.verify() == []

    def sums(self, acme):
        balances = list(Balance.objects.order_by("pk").values())
        entries = list(LedgerEntry.objects.order_by("pk").values_list("pk", "amount", "hash"))
        return balances, [(*row[:2], bytes(row[2])) for row in entries], reports.outstanding(business=acme)

    def test_everything_held_was_in_the_export(self, told):
        """All that a search of the tables finds of her, she was told of before."""
        held = json.dumps(told.api.get(f"/advocates/{told.ids['advocate_id']}/export").json())

        missing = [number for number in range(1, 58) if not re.search(f"{MARK}{number}(?![0-9])", held, re.IGNORECASE)]
        assert missing == [
            *(15, 16),  # never kept: she was known already, and signed in as herself
            20,  # not said here
            24,  # a key is kept as a hash
            *(25, 26, 27),  # a trial writes nothing
            *(41, 42),  # devices and visitors are kept as keyed hashes
        ]

    def test_closes_what_she_could_do(self, told, acme):
        token = tokens.issue(business=acme, account_id=told.ids["advocate_id"])
        erase(told)
        tokens.forget()

        with pytest.raises(tokens.InvalidToken):
            tokens.verify(token)
        who = f"/advocates/{told.ids['advocate_id']}"
        assert_refused(told.api.post(f"{who}/points", {"amount": 5}), "CONFLICT", None, status=409)
        assert_refused(told.api.patch(who, {"name": "X"}), "CONFLICT", None, status=409)
        assert told.api.get(who).json()["advocate"]["status"] == "erased"

    def test_is_told_with_an_id_alone_and_once(self, told, acme):
        assert [erase(told).status_code, erase(told).status_code] == [204, 204]
        relay.relay()

        (event,) = Event.objects.filter(topic="customers/erased").select_related("body")
        assert json.loads(bytes(event.body.body))["data"] == {"id": told.ids["advocate_id"]}

    def test_keeps_the_facts_of_what_was_published(self, told):
        old = json.loads(bytes(EventBody.objects.filter(event__topic="points/earned").first().body))

        erase(told)

        new = json.loads(bytes(EventBody.objects.filter(event__topic="points/earned").first().body))
        assert new["data"]["customer"]["id"] == told.ids["advocate_id"]
        assert {new["data"]["customer"][name] for name in ("email", "name", "externalId")} == {None}
        changed = {name for name in old if old[name] != new[name]} | {
            name for name in old["data"] if old["data"][name] != new["data"][name]
        }
        assert changed == {"data", "customer"}

    def test_lets_her_join_again_as_somebody_new(self, told, acme):
        erase(told)

        again = told._send("POST", "api/v1/advocates", planted(STORY[0][1]), key=f"{MARK}-0")

        assert again.status_code == 201
        assert again.json()["advocate"]["id"] != told.ids["advocate_id"]
        advocates.update(business=acme, advocate_id=again.json()["advocate"]["id"], name="x", email="x@example.com")

    def test_spares_a_namesake_of_another_business(self, told, rival, rival_api):
        namesake = rival_api.post("/advocates", planted(STORY[0][1])).json()["advocate"]

        erase(told)

        assert rival_api.get(f"/advocates/{namesake['id']}").json()["advocate"]["name"] == f"{MARK}2"

    def test_takes_those_who_were_merged_into_her(self, told, acme, bob):
        who = Advocate.objects.get(pk=told.ids["advocate_id"])
        merges.merge(business=acme, source_id=who.pk, target_id=bob.pk)
        assert_refused(erase(told), "CONFLICT", None, status=409)
        assert MARK in json.dumps(told.api.get(f"/advocates/{bob.pk}/export").json()["merged"])

        erasure.erase(business=acme, account_id=bob.pk)
        relay.relay()

        assert traces.of(MARK, places()) == traces.of("bob@example.com", places()) == []
        theirs = Account.objects.exclude(external_id="ada-1")
        assert set(theirs.values_list("status", flat=True)) == {"erased"}

    def test_outruns_a_publisher_who_had_read_her_name(self, told, acme, monkeypatch):
        """A page that is being described while she is erased: she waits for it, and clears it."""
        advocates.update(business=acme, advocate_id=told.ids["advocate_id"], name=f"{MARK}20")
        write = publication._write

        def erased_meanwhile(published):
            hooks.in_a_worker(lambda: assert_waits(told, acme))
            write(published)

        monkeypatch.setattr(publication, "_write", erased_meanwhile)
        relay.relay()
        monkeypatch.undo()
        erase(told)

        assert traces.of(MARK, traces.tables()) == []

    def test_outruns_an_answer_that_is_on_its_way(self, told, acme):
        advocates.update(business=acme, advocate_id=told.ids["advocate_id"], name=f"{MARK}20")
        relay.relay()
        (taken,) = claims.claim(40)
        erase(told)

        outcomes.record([(taken, Answer(clock.wall(), status=200, body=f"got {MARK}".encode()))])

        assert Attempt.objects.filter(delivery_id=taken.id).get().answer == ""
        assert traces.of(MARK, traces.tables()) == []


def assert_waits(told, acme):
    """An erasure that may not wait for the publisher gives up, and changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with pytest.raises(OperationalError, match="lock timeout"):
        erasure.erase(business=acme, account_id=UUID(told.ids["advocate_id"]))
