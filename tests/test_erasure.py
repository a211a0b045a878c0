"""DELETE /advocates/:id forgets a person wherever something was written, and every sum stays.

Each text that any operation takes is either planted here with a marker, or is not about a person and says why. An
operation or a field that is in neither list fails: whoever adds one decides, and an erasure clears it.
"""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection

from advocates.models import Advocate
from advocates.services import advocates, sso
from loyalty.kernel import clock
from loyalty.models import Account, Event, EventBody, IdempotencyRecord, Segment
from loyalty.models.ledger import Balance, LedgerEntry
from loyalty.selectors import reports
from loyalty.services import erasure, merges, publication, segments, tokens, verification
from rewards.models import GiftCard, GiftPosting
from rewards.services import gift_sending
from tests import cast, dashboards, traces
from tests.advocates.test_sso import claim
from tests.refusals import assert_refused, assert_same_refusal
from tests.rewards.gifts.conftest import open_gifts
from tests.webhooks import conftest as hooks
from tests.webhooks.consumer import Says
from webhooks.models import Attempt
from webhooks.services import claims, outcomes, relay
from webhooks.services.sending import Answer

consumer, deliver, subscribe = hooks.consumer, hooks.deliver, hooks.subscribe

MARK = "qzxjvkw"

# What is said of a person, in order. «who» is their id, «id» what the call before answered; «m» the marker.
STORY: list[tuple[str, dict[str, Any]]] = [
    (
        "POST api/v1/advocates",
        {
            "email": "«m»1@example.com",
            "name": "«m»2",
            "externalId": "«m»3",
            "locale": "de-«m»",
            "timezone": "Asia/Tokyo",
            "metadata": {"«m»4": {"deep": ["«m»5"]}},
        },
    ),
    (
        "PATCH api/v1/advocates/<uuid:advocate_id>",
        {
            "email": "«m»6@example.com",
            "name": "«m»7",
            "externalId": "«m»8",
            "locale": "en-«m»",
            "timezone": "Europe/Paris",
            "metadata": {"k": "«m»9"},
        },
    ),
    (
        "POST api/v1/integration/user/<str:external_id>/missions/<uuid:mission_id>/proof",
        {"text": "«m»48", "url": "https://example.com/«m»49"},
    ),
    ("POST api/v1/advocates/<uuid:advocate_id>/points", {"amount": 500, "description": "«m»10"}),
    (
        "POST api/v1/sso/mappings",
        {
            "advocateId": "«who»",
            "externalCustomerId": "«m»11",
            "externalEmail": "«m»12@example.com",
            "externalName": "«m»13",
        },
    ),
    ("POST api/v1/rewards/<uuid:reward_id>/redeem", {"advocateId": "«who»"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/cancel", {"reason": "«m»14"}),
    ("POST api/v1/sso/recognize", {"name": "«m»15", "email": "«m»16@example.com", "externalCustomerId": "«m»8"}),
    ("POST api/v1/rewards/<uuid:reward_id>/redeem", {"advocateId": "«who»"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/acknowledge", {"reason": "«m»21"}),
    ("POST api/v1/redemptions/<uuid:redemption_id>/fulfil", {"reason": "«m»22"}),
    (
        "POST api/v1/batch/points",
        {"items": [{"advocateId": "«who»", "amount": 5, "description": "«m»23", "idempotencyKey": "«m»24"}]},
    ),
    ("POST api/v1/events/dry-run", {"advocateId": "«who»", "event": "«m»25", "data": {"«m»26": "«m»27"}}),
    (
        "POST api/v1/batch/events",
        {"items": [{"advocateId": "«who»", "event": "«m»44", "data": {"«m»45": "«m»46"}, "eventId": "«m»47"}]},
    ),
    ("POST api/loyalty/action", {"action": "«m»28", "data": {"«m»29": "«m»30"}}),
    (
        "POST api/v1/testimonials",
        {
            "advocateId": "«who»",
            "rating": 5,
            "consent": True,
            "title": "«m»31",
            "body": "«m»32",
            "source": "«m»33",
            "media": ["https://example.com/«m»34"],
        },
    ),
    ("PATCH api/v1/testimonials/<uuid:testimonial_id>", {"status": "rejected", "reason": "«m»35"}),
    (
        "POST api/v1/feedback/boards/<uuid:board_id>/ideas",
        {"advocateId": "«who»", "title": "«m»36", "body": "«m»37"},
    ),
    ("PATCH api/v1/feedback/ideas/<uuid:idea_id>", {"status": "planned", "response": "«m»38"}),
    (
        "POST api/v1/surveys/<uuid:survey_id>/responses",
        {"advocateId": "«who»", "answers": [{"question": "q1", "answer": "«m»39"}]},
    ),
    (
        "POST api/v1/referrals",
        {"advocateId": "«who»", "code": "«m»40", "clientIp": "203.0.113.9", "userAgent": "«m»41"},
    ),
    (
        "POST api/v1/referrals/track",
        {
            "code": "ADA-1815",
            "visitorId": "«m»42",
            "landingUrl": "https://shop.example/«m»43",
            "clientIp": "203.0.113.9",
            "userAgent": "«m»41",
        },
    ),
    (
        "POST api/v1/referrals/convert",
        {
            "code": "ADA-1815",
            "orderId": "1001",
            "orderValue": "42.00",
            "visitorId": "«m»42",
            "friendEmail": "«m»6@example.com",
            "friendExternalId": "«m»8",
            "clientIp": "203.0.113.9",
            "userAgent": "«m»41",
        },
    ),
    (
        "PUT api/v1/customers/<str:external_id>",
        {
            "email": "«m»6@example.com",
            "name": "«m»7",
            "firstName": "«m»50",
            "lastName": "«m»51",
            "locale": "en-«m»",
            "tags": ["«m»52"],
            "metadata": {"«m»53": "x"},
        },
    ),
    ("POST api/v1/customers/<str:external_id>/points", {"points": 5, "summary": "«m»54"}),
    (
        "POST api/v1/orders",
        {
            "id": "1002",
            "number": "«m»55",
            "customer": {"externalId": "«m»8", "name": "«m»7"},
            "total": "5.00",
            "financialStatus": "paid",
            "discountCodes": ["«m»56"],
            "lines": [{"id": "1", "productId": "beans", "sku": "«m»57", "price": "5.00"}],
        },
    ),
]
SHOP_ID = "an id of the merchant's"
SET_UP = "what the merchant says of the programme"
NOT_ABOUT_PEOPLE = {
    "PUT api/v1/programme": SET_UP,
    "POST api/v1/programme/simulate": SET_UP,
    "POST api/v1/loyalty-cards/lookup": "a number that is looked up, and kept nowhere",
    "POST api/v1/earn-rules": SET_UP,
    "PATCH api/v1/earn-rules/<uuid:rule_id>": SET_UP,
    "POST api/v1/orders/batch": "each item is what POST /orders takes",
    "POST api/v1/customers/batch": "each item is what PUT /customers takes",
    "POST api/v1/products/batch": SET_UP,
    "PUT api/v1/customers": "what PUT /customers/:externalId takes",
    "POST api/v1/customers/<str:external_id>/points/deduct": "what POST /customers/:externalId/points takes",
    "PATCH api/v1/orders/<str:order_id>": SHOP_ID,
    "PUT api/v1/products/<str:product_id>": SET_UP,
    "PUT api/v1/collections/<str:collection_id>": SET_UP,
    "POST api/v1/rewards": SET_UP,
    "PATCH api/v1/rewards/<uuid:reward_id>": SET_UP,
    "POST api/v1/quests": SET_UP,
    "PATCH api/v1/quests/<uuid:quest_id>": SET_UP,
    "POST api/v1/code-pools": SET_UP,
    "PATCH api/v1/code-pools/<uuid:pool_id>": SET_UP,
    "POST api/v1/code-pools/<uuid:pool_id>/codes": "codes of the merchant's",
    "POST api/v1/code-pools/<uuid:pool_id>/generate": "codes of the merchant's",
    "POST api/v1/feedback/boards": SET_UP,
    "POST api/v1/surveys": SET_UP,
    "POST api/v1/batch/advocates": "each item is what POST /advocates takes",
    "POST api/v1/webhooks": "the merchant's own server",
    "PATCH api/v1/webhooks/<uuid:endpoint_id>": "the merchant's own server",
    "POST api/v1/webhooks/<uuid:endpoint_id>/test": "the name of a topic",
    "POST api/v1/test-clock": "a duration",
    "POST api/v1/event": "what POST /batch/events takes, and kept where that is",
    "POST api/v1/event/batch": "each item is what POST /event takes",
    "POST api/v1/segment/users/": SHOP_ID,
    "POST api/v1/revenue": "the merchant's own books",
    "POST api/loyalty/taps": "a key of the programme, and an id that says nothing",
    "PUT api/v1/integration/user/<str:external_id>": "what PATCH /advocates/:id takes",
    "POST v1/Orders": "whoever is sent a gift takes part in no programme: TestRecipient",
    "POST v1/Cards/Balance": "a code of the merchant's",
    "POST v1/Cards/Redeem": "a code of the merchant's, and their own reference",
}
# Fields of planted operations that take no marker: one of a list, a signature and what it is about, a shop's number.
NO_ROOM = {"timezone", "phone", "signature", "businessId", "referralCode", "currency", "orderId"}


def planted(value: Any, number: str = "") -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).replace("«m»", MARK + number))


class TestEveryText:
    def test_is_planted_or_not_about_a_person(self):
        known = {path: set(body) | NO_ROOM for path, body in STORY}
        missing = {
            path: [
                text
                for text in sorted(traces.texts_of(declared.body))
                if text.partition(".")[0] not in known.get(path, set())
            ]
            for path, declared in traces.operations()
            if declared.body is not None and path not in NOT_ABOUT_PEOPLE
        }

        assert {path: fields for path, fields in missing.items() if fields} == {}

    def test_would_be_missed_otherwise(self):
        """The control: the walk finds texts in every place that a body has for them."""
        offered = dict(traces.operations())

        assert traces.texts_of(offered["POST api/v1/advocates/<uuid:advocate_id>/points"].body) == {"description"}
        assert "metadata" in traces.texts_of(offered["POST api/v1/advocates"].body)
        assert "topics" in traces.texts_of(offered["POST api/v1/webhooks"].body)


class Told:
    """Somebody of whom everything was said that can be said."""

    def __init__(self, api: Any, business: Any, secret: str) -> None:
        self.api, self.business, self.secret = api, business, secret
        self.ids: dict[str, str] = {}

    def tell(self) -> "Told":
        for number, (call, body) in enumerate(STORY):
            method, path = call.split(" ")
            answer = self._send(method, path, planted(body), key=f"{MARK}-{number}")
            assert answer.status_code < 300, (call, answer.content)
            self._remember(answer.json() if answer.content else {})
        self.api.get("/advocates", search=MARK)
        self.api.get("/advocates", email=f"{MARK}6@example.com")
        return self

    def _send(self, method: str, path: str, body: dict[str, Any], *, key: str) -> Any:
        body = json.loads(json.dumps(body).replace("\\u00abwho\\u00bb", self.ids.get("advocate_id", "")))
        if path == "api/loyalty/action":
            token = tokens.issue(business=self.business, account_id=UUID(self.ids["advocate_id"]))
            app = cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")
            return app.post("/action", body, Idempotency_Key=key)
        parts = path.removeprefix("api/v1").split("/")
        path = "/".join(self.ids[part.partition(":")[2][:-1]] if part.startswith("<") else part for part in parts)
        if path.endswith("recognize"):
            body = claim(self.business, self.secret, customer=body.pop("externalCustomerId"), **body)
        api = cast.integration_client_of(self.business) if path.startswith("/integration") else self.api
        return getattr(api, method.lower())(path, body, Idempotency_Key=key)

    def _remember(self, answer: dict[str, Any]) -> None:
        for noun in ("advocate", "redemption", "testimonial", "idea"):
            if noun in answer:
                self.ids[f"{noun}_id"] = answer[noun]["id"]


@pytest.fixture
def told(acme, ada, api, subscribe, consumer, deliver):
    """Grace, in all tables, in what was published and what receivers answered, in the dashboard's log."""
    consumer.says = lambda heard: Says(body=b"got " + heard.body)
    subscribe()
    told = Told(api, acme, sso.create_secret(business=acme))
    mug = {"name": "Mug", "pointsCost": 5, "type": "custom", "acknowledgement": "required"}
    survey = {"title": "Why?", "questions": [{"key": "q1", "kind": "text", "text": "Why?"}]}
    told.ids["reward_id"] = api.post("/rewards", mug).json()["reward"]["id"]
    told.ids["board_id"] = api.post("/feedback/boards", {"title": "Ideas"}).json()["board"]["id"]
    proof = {"title": "Ride", "tasks": [{"title": "Show your bike", "type": "proof"}]}
    quest = api.post("/quests", proof).json()["quest"]["id"]
    told.ids["mission_id"] = api.get(f"/quests/{quest}").json()["tasks"][0]["id"]
    told.ids["external_id"] = f"{MARK}8"
    told.ids["survey_id"] = api.post("/surveys", survey).json()["survey"]["id"]
    api.post("/referrals", {"advocateId": str(ada.pk), "code": "ADA-1815"})
    told.tell()
    grace = Advocate.objects.get(pk=told.ids["advocate_id"])
    Segment.objects.create(business=acme, key="vips", title="VIPs")
    segments.put(business=acme, account_id=grace.pk, keys=["vips"])
    deliver()
    operate(acme, grace)
    deliver()
    return told


def operate(acme, grace):
    """What an operator writes about her."""
    olga = dashboards.works_for(acme)
    profile = {"name": f"{MARK}17", "email": f"{MARK}18@example.com", "external": f"{MARK}8", "phone": "+4930123456"}
    assert olga.post(dashboards.page(grace), {**profile, "timezone": "", "segments": ["vips"]}).status_code == 302
    move = {"direction": "award", "amount": 5, "metric": "points", "once": "01890a5d-ac96-774b-bcce-b302099a8057"}
    olga.post(dashboards.page(grace, "move_points"), {**move, "description": f"{MARK}19"})


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


GIFT = {
    "ProductId": "STORE-CARD",
    "Value": 20,
    "DigitalDeliveryAddress": {"Email": "«m»1@example.com", "Sms": "+4915112345678"},
    "Personalization": {
        "To": "«m»2",
        "FromName": "«m»3",
        "FromEmail": "«m»4@example.com",
        "Message": "«m»5",
        "CultureCode": "de",
    },
}
HOME = {
    "ShippingMethodId": "STANDARD",
    "Name": "«m»6",
    "AddressLine1": "«m»7",
    "AddressLine2": "«m»8",
    "City": "«m»9",
    "State": "",
    "Zip": "89073",
    "Country": "DE",
}
PARCEL = {"ProductId": "STORE-CARD-POST", "Value": 25, "PhysicalDeliveryAddress": HOME}
GIFTS = [
    {"Type": "DigitalDelivery", "PONumber": "1", "LineItems": [GIFT], "Note": "«m»10"},
    {"Type": "DigitalDelivery", "PONumber": "2", "LineItems": [GIFT]},
    {"Type": "PhysicalShipment", "PONumber": "3", "LineItems": [PARCEL]},
    {"Type": "Links", "PONumber": "4", "LineItems": [{**GIFT, "DigitalDeliveryAddress": None}]},
]
# An order's own texts, which are not its recipient's.
OF_THE_ORDER = {"PONumber", "LineItems.ProductId", "WebhookSettings.FulfillmentComplete"}


@pytest.mark.django_db(transaction=True)
class TestRecipient:
    """Of gift cards: they have no account, so the dashboard forgets them by where their cards went."""

    def test_has_every_text_of_an_order_planted(self):
        def words(value, path=()):
            if isinstance(value, dict):
                return {word for name, each in value.items() for word in words(each, (*path, name))}
            if isinstance(value, list):
                return {word for each in value for word in words(each, path)}
            return {".".join(path)}

        (declared,) = (declared for path, declared in traces.operations() if path == "POST v1/Orders")
        planted_ = {word for order in GIFTS for word in words(order)}
        assert traces.texts_of(declared.body) - planted_ == OF_THE_ORDER - planted_

    def test_is_forgotten_wherever_they_were_named_and_the_money_stays(self, acme, mailoutbox):
        gifts = open_gifts(acme)
        for order in GIFTS:
            answer = gifts.post("/Orders", planted(order), Idempotency_Key=f"{MARK}-{order['PONumber']}")
            assert answer.status_code == 201, answer.content
        gift_sending.send_due()
        assert len(mailoutbox) == 2
        relay.relay()
        assert "rewards_giftline" in traces.of(MARK, traces.tables())
        booked = list(GiftPosting.objects.order_by("pk").values())
        cards = GiftCard.objects.order_by("pk")

        olga = dashboards.works_for(acme)
        for card in cards:
            olga.post(dashboards.page(card, "erase"))

        assert traces.of(MARK, {**traces.tables(), "Redis": traces.in_redis()}) == []
        assert traces.of("15112345678", {**traces.tables(), "Redis": traces.in_redis()}) == []
        assert list(GiftPosting.objects.order_by("pk").values())[: len(booked)] == booked
        now = list(cards.values_list("status", flat=True))
        assert now == ["Sent", "Sent", "Failed", "Delivered"]  # the parcel had not left
        assert verification.verify() == []


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
