"""Cards of our own: looked up and redeemed part by part, by whoever holds the code; and codes that nobody guesses."""

import time
from collections import Counter
from contextlib import nullcontext
from decimal import Decimal

import pytest

from loyalty.api import limits
from loyalty.api.authentication import Caller
from loyalty.api.views import Call
from loyalty.kernel import card_numbers, clock
from loyalty.models import Event
from rewards.api import gift_view
from rewards.api.gift_view import SCOPES
from rewards.models import GiftCard, GiftCardUse
from rewards.services import card_codes, gift_cards, gift_sending
from tests.races import at_once
from tests.rewards.gifts.conftest import assert_refused, code_of, open_gifts

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(order):
    return GiftCard.objects.get(order=order(value=Decimal(50)))


def redeem(gifts, card, amount, **rest):
    return gifts.post("/Cards/Redeem", {"Code": code_of(card), "Amount": amount, **rest})


class TestOneAnswer:
    def test_meets_every_code_that_is_none_of_ours(self, acme, gifts, rival, card, vault, order):
        tea = open_gifts(rival)
        used_up, cancelled = (GiftCard.objects.get(order=order()) for _ in range(2))
        redeem(gifts, used_up, 20)
        gifts.post(f"/Orders/{cancelled.order_id}/Cancel")
        theirs = GiftCard.objects.get(order=order(product="CINEMA", value=Decimal(25)))

        asked = [
            (gifts, "nonsense"),
            (gifts, card_numbers.new_number()),
            (gifts, code_of(used_up)),
            (gifts, code_of(cancelled)),
            (gifts, code_of(theirs)),
            (tea, code_of(card)),
        ]
        answers = [client.post("/Cards/Balance", {"Code": code}) for client, code in asked]
        answers += [client.post("/Cards/Redeem", {"Code": code, "Amount": 1}) for client, code in asked]

        assert {answer.status_code for answer in answers} == {404}
        assert len({str({**answer.json(), "RequestId": ""}) for answer in answers}) == 1


class TestRedeem:
    @pytest.mark.parametrize("amount", [0, -1, "0.001", "much", None, True])
    def test_is_refused_for_no_amount(self, gifts, card, amount):
        assert_refused(redeem(gifts, card, amount), 400, "VALIDATION_ERROR", "Amount")

    def test_is_refused_for_more_than_is_left(self, gifts, card):
        assert_refused(redeem(gifts, card, "50.01"), 422, "INSUFFICIENT_FUNDS", "Amount")
        assert gifts.post("/Cards/Balance", {"Code": code_of(card)}).json()["Balance"] == 50

    def test_takes_a_part_and_then_the_rest(self, gifts, card):
        assert redeem(gifts, card, 12.5, Reference="till 3").json() == {"Balance": 37.5, "CurrencyCode": "EUR"}
        assert redeem(gifts, card, "37.50").json()["Balance"] == 0
        assert list(GiftCardUse.objects.order_by("created_at").values_list("amount_minor", "reference")) == [
            (1250, "till 3"),
            (3750, ""),
        ]

    def test_takes_nothing_twice_with_a_key(self, gifts, card):
        answers = [redeem_once(gifts, card) for _ in range(2)]

        assert [answer.json()["Balance"] for answer in answers] == [40, 40]
        assert answers[1]["Idempotent-Replayed"] == "true"

    def test_reads_a_code_as_people_type_it(self, gifts, card):
        code = code_of(card).lower()

        answer = gifts.post("/Cards/Balance", {"Code": f"{code[:6]}-{code[6:12]} {code[12:]}"})

        assert answer.json() == {"Balance": 50.0, "CurrencyCode": "EUR"}


def redeem_once(gifts, card):
    return gifts.post("/Cards/Redeem", {"Code": code_of(card), "Amount": 10}, Idempotency_Key="till-3-4711")


def test_a_code_is_never_logged(gifts, card, client, capfd):
    code, nobodys = code_of(card), card_numbers.new_number()
    gift_sending.send_due()
    client.post(f"/g/{gift_cards.token_of(card)}")
    for each in (code, nobodys):
        gifts.post("/Cards/Balance", {"Code": each})
        gifts.post("/Cards/Redeem", {"Code": each, "Amount": 1})

    logged = "".join(capfd.readouterr())
    assert logged.count("v1/Cards/Redeem") >= 2
    assert code not in logged
    assert nobodys not in logged


def guess(gifts):
    return gifts.post("/Cards/Balance", {"Code": card_numbers.new_number()})


class TestGuessing:
    def test_is_stopped_and_told(self, gifts, card):
        with clock.moved_to(clock.wall()):  # within one minute
            answers = Counter(guess(gifts).status_code for _ in range(150))
            assert redeem(gifts, card, 1).status_code == 429

        assert answers == {404: 100, 429: 50}
        assert Event.objects.filter(topic="gift_cards/guessed").count() == 1

    def test_costs_who_is_right_nothing(self, gifts, card):
        with clock.moved_to(clock.wall()):
            for _ in range(110):
                assert gifts.post("/Cards/Balance", {"Code": code_of(card)}).status_code == 200

    def test_is_refused_while_nobody_can_count(self, gifts, card, monkeypatch):
        monkeypatch.setattr(limits, "_ask_redis", lambda windows, at: None)

        assert redeem(gifts, card, 1).status_code == 503


@pytest.mark.django_db(transaction=True)
class TestFiveThousandGuesses:
    """Past HTTP, which has nothing to say in this: what every guess goes through, many at once within a minute."""

    CALLERS = 20

    def storm(self, acme, account, monkeypatch, *, each):
        """How many guesses were refused unread, and how many codes were looked up."""
        looked_up, find, at = [], card_codes.card_of, clock.wall()
        monkeypatch.setattr(card_codes, "card_of", lambda **said: looked_up.append(1) or find(**said))
        call = Call(Caller(acme, "gift", SCOPES, account.email, (), account.pk), None, None, None, None)

        def caller(_):
            with clock.moved_to(at):
                return sum(self.is_refused(acme, call) for _ in range(each))

        return sum(at_once(self.CALLERS, caller)), len(looked_up)

    def is_refused(self, acme, call):
        try:
            with gift_view.guarded(call):
                gift_cards.balance(business=acme, code=card_numbers.new_number())
        except limits.RateLimited:
            return True
        except gift_cards.UnknownCard:
            return False
        raise AssertionError("it was guessed")

    def test_are_looked_up_as_often_as_the_throttle_lets_and_told_once(self, acme, account, monkeypatch):
        refused, looked_up = self.storm(acme, account, monkeypatch, each=250)

        assert (refused, looked_up) == (5_000 - gift_view.MISSES, gift_view.MISSES)
        assert [event.facts["refused"] for event in Event.objects.filter(topic="gift_cards/guessed")] == [100]

    def test_would_all_be_looked_up_without_it(self, acme, account, monkeypatch):
        """The control."""
        monkeypatch.setattr(gift_view, "guarded", lambda call: nullcontext())

        assert self.storm(acme, account, monkeypatch, each=25) == (0, 500)


def read_then_write(business, card_id, amount_minor):
    """How a card is overdrawn: between the look and the change somebody else looks, too."""
    card = GiftCard.objects.get(pk=card_id)
    if card.balance_minor < amount_minor:
        return None
    time.sleep(0.05)
    left = card.balance_minor - amount_minor
    GiftCard.objects.filter(pk=card_id).update(balance_minor=left)
    return left


@pytest.mark.django_db(transaction=True)
class TestRace:
    AMOUNTS = [1 + 7 * number % 50 for number in range(100)]

    def storm(self, gifts, card):
        answers = at_once(100, lambda number: redeem(gifts, card, self.AMOUNTS[number]).status_code)
        return sum(amount for amount, answer in zip(self.AMOUNTS, answers, strict=True) if answer == 200)

    def test_of_a_hundred_takes_what_is_there_and_no_more(self, gifts, card):
        taken = self.storm(gifts, card)

        card.refresh_from_db()
        assert 0 < taken <= 50
        assert card.balance_minor == 50_00 - taken * 100

    @pytest.mark.breaks_the_books
    def test_would_take_more_without_the_conditional_update(self, gifts, card, monkeypatch):
        monkeypatch.setattr(gift_cards, "_take", read_then_write)

        assert self.storm(gifts, card) > 50
