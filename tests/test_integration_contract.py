"""Every row of the Integration API: who may call it, what it takes, and what it answers.

Columns of who may: nobody · a key of the wrong kind · another business's key · the sandbox's key · a key that may only
read · the right key from an address that is not listed · the right key.
"""

from typing import Any

import pytest
from django.db import transaction

from loyalty.models import Business, RevenueReport
from loyalty.services import completions, keys, quests
from loyalty.services.quest_rules import Rules, TaskRules
from rewards.services import rewards
from tests import cast
from tests.refusals import assert_integration_refused
from tests.test_broken_operations import operation_of
from tests.test_contract import fields, filled
from tests.test_permissions import PARAMETER, address_of, declared_routes, is_of_integration

pytestmark = pytest.mark.django_db

THEIRS, ANYBODYS, NAMED = "of somebody of the business", "new, or one's own", "somebody whom an item names"
OTHERS = {
    THEIRS: {"rival": 404, "sandbox": 404},
    ANYBODYS: {"rival": "ok", "sandbox": "ok"},
    NAMED: {"rival": 400, "sandbox": 400},
}

USER = "integration/user/<str:external_id>"
EVENT = {"id": "r1", "userId": "ada-1", "eventId": "ride", "value": 1, "createdAt": "2026-01-05 09:30:00"}
REVENUE = {"requestId": "may", "revenue": "10.00", "date": "2026-01-05"}

# method and path, whose it is, what is sent, what it takes (parameters or fields), status, what it answers
ROWS = [
    ("POST event", ANYBODYS, EVENT, "id userId eventId value createdAt eventTags data", 201, ""),
    ("POST event/batch", ANYBODYS, [EVENT], "", 200, "batchId results succeeded failed"),
    (
        "POST revenue",
        ANYBODYS,
        REVENUE,
        "requestId revenue date currency",
        200,
        "",
    ),
    ("POST segment/users/", NAMED, [{"userId": "ada-1"}], "", 200, ""),
    (f"GET {USER}", THEIRS, None, "", 200, "userId advocateId createdAt tier segments"),
    (
        f"PUT {USER}",
        ANYBODYS,
        {"name": "Ada"},
        "email name birthday locale timezone metadata",
        200,
        "userId advocateId createdAt tier segments",
    ),
    (f"GET {USER}/widget", ANYBODYS, None, "section item", 200, "url"),
    (f"GET {USER}/token", ANYBODYS, None, "", 200, "token"),
    (f"GET {USER}/missions", THEIRS, None, "status", 200, "missions"),
    (f"POST {USER}/missions/<uuid:mission_id>/claim", THEIRS, None, "", 200, "missionId pointsAwarded balance"),
    (f"POST {USER}/missions/<uuid:mission_id>/proof", THEIRS, {"text": "Here"}, "text url file", 201, ""),
    (f"GET {USER}/quests", THEIRS, None, "", 200, "quests"),
    (f"GET {USER}/rewards", THEIRS, None, "", 200, "rewards"),
    (f"POST {USER}/rewards/<uuid:reward_id>/redeem", THEIRS, {}, "type", 200, "redemption balance"),
    (
        "POST v2/integration/user/<str:external_id>/rewards/redeem",
        THEIRS,
        {"rewardId": "{reward_id}", "type": "EVENT"},
        "rewardId type",
        200,
        "reply",
    ),
    (f"GET {USER}/balance", THEIRS, None, "", 200, "balance pending metrics tier"),
    (f"GET {USER}/history", THEIRS, None, "cursor limit", 200, "history nextCursor"),
]
EVERY_ROW = pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])


def client(business, kind=keys.Kind.INTEGRATION, **key):
    _, text = keys.create_key(business=business, kind=kind, name="k", **key)
    return cast.ApiClient({"X-API-KEY": text}, base="")


@pytest.fixture
def ids(acme, ada, give):
    give(ada, 500)
    steps = [TaskRules(title="Wave", type="manual"), TaskRules(title="Show", type="proof")]
    quest = quests.create(business=acme, title="Welcome", rules=Rules(tasks=steps, auto_claim=False))
    wave, show = quests.reads.tasks_of(quest.current)
    reward = rewards.create(business=acme, name="Mug", type="custom", points_cost=5)
    completions.complete(business=acme, quest_id=quest.pk, task_id=wave.pk, account_id=ada.pk)
    return {
        "external_id": "ada-1",
        "reward_id": str(reward.pk),
        "mission_id": str(wave.pk),
        f"{USER}/missions/<uuid:mission_id>/proof mission_id": str(show.pk),
    }


@pytest.fixture
def answer(ids):
    """What a row answers to a client; nothing of it stays."""

    def send(client, row):
        method, route = row[0].split()
        address = PARAMETER.sub(lambda found: ids.get(f"{route} {found[1]}") or ids[found[1]], address_of(route))
        body = filled(row[2], ids) if isinstance(row[2], dict) else row[2]
        with transaction.atomic():
            call = getattr(client, method.lower())
            response = call(address) if method == "GET" else call(address, body)
            transaction.set_rollback(True)
        return response

    return send


def test_every_route_has_a_row():
    assert {row[0] for row in ROWS} == {" ".join(row) for row in declared_routes() if is_of_integration(row[1])}


class TestRows:
    @EVERY_ROW
    def test_are_for_whom_they_say(self, acme, rival, answer, row):
        actors = {
            "nobody": cast.ApiClient(base=""),
            "wrong kind": client(acme, keys.Kind.SECRET),
            "rival": client(rival),
            "sandbox": client(acme.sandbox),
            "reader": client(acme, scopes=["read"]),
            "owner": client(acme),
        }
        answers = {actor: answer(api, row).status_code for actor, api in actors.items()}
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=["203.0.113.7/32"])
        refusal = answer(client(acme), row)

        reader = "ok" if row[0].startswith("GET") else 403
        assert {actor: "ok" if status in (200, 201) else status for actor, status in answers.items()} == {
            **{"nobody": 401, "wrong kind": 403, "reader": reader, "owner": "ok"},
            **OTHERS[row[1]],
        }
        assert (refusal.status_code, refusal.json()["code"]) == (403, "IP_NOT_ALLOWED")

    @EVERY_ROW
    def test_take_what_they_say(self, row):
        _, declared = operation_of(*row[0].split())

        assert set(row[3].split()) <= (fields(declared) if row[3] else set())

    @EVERY_ROW
    def test_answer_what_they_owe_in_its_order(self, acme, answer, row):
        response = answer(client(acme), row)

        body = response.json() if response.content else {}
        assert (response.status_code, list(body)) == (row[4], row[5].split())


WRONG_TYPES: dict[str, list[Any]] = {
    "revenue": [True, None, "", [], ["10.00"], {"amount": "10.00"}, 10.001, -1],
    "date": [20260105, 1767571200.0, True, None, "", ["2026-01-05"], {}],
    "currency": [978, True, "", ["EUR"], {"code": "EUR"}],
}


class TestRevenue:
    """Money is a JSON number or a string, a day a string; which no row says."""

    @pytest.mark.parametrize(
        ("field", "value"), [(name, value) for name in WRONG_TYPES for value in WRONG_TYPES[name]]
    )
    def test_refuses_a_field_of_the_wrong_type(self, acme, field, value):
        response = client(acme).post("/api/v1/revenue", {**REVENUE, field: value})

        assert_integration_refused(response, "VALIDATION_ERROR", field)
        assert not RevenueReport.objects.exists()

    @pytest.mark.parametrize("revenue", ["10.10", 10.1, "10.1"])
    def test_takes_text_and_numbers_for_the_same(self, acme, revenue):
        response = client(acme).post("/api/v1/revenue", {**REVENUE, "revenue": revenue})

        assert (response.status_code, RevenueReport.objects.for_business(acme).get().minor) == (200, 1010)

    def test_takes_whole_numbers_and_no_currency(self, acme):
        response = client(acme).post("/api/v1/revenue", {**REVENUE, "revenue": 7, "currency": None})

        report = RevenueReport.objects.for_business(acme).get()
        assert (response.status_code, report.minor, report.currency) == (200, 700, "EUR")
