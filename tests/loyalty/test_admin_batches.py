"""The page of batches, and its button."""

import pytest

from loyalty.kernel.errors import NotFound
from loyalty.services import batches, ledger
from loyalty.services.postings import Move
from tests import dashboards
from tests.dashboards import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(acme, ada, bob):
    moves = [Move(account_id=ada.pk, amount=30), Move(account_id=bob.pk, amount=20), NotFound("advocate")]
    return batches.move_points(business=acme, moves=moves, author="Till").batch


class TestUndo:
    def test_takes_back_what_is_not_spent_and_says_so(self, acme, ada, batch):
        ledger.spend(business=acme, account_id=ada.pk, amount=25)

        answer = dashboards.works_for(acme).post(dashboards.page(batch, "undo"), follow=True)

        text = dashboards.text_of(answer)
        assert "1 of 2 were taken back." in text
        assert "1 could not" in text
        assert "Undone" in text

    def test_is_offered_once(self, acme, batch):
        batches.undo(business=acme, batch_id=batch.pk)

        assert dashboards.works_for(acme).post(dashboards.page(batch, "undo")).status_code == 403

    def test_is_not_for_analysts_nor_strangers(self, acme, rival, batch):
        assert dashboards.works_for(acme, Role.ANALYST).post(dashboards.page(batch, "undo")).status_code == 403
        assert dashboards.works_for(rival).post(dashboards.page(batch, "undo")).status_code == 404
        batch.refresh_from_db()
        assert batch.undone_at is None


class TestPage:
    def test_lists_the_entries(self, acme, batch):
        text = dashboards.text_of(dashboards.works_for(acme, Role.ANALYST).get(dashboards.page(batch)))

        assert "Till" in text
        assert "+30" in text
