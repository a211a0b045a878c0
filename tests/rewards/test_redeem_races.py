"""Many redeem at once: nothing is oversold, overspent or paid twice. Each lock has a control that needs it."""

import time
from collections import Counter

import pytest

from advocates.services import advocates
from loyalty.selectors import ledger as wallets
from loyalty.services import verification
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.services import redemptions
from tests.races import at_once, errors, losing_once, rewritten

pytestmark = pytest.mark.django_db(transaction=True)

CROWD, STOCK = 50, 5


@pytest.fixture
def crowd(acme, give):
    """Fifty people who can each afford one coffee."""
    people = [advocates.create(business=acme, email=f"guest{n}@example.com") for n in range(CROWD)]
    for person in people:
        give(person, 100)
    return people


@pytest.fixture
def scarce(offer):
    return offer(stock=STOCK)


def redeem(reward, person):
    return redemptions.redeem(business=reward.business, reward_id=reward.pk, advocate_id=person.pk)


def outcomes(results):
    return Counter(type(result).__name__ for result in results)


def storm_of(crowd, reward):
    return outcomes(at_once(CROWD, lambda number: redeem(reward, crowd[number])))


# How stock is lost: between the look and the change somebody else looks, too.
READ_THEN_WRITE = """
    CREATE OR REPLACE FUNCTION laurel_place_redemption(p_redemption jsonb, p_news jsonb, p_now timestamptz)
    RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        v_new rewards_redemption := jsonb_populate_record(NULL::rewards_redemption, p_redemption);
        v_reward rewards_reward;
    BEGIN
        INSERT INTO rewards_redemption VALUES (v_new.*);
        PERFORM laurel_tell_all(p_news, p_now);
        SELECT * INTO v_reward FROM rewards_reward WHERE id = v_new.reward_id;
        IF v_reward.stock - v_reward.taken < v_new.quantity THEN
            RETURN false;
        END IF;
        PERFORM pg_sleep(0.05);
        UPDATE rewards_reward SET taken = v_reward.taken + v_new.quantity WHERE id = v_reward.id;
        RETURN true;
    END $$
"""


@pytest.fixture
def without_condition():
    with rewritten("laurel_place_redemption", lambda _: READ_THEN_WRITE):
        yield


class TestStock:
    def test_of_five_goes_to_five_of_fifty(self, crowd, scarce):
        assert storm_of(crowd, scarce) == {"Redemption": STOCK, "OutOfStock": CROWD - STOCK}

        scarce.refresh_from_db()
        held = wallets.wallets(business=scarce.business, account_ids=[person.pk for person in crowd])
        assert scarce.taken == Redemption.objects.count() == STOCK
        assert Counter(wallet.amount for wallet in held.values()) == {0: STOCK, 100: CROWD - STOCK}

    @pytest.mark.breaks_the_books
    def test_is_oversold_without_the_conditional_update(self, crowd, scarce, without_condition):
        assert storm_of(crowd, scarce)["Redemption"] > STOCK
        assert {"what is taken of a reward is what is redeemed and not cancelled"} == {
            finding.check for finding in verification.verify()
        }

    def test_that_comes_back_is_had_again(self, acme, crowd, scarce):
        taken = [redeem(scarce, person) for person in crowd[:STOCK]]

        def work(number):
            if number < STOCK:
                return redemptions.cancel(business=acme, redemption_id=taken[number].pk)
            return redeem(scarce, crowd[number])

        results = at_once(20, work)

        scarce.refresh_from_db()
        live = Redemption.objects.exclude(status="cancelled").count()
        assert set(outcomes(results)) <= {"Redemption", "OutOfStock"}
        assert scarce.taken == live <= STOCK


class TestBalance:
    def test_for_one_coffee_buys_one_of_fifty(self, coffee, ada, give):
        give(ada, 100)

        results = at_once(CROWD, lambda _: redeem(coffee, ada))

        assert outcomes(results) == {"Redemption": 1, "InsufficientPoints": CROWD - 1}

    def test_pays_for_each_of_many_rewards(self, offer, ada, give):
        give(ada, 1_000)
        cups = [offer(stock=3) for _ in range(4)]

        results = at_once(20, lambda number: redeem(cups[number % 4], ada))

        assert outcomes(results)["Redemption"] == Redemption.objects.count() == 10


class TestLimit:
    @pytest.fixture
    def once(self, offer):
        return offer(per_advocate_limit=1)

    def test_of_one_holds_for_one_person(self, once, ada, give):
        give(ada, 5_000)

        assert outcomes(at_once(20, lambda _: redeem(once, ada))) == {"Redemption": 1, "LimitReached": 19}

    def test_is_passed_when_it_is_not_asked_again_under_the_lock(self, once, ada, give, monkeypatch):
        monkeypatch.setattr(Reward, "is_personal", False)
        monkeypatch.setattr(offers, "standing", slowly(offers.standing))
        give(ada, 5_000)

        assert outcomes(at_once(20, lambda _: redeem(once, ada)))["Redemption"] > 1


class TestCancelStorm:
    def test_gives_back_once(self, acme, scarce, ada, give):
        give(ada, 100)
        redemption = redeem(scarce, ada)

        results = at_once(20, lambda _: redemptions.cancel(business=acme, redemption_id=redemption.pk))

        scarce.refresh_from_db()
        assert outcomes(results) == {"Redemption": 1, "WrongState": 19}
        assert scarce.taken == 0
        assert wallets.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 100

    def test_of_all_that_a_crowd_redeems_ends_where_it_began(self, acme, scarce, crowd):
        def there_and_back(number):
            for _ in range(3):
                redemption = redeem(scarce, crowd[number])
                redemptions.cancel(business=acme, redemption_id=redemption.pk)

        results = at_once(12, there_and_back)

        scarce.refresh_from_db()
        assert set(outcomes(errors(results))) <= {"OutOfStock"}
        assert scarce.taken == 0


def test_a_deadlock_that_we_lose_is_tried_again(api, coffee, ada, give, monkeypatch):
    give(ada, 100)
    monkeypatch.setattr(offers, "standing", losing_once(offers.standing))

    assert api.post(f"/rewards/{coffee.pk}/redeem", {"advocateId": str(ada.pk)}).status_code == 200


class TestIdempotencyKey:
    def test_sent_ten_times_at_once_redeems_once(self, api, coffee, ada, give):
        give(ada, 1_000)
        path, body = f"/rewards/{coffee.pk}/redeem", {"advocateId": str(ada.pk)}

        responses = at_once(10, lambda _: api.post(path, body, Idempotency_Key="cup-1"))

        assert {response.status_code for response in responses} <= {200, 409}
        again = api.post(path, body, Idempotency_Key="cup-1")
        answers = {response.content for response in [*responses, again] if response.status_code == 200}
        assert (len(answers), Redemption.objects.count()) == (1, 1)
        assert again["Idempotent-Replayed"] == "true"

    def test_hears_the_same_refusal_when_stock_has_come_back(self, api, offer, ada, give):
        give(ada, 1_000)
        gone = offer(stock=0)
        path, body = f"/rewards/{gone.pk}/redeem", {"advocateId": str(ada.pk)}
        first = api.post(path, body, Idempotency_Key="cup-1")

        api.patch(f"/rewards/{gone.pk}", {"stock": 1})

        again = api.post(path, body, Idempotency_Key="cup-1")
        assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (400, 400, "true")
        assert [said.json()["error"]["message"] for said in (first, again)] == [str(redemptions.OutOfStock())] * 2
        assert api.post(path, body, Idempotency_Key="cup-2").status_code == 200

    def test_hears_of_what_it_bought_when_nothing_is_left(self, api, offer, ada, give):
        give(ada, 1_000)
        last = offer(stock=1)
        path, body = f"/rewards/{last.pk}/redeem", {"advocateId": str(ada.pk)}
        first = api.post(path, body, Idempotency_Key="cup-1")

        api.patch(f"/rewards/{last.pk}", {"status": "archived"})

        again = api.post(path, body, Idempotency_Key="cup-1")
        assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
        assert api.post(path, body, Idempotency_Key="cup-2").json()["error"]["code"] == "REWARD_INACTIVE"

    @pytest.mark.parametrize("said", [{}, {"per_advocate_limit": 9}, {"approval": True}])
    def test_hears_of_it_as_it_was_made_whatever_became_of_it(self, api, offer, ada, give, said):
        give(ada, 1_000)
        path, body = f"/rewards/{offer(**said).pk}/redeem", {"advocateId": str(ada.pk)}
        first = api.post(path, body, Idempotency_Key="cup-1")

        api.post(f"/redemptions/{first.json()['redemption']['id']}/cancel", {"reason": "Ordered by mistake"})

        again = api.post(path, body, Idempotency_Key="cup-1")
        assert (again.status_code, again.content) == (200, first.content)
        assert again["Idempotent-Replayed"] == "true"

    def test_of_another_request_is_refused(self, api, coffee, ada, give):
        give(ada, 1_000)
        path = f"/rewards/{coffee.pk}/redeem"
        api.post(path, {"advocateId": str(ada.pk)}, Idempotency_Key="cup-1")

        response = api.post(path, {"advocateId": str(ada.pk), "quantity": 2}, Idempotency_Key="cup-1")

        assert (response.status_code, Redemption.objects.count()) == (422, 1)


def slowly(function):
    """So slow that everyone has looked before the first one acts."""

    def wrapped(**arguments):
        found = function(**arguments)
        time.sleep(0.3)
        return found

    return wrapped
