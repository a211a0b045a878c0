"""What a call does happens once, also where the database ends what it looks up for its answer: it is tried again."""

import pytest

from advocates.services import settled
from loyalty.services import quests, wallets
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from rewards.models import Redemption
from rewards.services import rewards
from tests.loyalty.quests.conftest import do, points_of, tasks_of
from tests.races import losing_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _looked_up_in_vain_once(ada, bob, monkeypatch):
    monkeypatch.setattr(wallets, "of_one", losing_once(wallets.of_one))
    monkeypatch.setattr(settled, "profile", losing_once(settled.profile))


def test_somebody_joins_once(api):
    assert api.post("/advocates", {"email": "charles@example.com"}).status_code == 201


def test_somebody_is_merged_once(api, ada, bob):
    assert api.post(f"/advocates/{bob.pk}/merge", {"intoAdvocateId": str(ada.pk)}).status_code == 200


def test_a_reward_is_redeemed_once(acme, ada, give, integration_api):
    mug = rewards.create(business=acme, name="Mug", type="custom", points_cost=100)
    give(ada, 300)

    answer = integration_api.post(f"/integration/user/ada-1/rewards/{mug.pk}/redeem")

    assert (answer.status_code, answer.json()["balance"], Redemption.objects.count()) == (200, 200, 1)


def test_a_mission_is_claimed_once(acme, ada, integration_api):
    wave = TaskRules(title="Wave", type="manual", benefits=[in_points(5)])
    quest = quests.create(business=acme, title="Hello", rules=Rules(tasks=[wave], auto_claim=False))
    (mission,) = tasks_of(quest)
    do(quest, ada)

    answer = integration_api.post(f"/integration/user/ada-1/missions/{mission.pk}/claim")

    assert (answer.status_code, answer.json()["pointsAwarded"], points_of(ada)) == (200, 5, 5)
