"""Whoever looks at what they have sees what is due to them, and a look costs nothing where nothing is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.services import loyalty_cards
from loyalty.kernel import clock
from loyalty.models import Event, Milestone
from loyalty.selectors import ledger as books
from loyalty.services import accrual, erasure, quests, tokens, wallets
from loyalty.services.quest_rules import Audience, Rules, TaskRules
from tests import cast, dashboards
from tests.widget.conftest import Visitor, token_of

ADA = "/integration/user/ada-1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada_app(ada):
    token = tokens.issue(business=ada.business, account_id=ada.pk, scope="user")
    return cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")


@pytest.fixture
def five_due(ada, give, start):
    """Tokens know the true time only, so no test stays in the future."""
    give(ada, 100)
    start()
    with clock.moved_to(clock.wall() + timedelta(minutes=5)):
        accrual.accrue_due()


@pytest.fixture
def five_to_silver(five_due, acme):
    """What is due makes Ada silver, and there is a quest that only silver people may take part in."""
    Milestone.objects.for_business(acme).filter(key="silver").update(threshold=105)
    step = TaskRules(title="Say hello", type="manual")
    return quests.create(business=acme, title="Silver", rules=Rules(tasks=[step], audience=Audience(tiers=["silver"])))


class TestALook:
    def test_costs_one_query_where_nothing_is_due(self, acme, ada, give):
        give(ada, 100)

        with CaptureQueriesContext(connection) as asked:
            wallet = wallets.of_one(business=acme, account_id=ada.pk)

        assert (wallet.amount, len(asked)) == (100, 1)

    def test_at_something_else_costs_one_query_where_nothing_is_due(self, acme, ada, give):
        give(ada, 100)

        with CaptureQueriesContext(connection) as asked:
            wallets.settle_due(business=acme, account_id=ada.pk)

        assert len(asked) == 1

    @pytest.mark.parametrize(("path", "statements"), [("/config", 6), ("/profile", 7), ("/notifications", 2)])
    def test_of_the_app_costs_no_statement_where_nothing_is_due(
        self, ada, give, ada_app, django_assert_num_queries, path, statements
    ):
        give(ada, 100)
        ada_app.get(path)

        with django_assert_num_queries(statements):
            ada_app.get(path)

    def test_of_the_app_posts(self, five_due, ada_app):
        assert ada_app.get("/profile").json()["data"]["metrics"]["points"] == 105

    def test_of_the_backend_posts(self, five_due, api, ada):
        assert api.get(f"/advocates/{ada.pk}/points").json()["balance"] == 105

    def test_at_the_person_posts(self, five_due, api, ada):
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["points"] == 105

    def test_of_the_widget_posts(self, five_due, acme, ada, client):
        token = tokens.issue(business=acme, account_id=ada.pk, scope="user")
        headers = {"Authorization": f"Bearer {token}"}

        page = client.get(f"/w/{acme.slug}/home", headers=headers).content.decode()

        assert 'data-balance="105"' in page

    def test_at_the_history_of_the_widget_posts(self, five_due, ada):
        assert "<b>+5</b>" in Visitor(token_of(ada)).get("history").text

    def test_at_a_reward_of_the_widget_posts(self, five_due, api, ada):
        reward = api.post("/rewards", {"name": "Mug", "pointsCost": 105, "type": "custom"}).json()["reward"]

        assert "data-redeem" in Visitor(token_of(ada)).get(f"rewards/{reward['id']}").text

    def test_of_the_merchants_own_pages_posts(self, five_due, integration_api):
        assert integration_api.get(f"{ADA}/balance").json()["balance"] == 105

    def test_at_rewards_posts_before_it_says_what_is_affordable(self, five_due, api, integration_api):
        api.post("/rewards", {"name": "Mug", "pointsCost": 105, "type": "custom"})

        (offer,) = integration_api.get(f"{ADA}/rewards").json()["rewards"]

        assert offer["affordable"]

    def test_at_the_user_posts_before_it_says_the_tier(self, five_due, acme, integration_api):
        steps = Milestone.objects.for_business(acme).filter(key="silver")
        steps.update(threshold=105)

        assert integration_api.get(ADA).json()["tier"] == "silver"

    def test_at_the_history_of_the_merchants_own_pages_posts(self, five_due, integration_api):
        newest = integration_api.get(f"{ADA}/history").json()["history"][0]

        assert newest["payload"]["metricChanges"] == {"points": {"oldValue": 100, "newValue": 105}}

    def test_at_the_history_of_the_app_posts(self, five_due, ada_app):
        newest = ada_app.get("/history").json()["data"][-1]

        assert newest["payload"]["metricChanges"] == {"points": {"oldValue": 100, "newValue": 105}}

    def test_at_missions_posts_before_it_says_which_are_theirs(self, five_to_silver, integration_api):
        (mission,) = integration_api.get(f"{ADA}/missions").json()["missions"]

        assert mission["title"] == "Say hello"

    def test_at_quests_posts_before_it_says_which_are_theirs(self, five_to_silver, integration_api):
        (quest,) = integration_api.get(f"{ADA}/quests").json()["quests"]

        assert quest["title"] == "Silver"

    @pytest.mark.parametrize("path", ["/config", "/profile"])
    def test_of_the_app_at_quests_posts_before_it_says_which_are_theirs(self, five_to_silver, ada_app, path):
        assert len(ada_app.get(path).json()["data"]["challenges"]) == 1

    def test_of_the_app_at_what_is_new_posts_before_it_tells(self, five_to_silver, ada_app):
        newest = ada_app.get("/notifications").json()["data"][-1]

        assert newest["payload"]["milestoneChanges"] == {"tiers": {"oldValue": "bronze", "newValue": "silver"}}

    def test_at_missions_of_the_widget_posts_before_it_shows_them(self, five_to_silver, ada):
        assert "Say hello" in Visitor(token_of(ada)).get("missions").text

    def test_at_the_customer_posts(self, five_due, api):
        assert api.get("/customers/ada-1").json()["customer"]["pointBalance"] == 105

    def test_at_the_customer_whose_card_it_is_posts(self, five_due, api, ada):
        shown = {"card": loyalty_cards.number_of(ada)}

        assert api.post("/loyalty-cards/lookup", shown).json()["customer"]["pointBalance"] == 105

    def test_at_transactions_posts(self, five_due, api, ada):
        newest = api.get(f"/advocates/{ada.pk}/transactions").json()["transactions"][0]

        assert (newest["amount"], newest["source"]["type"]) == (5, "hold")

    def test_of_an_operator_posts(self, five_due, acme, ada):
        dashboards.works_for(acme).get(dashboards.page(ada))

        assert books.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 105

    def test_tells_of_it_once(self, five_due, acme, api, ada):
        for _ in range(2):
            api.get(f"/advocates/{ada.pk}/points")

        told = Event.objects.for_business(acme).filter(account=ada.pk, facts__action="hold")
        assert [(event.topic, event.facts["amount"], event.facts["programme"]) for event in told] == [
            ("points/earned", 5, "pool")
        ]


class TestARedeem:
    def test_pays_with_what_was_due(self, five_due, api, ada):
        reward = api.post("/rewards", {"name": "Mug", "pointsCost": 105, "type": "custom"}).json()["reward"]

        response = api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)})

        assert response.status_code == 200


class TestAnExport:
    def test_says_what_somebody_has_accrued(self, five_due, acme, ada):
        held = erasure.export(business=acme, account_id=ada.pk)["held"]

        assert [(row["programmeKey"], int(row["parts"])) for row in held["accruals"]] == [("pool", 5 * 1_440_000)]
