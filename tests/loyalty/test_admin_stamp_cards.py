"""Stamp cards in the dashboard."""

import pytest

from loyalty.models import Membership, StampCard
from tests import dashboards

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(acme):
    dashboards.fill(acme, "Beans")
    return StampCard.objects.get()


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


class TestStampCards:
    def test_show_what_they_give_and_whom_they_brought_something(self, olga, card):
        assert "Beans card" in dashboards.text_of(olga.get(dashboards.listed(StampCard)))

        text = dashboards.text_of(olga.get(dashboards.page(card)))

        for said in ("A stamp for each order", "Beans cup", "Beans Lovelace"):
            assert said in text

    def test_are_paused_and_go_on(self, olga, card):
        for status in ("paused", "active"):
            olga.post(dashboards.page(card), {"status": status})
            assert StampCard.objects.get().status == status

    def test_are_not_an_analysts_to_pause(self, acme, card):
        ann = dashboards.works_for(acme, Membership.Role.ANALYST)

        assert "Beans cup" in dashboards.text_of(ann.get(dashboards.page(card)))
        assert ann.post(dashboards.page(card), {"status": "paused"}).status_code == 403

    def test_stay_as_they_are_once_archived(self, olga, card):
        StampCard.objects.update(archived_at=card.business.created_at)

        assert olga.post(dashboards.page(card), {"status": "paused"}).status_code == 403
