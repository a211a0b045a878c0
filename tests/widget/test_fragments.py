import re
from datetime import timedelta
from urllib.parse import unquote

import jwt
import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from advocates.services import advocates, loyalty_cards
from loyalty.kernel import card_numbers, clock
from loyalty.models import Action
from loyalty.services import accounts, ledger, programme, signing
from rewards.services import redemptions
from tests.widget.conftest import Visitor, token_of
from widget.selectors import pages
from widget.views import fragments

TAG_EDGES = re.compile(r"\s*([<>])\s*")
PARTS = ["home", "missions", "rewards", "coupons", "history", "referrals", "tap"]


def shown(response):
    """The HTML without white space at the edges of tags."""
    return TAG_EDGES.sub(r"\1", " ".join(response.text.split()))


class TestEveryPart:
    @pytest.mark.parametrize("part", PARTS)
    def test_is_refused_without_a_token(self, client, acme, part):
        response = client.get(f"/w/acme/{part}")

        assert response.status_code == 401
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("part", PARTS)
    def test_is_refused_with_the_token_of_another_business(self, acme, eve, part):
        assert Visitor(token_of(eve)).get(part).status_code == 401

    def test_is_refused_once_the_token_is_revoked(self, acme, ada, visitor):
        accounts.revoke_tokens(business=acme, account_id=ada.pk)

        assert visitor.get("home").status_code == 401

    def test_is_refused_with_a_cookie_alone(self, client, acme, ada):
        client.cookies["token"] = token_of(ada)

        assert client.get("/w/acme/home").status_code == 401

    @pytest.mark.parametrize("part", PARTS)
    def test_is_never_cached_and_sets_no_cookie(self, visitor, part):
        response = visitor.get(part)

        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies

    def test_is_read_a_hundred_times_a_minute(self, visitor, time_machine):
        time_machine.move_to(clock.wall().replace(second=1) + timedelta(minutes=1), tick=False)

        answers = [visitor.get("coupons").status_code for _ in range(101)]

        assert answers == [200] * 100 + [429]

    def test_lets_strangers_guess_sixty_times_a_minute(self, client, acme, time_machine):
        time_machine.move_to(clock.wall().replace(second=1) + timedelta(minutes=1), tick=False)

        answers = [client.get("/w/acme/home").status_code for _ in range(61)]

        assert answers == [401] * 60 + [429]

    @pytest.mark.parametrize("part", PARTS)
    def test_costs_the_same_however_much_there_is(self, acme, ada, offer, give, visitor, part):
        give(ada, 10_000)
        redemptions.redeem(business=acme, reward_id=offer().pk, advocate_id=ada.pk)
        visitor.get(part)
        few = queries_of(visitor, part)

        for number in range(5):
            redemptions.redeem(business=acme, reward_id=offer(f"Cake {number}").pk, advocate_id=ada.pk)

        assert queries_of(visitor, part) == few

    @pytest.mark.parametrize("part", PARTS)
    def test_is_rendered_without_a_query(self, acme, ada, offer, give, visitor, monkeypatch, part):
        give(ada, 500)
        redemptions.redeem(business=acme, reward_id=offer().pk, advocate_id=ada.pk)
        monkeypatch.setattr(fragments, "render_to_string", render_without_database)

        assert visitor.get(part).status_code == 200


def queries_of(visitor, part):
    with CaptureQueriesContext(connection) as captured:
        visitor.get(part)
    return len(captured)


def render_without_database(*arguments):
    def refuse(execute, sql, *rest):
        raise AssertionError(f"asked while rendering: {sql}")

    with connection.execute_wrapper(refuse):
        return render_to_string(*arguments)


class TestHome:
    def test_shows_what_someone_has(self, ada, give, visitor):
        give(ada, 1_250)
        give(ada, 75, pending_until=clock.wall() + timedelta(days=10))
        give(ada, 40, expires_at=clock.wall() + timedelta(days=5))

        page = shown(visitor.get("home"))

        assert "Hello, Ada" in page
        assert "<b>1,290</b>points" in page
        assert "75 more on the way" in page
        assert "<b>40 points</b>expire on" in page

    def test_shows_the_loyalty_card_for_people_and_for_scanners(self, ada, visitor):
        page = shown(visitor.get("home"))

        assert card_numbers.grouped(loyalty_cards.number_of(ada)) in page
        assert 'aria-label="Your card number as a square for scanners"><svg' in page

    def test_shows_stamp_cards_with_what_their_slots_bring(self, acme, ada, give, visitor):
        benefit = {"kind": "metric", "metric": "points", "quantity": 1_350}
        brings = [{"slot": 2, "benefits": [benefit]}, {"slot": 3, "title": "A free coffee", "benefits": [benefit]}]
        card = {"key": "coffee", "title": "Coffee card", "slots": 3, "prefilled": 1, "rewards": brings}
        programme.apply(business=acme, document=programme.parsed({"stampCards": [card]}))

        assert "1 of 3" in shown(visitor.get("home"))
        give(ada, 1, metric="coffee")
        page = shown(visitor.get("home"))

        assert "2 of 3" in page
        assert "Stamped: 1,350 points" in page
        assert "Free: A free coffee" in page

    def test_shows_the_way_to_the_next_tier(self, ada, give, visitor):
        give(ada, 1_500)

        page = shown(visitor.get("home"))

        assert "Silver" in page
        assert "3,500 to Gold" in page
        assert '<progress max="4000" value="500"' in page

    def test_has_no_way_beyond_the_highest_tier(self, ada, give, visitor):
        give(ada, 5_000)

        page = shown(visitor.get("home"))

        assert "The highest tier" in page
        assert "<progress max" not in page

    def test_bears_a_tier_given_by_hand(self, acme, ada, visitor):
        accounts.set_tier(business=acme, account_id=ada.pk, tier_key="silver")

        assert '<progress max="4000" value="0"' in shown(visitor.get("home"))

    def test_remembers_the_visit(self, ada, visitor):
        visitor.get("home")

        ada.refresh_from_db()
        assert ada.last_seen_at is not None

    def test_shows_names_inert(self, acme, ada, visitor):
        advocates.update(business=acme, advocate_id=ada.pk, first_name="<img src=x onerror=alert(1)>")

        assert "<img src=x" not in visitor.get("home").text


class TestRewards:
    def test_can_be_redeemed_or_say_why_not(self, acme, ada, bob, give, offer, visitor):
        give(ada, 100)
        give(bob, 100)
        offer("Coffee")
        offer("Cake", points_cost=250)
        offer("Grinder", tier_keys=["silver", "gold"])
        mug = offer("Mug", stock=1)
        redemptions.redeem(business=acme, reward_id=mug.pk, advocate_id=bob.pk)
        offer("Draft", status="draft")

        cards = visitor.get("rewards").text.split('<li class="card')[1:]

        assert [("data-reward" in card) for card in cards].count(True) == 1
        assert sorted(why_not(card) for card in cards) == ["", "150 to go", "For Silver and Gold", "Sold out"]

    def test_say_when_few_are_left(self, offer, visitor):
        offer(stock=3)

        assert "Only 3 left" in visitor.get("rewards").text


def why_not(card):
    return card.partition('<p class="why">')[2].partition("<")[0]


class TestChoice:
    def test_says_what_would_be_left(self, ada, give, offer, visitor):
        give(ada, 250)

        page = shown(visitor.get(f"rewards/{offer().pk}"))

        assert "Redeem for 100 points" in page
        assert "<dd>150</dd>" in page

    def test_of_another_business_does_not_exist(self, acme, rival, eve, offer):
        assert Visitor(token_of(eve), "rival").get(f"rewards/{offer().pk}").status_code == 404


class TestCoupons:
    def test_tell_open_ones_from_past_ones(self, acme, ada, give, offer, visitor):
        give(ada, 300)
        kept, gone = (
            redemptions.redeem(business=acme, reward_id=offer(name).pk, advocate_id=ada.pk) for name in ("Tea", "Cake")
        )
        redemptions.cancel(business=acme, redemption_id=gone.pk)

        page = shown(visitor.get("coupons"))

        assert f"<code>{kept.coupon_code}</code>" in page
        assert gone.coupon_code not in page
        assert "Cancelled" in page

    def test_name_the_last_day_on_which_they_are_good(self, acme, ada, give, offer, visitor):
        give(ada, 300)
        good = redemptions.redeem(business=acme, reward_id=offer(expires_after_days=2).pk, advocate_id=ada.pk)

        last = good.expires_at - timedelta(days=1)  # the programme's days are those of UTC
        assert "Ready to use" in shown(visitor.get("coupons"))
        assert f'until<time datetime="{last:%Y-%m-%d}">{last:%-d %b %Y}</time>' in shown(visitor.get("coupons"))

    def test_are_over_at_the_very_midnight(self, acme, ada, give, offer, visitor):
        give(ada, 300)
        good = redemptions.redeem(business=acme, reward_id=offer(expires_after_days=2).pk, advocate_id=ada.pk)

        with clock.moved_to(good.expires_at):
            (coupon,) = pages.coupons([good], business=acme)

        assert (coupon.status_title, coupon.is_open) == ("Expired", False)

    def test_of_others_are_not_shown(self, acme, bob, give, offer, visitor):
        give(bob, 300)
        bobs = redemptions.redeem(business=acme, reward_id=offer().pk, advocate_id=bob.pk)

        assert bobs.coupon_code not in visitor.get("coupons").text


class TestHistory:
    def test_goes_on_where_the_page_ended(self, ada, give, visitor):
        for number in range(25):
            give(ada, 10, description=f"Order {number}")

        first = visitor.get("history")
        cursor = first.text.partition("cursor=")[2].partition('"')[0]
        second = visitor.get("history", cursor=unquote(cursor))

        assert "Order 24<" in first.text
        assert "Order 4<" not in first.text
        assert "Order 4<" in second.text
        assert "data-more" not in second.text

    def test_refuses_an_edited_cursor(self, visitor):
        assert visitor.get("history", cursor="elsewhere").status_code == 400

    def test_shows_gains_and_losses(self, acme, ada, give, visitor):
        give(ada, 500, description="Order 1")
        ledger.spend(business=acme, account_id=ada.pk, amount=120, description="Free coffee")

        page = shown(visitor.get("history"))

        assert "<b>+500</b>" in page
        assert "<b>−120</b>" in page


class TestOpening:
    def test_is_refused_without_a_token_and_with_another_business(self, client, acme, eve):
        assert client.post("/w/acme/opened").status_code == 401
        assert Visitor(token_of(eve)).post("opened").status_code == 401
        assert not Action.objects.exists()

    def test_is_not_read(self, visitor):
        assert visitor.get("opened").status_code == 405

    def test_answers_nothing_and_counts_once_a_token(self, ada, visitor):
        answers = [visitor.post("opened") for _ in range(3)]
        Visitor(token_of(ada)).post("opened")

        assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 3
        assert [action.name for action in Action.objects.all()] == ["widget_opened"] * 2

    def test_counts_once_whichever_signature_the_token_has(self, visitor):
        """A signature has a twin that holds, too: no second visit is made of it."""
        visitor.post("opened")
        Visitor(with_other_signature(visitor.token)).post("opened")

        assert Action.objects.count() == 1


def with_other_signature(token):
    """The same claims, signed anew by our own key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    signer = signing.signer()
    again = jwt.encode(claims, signer.private_key, signing.ALGORITHM, headers={"kid": signer.key_id})
    assert again != token
    return again
