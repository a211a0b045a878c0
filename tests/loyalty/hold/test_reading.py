"""Whoever looks at what they have sees what is due to them, and a look costs nothing where nothing is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.services import accrual, erasure, tokens, wallets
from tests import cast

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


class TestALook:
    def test_costs_one_query_where_nothing_is_due(self, acme, ada, give):
        give(ada, 100)

        with CaptureQueriesContext(connection) as asked:
            wallet = wallets.of_one(business=acme, account_id=ada.pk)

        assert (wallet.amount, len(asked)) == (100, 1)

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
