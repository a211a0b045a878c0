"""Every row of the Advocates API, the Platform API and the programme as code: what it takes, and what it answers.

A row may answer more than it owes, and take more; never less. Who may call it is asked in `test_permissions.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml
from django.db import transaction

from advocates.services import sso
from tests import cast
from tests.advocates.test_sso import claim
from tests.test_broken_operations import operation_of
from tests.test_permissions import BODIES, PARAMETER, QUERIES, ids

__all__ = ["ids"]  # the fixture

pytestmark = pytest.mark.django_db

LIST = "total page nextCursor"
BATCH = "batchId results succeeded failed"
TEXTS = "title subtitle description"
REWARD = (
    "name description pointsCost type stock value currency status startsAt endsAt tierKeys segmentKeys "
    "perAdvocateLimit minSpend codePrefix productId increments approval key"
)
QUEST = "title description tasks reward key status window recurrence audience autoClaim"
SEEN = "clientIp userAgent"
RULE = (
    "title key status trigger earn conditions window audience limit budget pendingDays expiresAfterDays "
    "tierMultiplier multiplier priority stacking includeProducts includeCollections excludeProducts "
    "excludeCollections minSpend"
)
CUSTOMER = (
    "email firstName lastName name birthdayMonth birthdayDay phone locale acceptsMarketing tags metadata createdAt"
)

# method, path, what it takes (parameters or fields), status, what it answers
ROWS = [
    (
        "GET advocates",
        "page limit cursor search tier segment email createdAfter createdBefore minPoints maxPoints sort",
        200,
        f"advocates {LIST}",
    ),
    ("GET advocates/<uuid:advocate_id>", "", 200, "advocate"),
    ("POST advocates", "email name metadata externalId birthday locale timezone referralCode", 201, "advocate"),
    (
        "PATCH advocates/<uuid:advocate_id>",
        "name tier metadata email externalId birthday locale timezone",
        200,
        "advocate",
    ),
    ("DELETE advocates/<uuid:advocate_id>", "", 204, ""),
    (
        "GET advocates/<uuid:advocate_id>/points",
        "",
        200,
        "balance pending lifetimeEarned lifetimeSpent expiring metrics",
    ),
    (
        "POST advocates/<uuid:advocate_id>/points",
        "amount description type metric expiresAt pendingUntil",
        200,
        "transaction newBalance",
    ),
    (
        "GET advocates/<uuid:advocate_id>/transactions",
        "cursor limit type metric from to",
        200,
        "transactions nextCursor",
    ),
    (
        "GET advocates/<uuid:advocate_id>/transactions/<uuid:entry_id>/why",
        "",
        200,
        "transaction rule version inputs caps lots",
    ),
    ("POST advocates/<uuid:advocate_id>/merge", "intoAdvocateId", 200, "advocate"),
    ("GET advocates/<uuid:advocate_id>/export", "", 200, "advocateId held"),
    ("POST advocates/<uuid:advocate_id>/revoke-tokens", "", 204, ""),
    ("GET rewards", "status type advocateId page limit cursor", 200, f"rewards {LIST}"),
    ("GET rewards/<uuid:reward_id>", "", 200, "reward"),
    ("POST rewards", REWARD, 201, "reward"),
    ("PATCH rewards/<uuid:reward_id>", REWARD, 200, "reward"),
    ("POST rewards/<uuid:reward_id>/redeem", "advocateId points quantity", 200, "redemption"),
    ("POST rewards/<str:coupon_code>/use", "", 200, "redemption"),
    ("GET redemptions", "advocateId rewardId status limit cursor", 200, "redemptions nextCursor"),
    ("GET redemptions/<uuid:redemption_id>", "", 200, "redemption"),
    ("POST redemptions/<uuid:redemption_id>/cancel", "reason", 200, "redemption"),
    ("POST redemptions/<uuid:redemption_id>/fulfil", "reason", 200, "redemption"),
    ("POST redemptions/<uuid:redemption_id>/acknowledge", "reason", 200, "redemption"),
    ("GET quests", "status page limit cursor", 200, f"quests {LIST}"),
    ("GET quests/<uuid:quest_id>", "", 200, "quest tasks"),
    ("POST quests", QUEST, 201, "quest"),
    ("PATCH quests/<uuid:quest_id>", f"status {TEXTS} {QUEST}", 200, "quest"),
    ("POST quests/<uuid:quest_id>/complete", "advocateId taskId", 200, "completion pointsAwarded alreadyCompleted"),
    ("GET referrals", "page limit cursor", 200, f"referrals {LIST}"),
    ("POST referrals", "advocateId code", 201, "referral"),
    (
        "GET referrals/<str:code>/stats",
        "from to",
        200,
        "clicks conversions revenue uniqueVisitors pending rejected currency",
    ),
    ("POST referrals/track", f"code visitorId landingUrl {SEEN}", 200, "tracked"),
    (
        "POST referrals/convert",
        f"code orderId orderValue currency visitorId friendEmail friendExternalId {SEEN}",
        200,
        "conversion pointsAwarded alreadyConverted",
    ),
    ("GET testimonials", "status rating page limit cursor", 200, "testimonials total"),
    ("POST testimonials", "advocateId rating title body source consent media", 201, "testimonial"),
    ("PATCH testimonials/<uuid:testimonial_id>", "status reason", 200, "testimonial"),
    ("GET feedback/boards", "limit cursor", 200, "boards"),
    ("POST feedback/boards", "title description", 201, "board"),
    ("GET feedback/boards/<uuid:board_id>/ideas", "status sort limit cursor", 200, "ideas total"),
    ("POST feedback/boards/<uuid:board_id>/ideas", "advocateId title body", 201, "idea"),
    ("PATCH feedback/ideas/<uuid:idea_id>", "status response", 200, "idea"),
    ("POST feedback/ideas/<uuid:idea_id>/vote", "advocateId", 201, "idea"),
    ("DELETE feedback/ideas/<uuid:idea_id>/vote", "advocateId", 200, "idea"),
    ("GET surveys", "limit cursor", 200, "surveys nextCursor"),
    ("POST surveys", "title description questions", 201, "survey"),
    ("GET surveys/<uuid:survey_id>/responses", "limit cursor", 200, "responses survey nextCursor"),
    ("POST surveys/<uuid:survey_id>/responses", "advocateId answers", 201, "response"),
    (
        "POST sso/recognize",
        "businessId externalCustomerId timestamp signature email name",
        200,
        "advocateId sessionToken",
    ),
    ("GET sso/mappings", "externalCustomerId advocateId limit cursor", 200, "mappings"),
    ("POST sso/mappings", "advocateId externalCustomerId externalEmail externalName", 201, "mapping"),
    ("PUT customers/<str:external_id>", CUSTOMER, 200, "customer"),
    ("PUT customers", f"externalId {CUSTOMER}", 200, "customer"),
    (
        "GET customers",
        "email minPointBalance maxPointBalance createdAfter updatedAfter lastSeenAfter cursor",
        200,
        "customers nextCursor",
    ),
    ("GET customers/<str:external_id>", "", 200, "customer"),
    (
        "POST customers/<str:external_id>/points",
        "points summary earnRuleId updateLastSeen",
        200,
        "transaction newBalance",
    ),
    ("POST customers/<str:external_id>/points/deduct", "points summary", 200, "transaction newBalance"),
    ("GET customers/<str:external_id>/stamp-cards", "", 200, "stampCards"),
    ("GET customers/<str:external_id>/memberships", "", 200, "memberships"),
    ("PUT customers/<str:external_id>/memberships/<str:key>", "endsAt", 200, "membership"),
    ("DELETE customers/<str:external_id>/memberships/<str:key>", "", 204, ""),
    ("POST loyalty-cards/lookup", "card", 200, "customer"),
    (
        "POST orders",
        "id number customer currency subtotal discountTotal shippingTotal taxTotal total financialStatus "
        "discountCodes lines referralCode createdAt",
        201,
        "order pointsAwarded breakdown",
    ),
    ("PATCH orders/<str:order_id>", "financialStatus refunds", 200, "order pointsAwarded pointsReversed"),
    ("GET orders/<str:order_id>", "", 200, "order"),
    (
        "PUT products/<str:product_id>",
        "title handle imageUrl status price currency collectionIds variants",
        200,
        "product",
    ),
    ("GET products", "limit cursor", 200, "products nextCursor"),
    ("GET products/<str:product_id>", "", 200, "product"),
    ("DELETE products/<str:product_id>", "", 204, ""),
    ("PUT collections/<str:collection_id>", "title productIds", 200, "collection"),
    ("GET collections/<str:collection_id>", "", 200, "collection"),
    ("DELETE collections/<str:collection_id>", "", 204, ""),
    ("GET events", "cursor limit topic advocateId", 200, "events nextCursor"),
    ("POST events/dry-run", "advocateId event data", 200, "outcome pointsAwarded questsCompleted tasks rules"),
    ("POST batch/points", "items", 200, BATCH),
    ("POST orders/batch", "items", 200, BATCH),
    ("POST customers/batch", "items", 200, BATCH),
    ("POST products/batch", "items", 200, "results succeeded failed"),
    ("POST batch/advocates", "items", 200, BATCH),
    ("POST batch/events", "items", 200, BATCH),
    ("POST batch/<uuid:batch_id>/undo", "", 200, BATCH),
    ("GET earn-rules", "status limit cursor", 200, "earnRules nextCursor"),
    ("POST earn-rules", RULE, 201, "earnRule"),
    ("GET earn-rules/<uuid:rule_id>", "", 200, "earnRule"),
    ("PATCH earn-rules/<uuid:rule_id>", RULE.replace("trigger ", "").replace("key ", ""), 200, "earnRule"),
    ("GET test-clock", "", 200, "now"),
    ("POST test-clock", "now advance", 200, "now"),
    ("GET me", "", 200, "businessId name plan keyName mode"),
    ("GET webhooks", "limit cursor", 200, "webhooks"),
    ("POST webhooks", "url topics signatureProfile description", 201, "webhook"),
    ("GET webhooks/<uuid:endpoint_id>", "", 200, "webhook"),
    ("PATCH webhooks/<uuid:endpoint_id>", "url topics status", 200, "webhook"),
    ("DELETE webhooks/<uuid:endpoint_id>", "", 204, ""),
    ("POST webhooks/<uuid:endpoint_id>/test", "topic", 202, "delivery"),
    ("POST webhooks/<uuid:endpoint_id>/rotate", "", 200, "webhook"),
    ("POST webhooks/<uuid:endpoint_id>/replay", "from", 202, "count"),
    ("GET webhooks/<uuid:endpoint_id>/deliveries", "limit cursor", 200, "deliveries nextCursor"),
    ("POST webhooks/deliveries/<uuid:delivery_id>/retry", "", 202, "delivery"),
    ("GET programme", "", 200, "version metrics milestoneSets segments events earnRules quests rewards policies"),
    ("PUT programme", "metrics segments quests rewards dryRun", 200, "version changes warnings"),
    ("GET programme/versions", "limit cursor", 200, "versions"),
    ("POST programme/versions/<int:number>/restore", "", 200, "version changes warnings"),
    ("POST programme/simulate", "document from to pointValue", 202, "simulation"),
    ("GET programme/simulations/<uuid:simulation_id>", "", 200, "simulation"),
    ("POST programme/simulations/<uuid:simulation_id>/cancel", "", 200, "simulation"),
]

# What each object has, under its singular name or in the list of its plural.
SHAPES = {
    "advocate": "id externalId email name firstName lastName phone locale timezone birthday metadata tier "
    "tierIsManual points pendingPoints lifetimePoints segments referralUrl status lastSeenAt createdAt updatedAt",
    "customer": "id externalId email name firstName lastName phone birthdayMonth birthdayDay locale tags metadata "
    "pointBalance lifetimePoints currentLoyaltyTier referralUrl segments lastSeenAt createdAt updatedAt",
    "order": "id number currency subtotal discountTotal shippingTotal taxTotal total financialStatus discountCodes "
    "lines createdAt updatedAt",
    "stampCard": "key title slots filled rewards",
    "membership": "key title perks",
    "earnRule": "id key title status version budgetSpent terms createdAt updatedAt",
    "product": "id title handle imageUrl status price currency collectionIds variants",
    "collection": "id title productIds",
    "transaction": "id advocateId type metric amount balanceAfter description source ruleId ruleVersion createdAt",
    "reward": "id key name description type status pointsCost value currency stock stockRemaining startsAt endsAt "
    "tierKeys segmentKeys perAdvocateLimit minSpend codePrefix productId increments approval createdAt updatedAt",
    "redemption": "id rewardId advocateId status points quantity couponCode expiresAt reason createdAt updatedAt",
    "quest": "id key title subtitle description status window recurrence audience autoClaim benefits version "
    "createdAt updatedAt",
    "task": "id key title description type trigger conditions measure target oncePerDay benefits",
    "completion": "id questId taskId advocateId questCompleted completedAt",
    "referral": "id code advocateId link clicks conversions revenue currency createdAt",
    "conversion": "id code orderId orderValue currency status reason createdAt",
    "testimonial": "id advocateId rating title body source consent status reason createdAt updatedAt",
    "board": "id title description ideas createdAt",
    "idea": "id boardId advocateId title body status votes response createdAt updatedAt",
    "mapping": "id advocateId externalCustomerId externalEmail externalName createdAt",
    "webhook": "id url topics signatureProfile status",
    "delivery": "id eventId topic status nextAttemptAt attempts",
    "event": "id type created businessId sequence data",
    "change": "path action before after",
}
PLURALS = {"deliveries": "delivery"} | {f"{noun}s": noun for noun in SHAPES}

# What the examples of the schema cannot be sent for: they name other people, or places that are taken.
SENT = BODIES | {
    "advocates": {"email": "grace@example.com", "name": "Grace Hopper"},
    "customers": {"externalId": "ada-1", "firstName": "Ada"},
    "orders/<str:order_id>": {"financialStatus": "paid"},
    "loyalty-cards/lookup": {"card": "{card}"},
    "earn-rules/<uuid:rule_id>": {"status": "paused", "priority": 5},
    "sso/mappings": {"advocateId": "{advocate_id}", "externalCustomerId": "outlet-77"},
    "testimonials": {"advocateId": "{advocate_id}", "rating": 5, "body": "Good", "consent": True},
    "referrals": {"advocateId": "{other_id}", "code": "BOB-1"},
    "webhooks": {"url": "http://127.0.0.1:9/other", "topics": ["*"]},
    "webhooks/<uuid:endpoint_id>/test": {"topic": "points/earned"},
}

IN_SANDBOX = {"test-clock", "programme/simulate"}  # live has no test clock, and a simulation that runs


def fields(declared: Any) -> set[str]:
    structs = [struct for struct in (declared.query, declared.body) if struct is not None]
    return {name for struct in structs for name in struct.__struct_encode_fields__}


def filled(body: Any, ids: dict[str, str]) -> dict[str, Any]:
    return {name: said.format(**ids) if isinstance(said, str) else said for name, said in (body or {}).items()}


@pytest.fixture
def answer(acme, api, sandbox_api, ids):
    """What a row answers to a call that makes sense."""

    def send(method: str, route: str) -> Any:
        if route == "sso/recognize":
            body = claim(acme, sso.create_secret(business=acme), customer="ada-1")
            return cast.ApiClient().post("/sso/recognize", body)
        _, declared = operation_of(method, route)
        path = "/" + PARAMETER.sub(lambda found: ids.get(route) or ids[found[1]], route)
        path += QUERIES.get((method, route), "").format(**ids)
        body = filled(SENT.get(route, declared.example), ids)
        client = sandbox_api if route in IN_SANDBOX else api
        call = getattr(client, method.lower())
        return call(path, body) if declared.body is not None else call(path)

    return send


def complaints(answer: Any, rows: Sequence[tuple[str, str, int, str]]) -> dict[str, Any]:
    """Each row by itself: what one changes is as it was for the next."""
    found = {}
    for row, _, status, owed in rows:
        with transaction.atomic():
            response = answer(*row.split())
            transaction.set_rollback(True)
        body = response.json() if response.content else {}
        missing = {name for name in owed.split() if name not in body} | set(bare(row, body))
        if response.status_code != status or missing:
            found[row] = (response.status_code, missing or response.content)
    return found


def bare(row: str, body: dict[str, Any]) -> Iterator[str]:
    """The fields that objects of an answer owe, and do not have."""
    if row == "GET programme":  # a document: its words mean other things
        return
    for name, value in body.items():
        items = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
        noun = PLURALS.get(name, name)
        for field in SHAPES.get(noun, "").split():
            if any(field not in item for item in items):
                yield f"{name}.{field}"


class TestRows:
    @pytest.mark.parametrize(("row", "takes"), [row[:2] for row in ROWS], ids=[row[0] for row in ROWS])
    def test_take_what_they_say(self, row, takes):
        _, declared = operation_of(*row.split())

        assert set(takes.split()) <= fields(declared)

    def test_answer_what_they_owe(self, answer):
        assert complaints(answer, ROWS) == {}

    def test_would_be_missed_otherwise(self, answer, monkeypatch):
        """The control: another status, a key and a field that nobody answers."""
        monkeypatch.setitem(SHAPES, "quest", "id colour")
        wrong = [("GET me", "", 201, "name"), ("GET quests", "", 200, "quests colour"), ("GET events", "", 200, "")]

        found = complaints(answer, wrong)
        assert set(found) == {"GET me", "GET quests"}
        assert found["GET quests"] == (200, {"colour", "quests.colour"})


class TestWhatPeopleCarry:
    """Lists of what the fixture gives Ada: one that is empty would owe nothing."""

    @pytest.mark.parametrize("name", ["stamp-cards", "memberships"])
    def test_is_listed_for_who_has_it(self, api, ids, name):
        (found,) = api.get(f"/customers/ada-1/{name}").json().values()

        assert len(found) == 1

    def test_is_found_by_its_card_alone(self, api, ids):
        customer = api.post("/loyalty-cards/lookup", {"card": ids["card"]}).json()["customer"]

        assert customer["externalId"] == "ada-1"


class TestProgramme:
    def test_comes_as_yaml_for_who_asks(self, acme, api):
        client = cast.ApiClient({**api.headers, "Accept": "application/yaml"})
        response = client.get("/programme")

        assert response["Content-Type"] == "application/yaml"
        assert yaml.safe_load(response.content)["version"] == api.get("/programme").json()["version"]
        assert response["ETag"]
