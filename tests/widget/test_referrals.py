"""Bringing friends on the hosted page: the link, what it brings both sides, and what became of whoever came."""

import pytest
from playwright.sync_api import expect

from loyalty.services import quests
from loyalty.services.quest_rules import Rules, TaskRules
from referrals.models import Conversion, ReferralCode
from referrals.services import codes, decisions, programmes
from tests.races import at_once, errors
from tests.referrals import conftest as bringing
from tests.widget.conftest import token_of
from tests.widget.test_alone import heading
from tests.widget.test_fragments import shown

shop, adas, order = bringing.shop, bringing.adas, bringing.order


class TestTheLink:
    def test_is_made_for_whoever_opens_the_page_first(self, shop, ada, visitor):
        page = shown(visitor.get("referrals"))

        code = ReferralCode.objects.for_business(shop).get(advocate=ada)
        assert f"/r/{code.link_name}</code>" in page
        visitor.get("referrals")
        assert ReferralCode.objects.for_business(shop).count() == 1

    def test_is_the_one_that_they_have(self, shop, adas, visitor):
        assert "/r/ADA-1815</code>" in shown(visitor.get("referrals"))

    @pytest.mark.django_db(transaction=True)
    def test_is_one_also_when_it_is_opened_in_ten_places_at_once(self, acme, ada):
        made = at_once(10, lambda _: codes.default(business=acme, advocate_id=ada.pk).pk)

        assert errors(made) == []
        assert len(set(made)) == 1

    def test_is_kept_back_where_it_would_lead_nowhere(self, ada, visitor):
        assert "No invitations right now" in shown(visitor.get("referrals"))

    def test_is_kept_back_while_the_programme_is_paused(self, shop, visitor):
        programmes.save(business=shop, status="paused")

        assert "No invitations right now" in shown(visitor.get("referrals"))
        assert "Bring friends" not in shown(visitor.get("home"))


class TestThePromise:
    def test_says_what_both_sides_get_and_for_what(self, shop, visitor):
        page = shown(visitor.get("referrals"))

        assert "200 points for you" in page
        assert "100 points for your friend" in page
        assert "It comes with their first order." in page
        assert "200 points for you" in shown(visitor.get("home"))

    def test_says_what_an_order_must_be_worth_and_what_is_shared(self, shop, visitor):
        programmes.save(business=shop, completion="every_order", min_order="20.00", share_levels=[1000, 250])

        page = shown(visitor.get("referrals"))

        assert "It comes with every order of 20.00 EUR or more." in page
        assert "10% of what they earn" in page

    def test_says_what_the_friend_must_do_first(self, shop, visitor):
        steps = [TaskRules(key="hello", title="Say hello", type="manual")]
        quests.create(business=shop, title="Get to know us", rules=Rules(tasks=steps))

        programmes.save(business=shop, mission_quest="get-to-know-us")
        assert "with their first order, once they have completed Get to know us." in shown(visitor.get("referrals"))
        programmes.save(business=shop, mission_quest="get-to-know-us", mission_task="hello")
        assert "with their first order, once they have completed Say hello." in shown(visitor.get("referrals"))


class TestFriends:
    def test_are_shown_with_what_became_of_their_orders_and_without_their_names(self, shop, adas, order, visitor):
        order("1001", email="charles@example.com", external_id="charles-1")

        page = shown(visitor.get("referrals"))

        assert "1 came · +200 points" in page
        assert page.count(">Rewarded</span>") == 1
        assert "charles" not in page.lower()

    def test_who_wait_are_told_apart(self, shop, adas, order, bob, visitor):
        programmes.save(business=shop, hold_days=14)
        order("1001", external_id="bob-1")

        page = shown(visitor.get("referrals"))

        assert "1 came · 1 waiting" in page
        assert page.count(">Waiting</span>") == 1

    def test_whom_nobody_knows_yet_are_counted(self, shop, adas, order, visitor):
        programmes.save(business=shop, hold_days=14)
        order("1001", email="charles@example.com")  # who joins when the days are over

        assert "0 came · 1 waiting" in shown(visitor.get("referrals"))

    def test_whose_orders_are_refused_are_told_apart(self, acme, shop, adas, order, bob, visitor):
        order("1001", external_id="bob-1")
        (conversion,) = Conversion.objects.for_business(acme)
        decisions.reverse(business=acme, conversion_id=conversion.pk)

        page = shown(visitor.get("referrals"))

        assert page.count(">Not counted</span>") == 1
        assert "+200" not in page

    def test_of_others_are_theirs(self, shop, adas, order, bob, visitor):
        other = codes.create(business=shop, advocate_id=bob.pk, code="BOB-1")
        order("1001", code=other.code, email="charles@example.com")

        assert "Nobody has come by your link yet." in shown(visitor.get("referrals"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_address_of_an_integration_leads_there_and_the_link_is_copied(shop, ada, laurel, integration_api, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(integration_api.get("/integration/user/ada-1/widget", section="referrals").json()["url"])
    expect(heading(page, "Bring friends")).to_be_visible()

    page.get_by_role("button", name="Copy your link").click()

    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    link = ReferralCode.objects.for_business(shop).get(advocate=ada).link_name
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/r/{link}")
    assert page.get_by_role("link", name="WhatsApp").get_attribute("rel") == "noopener noreferrer"
    assert token_of(ada) not in page.url
