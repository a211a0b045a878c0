"""However large an order is, whoever makes and sends its cards needs no more memory: chunk by chunk it is let go."""

import gc
import tracemalloc
from decimal import Decimal

import pytest

from rewards.models import GiftOrder
from rewards.services import gift_cards, gift_orders, gift_sending
from rewards.services.gift_lines import Asked
from tests.rewards.gifts.conftest import fund

pytestmark = [pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

CHUNK = 50  # so that there are several of them even of few cards
MARGIN = 1.5


@pytest.fixture
def peak(acme, account, settings, monkeypatch):
    """The most bytes that were held at a time: `peak("Links", 200)`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    monkeypatch.setattr(gift_orders, "CHUNK", CHUNK)
    monkeypatch.setattr(gift_orders, "ROUNDS", 1_000)
    monkeypatch.setattr(gift_sending, "LINKS", CHUNK)
    monkeypatch.setattr(gift_sending, "ROUND_SECONDS", 600.0)

    def measure(type, cards):
        fund(acme, cards * 100)
        emails = [""] if type == "Links" else [f"guest{number}@example.com" for number in range(cards)]
        asked = [Asked("STORE-CARD", Decimal(1), quantity=cards // len(emails), email=email) for email in emails]
        placed = gift_orders.place(
            business=acme, account_id=account.pk, type=type, po_number=f"{cards}", asked=asked
        ).order.pk
        collect_at_once()
        tracemalloc.start()
        gift_orders.fill_waiting()
        gift_sending.send_due()
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gc.unfreeze()
        assert GiftOrder.objects.get(pk=placed).status == "Completed"
        return held

    return measure


def collect_at_once():
    """Let garbage in circles be collected as it comes, not once a quarter of all that there is has come."""
    gc.collect()
    gc.freeze()
    gc.collect()


class TestMemory:
    @pytest.mark.parametrize(("type", "few", "many"), [("Links", 200, 2_000), ("DigitalDelivery", 100, 500)])
    def test_is_no_more_for_many_times_as_many_cards(self, peak, type, few, many):
        peak(type, 20)  # what is loaded once

        assert peak(type, many) < MARGIN * peak(type, few)

    def test_would_be_more_if_the_cards_were_kept(self, peak, monkeypatch):
        """The control."""
        make, kept = gift_cards.make, []

        def making(**said):
            for made in make(**said):
                kept.append(made)
                yield made

        monkeypatch.setattr(gift_cards, "make", making)
        peak("Links", 20)

        assert peak("Links", 800) > MARGIN * peak("Links", 200)
