"""Advocates in the dashboard: every button and form goes through a service, so ledger and webhooks know."""

import pytest

from advocates.models import Advocate, SsoSecret
from loyalty.kernel import ids
from loyalty.models import Account, Event
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from tests import dashboards

PROFILE = {"name": "Ada King", "email": "ada@example.com", "external": "ada-1", "timezone": ""}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def points_of(advocate) -> int:
    return books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


def move(browser, advocate, direction: str, amount: object, *, once: object = None):
    form = {"direction": direction, "amount": amount, "metric": "points", "description": "Sorry for the wait"}
    return browser.post(dashboards.page(advocate, "move_points"), {**form, "once": once or ids.new_id()})


def topics_of(advocate) -> list[str]:
    return list(
        Event.objects.for_business(advocate.business).filter(account_id=advocate.pk).values_list("topic", flat=True)
    )


class TestMovePoints:
    @pytest.mark.parametrize("amount", ["0", "-5", "1.5", "1e3", "", str(10**12 + 1), str(2**63)])
    def test_refuses_what_is_no_amount(self, olga, ada, amount):
        move(olga, ada, "award", amount)

        assert points_of(ada) == 0

    def test_refuses_to_take_what_is_not_there(self, olga, ada, give):
        give(ada, 10)

        answer = move(olga, ada, "deduct", 11)

        assert "the balance is 10" in dashboards.text_of(answer)
        assert points_of(ada) == 10

    def test_awards_with_a_reason_in_the_ledger(self, olga, ada):
        move(olga, ada, "award", 250)

        entry = LedgerEntry.objects.get(account_id=ada.pk)
        assert (entry.type, entry.amount, entry.source_type) == ("earn", 250, "operator")
        assert entry.text.description == "Sorry for the wait"
        assert "points/earned" in topics_of(ada)

    def test_deducts_as_an_adjustment(self, olga, ada, give):
        give(ada, 100)

        move(olga, ada, "deduct", 40)

        assert points_of(ada) == 60
        assert LedgerEntry.objects.filter(account_id=ada.pk, type="adjust", amount=-40).exists()

    def test_posts_once_when_clicked_twice(self, olga, ada):
        once = ids.new_id()

        first, second = (move(olga, ada, "award", 250, once=once) for _ in range(2))

        assert (first.status_code, points_of(ada)) == (302, 250)
        assert "posted before" in dashboards.text_of(second)

    def test_asks_before_it_does(self, olga, ada):
        assert 'name="amount"' in dashboards.text_of(olga.get(dashboards.page(ada, "move_points")))
        assert points_of(ada) == 0

    def test_is_not_for_analysts(self, acme, ada):
        ann = dashboards.works_for(acme, dashboards.Role.ANALYST)

        assert move(ann, ada, "award", 5).status_code == 403
        assert "Award or deduct" not in dashboards.text_of(ann.get(dashboards.page(ada)))


class TestBlock:
    def test_blocks_and_unblocks(self, olga, ada):
        olga.post(dashboards.page(ada, "block"))
        assert Account.objects.get(pk=ada.pk).status == "blocked"
        assert olga.get(dashboards.page(ada, "move_points")).status_code == 403

        olga.post(dashboards.page(ada, "unblock"))
        assert Account.objects.get(pk=ada.pk).status == "active"

    def test_is_written_down(self, olga, ada):
        olga.post(dashboards.page(ada, "block"))

        assert "Blocked" in dashboards.text_of(olga.get(dashboards.page(ada, "history")))


class TestOtherButtons:
    def test_set_a_tier_by_hand_and_take_it_back(self, olga, ada):
        olga.post(dashboards.page(ada, "change_tier"), {"tier": "gold"})
        account = Account.objects.get(pk=ada.pk)
        assert (account.tier.key, account.tier_is_manual) == ("gold", True)

        olga.post(dashboards.page(ada, "change_tier"), {"tier": ""})
        account = Account.objects.get(pk=ada.pk)
        assert (account.tier.key, account.tier_is_manual) == ("bronze", False)

    def test_refuse_a_tier_of_nobody(self, olga, ada):
        olga.post(dashboards.page(ada, "change_tier"), {"tier": "platinum"})

        assert Account.objects.get(pk=ada.pk).tier.key == "bronze"

    def test_sign_somebody_out(self, olga, ada):
        olga.post(dashboards.page(ada, "sign_out"))

        assert Account.objects.get(pk=ada.pk).tokens_valid_from is not None


class TestProfile:
    def test_is_changed_through_the_service(self, olga, ada):
        olga.post(dashboards.page(ada), PROFILE)
        ada.refresh_from_db()

        assert ada.name == "Ada King"
        assert "customers/updated" in topics_of(ada)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "bob@example.com"),
            ("external", "bob-1"),
            ("phone", "12"),
            ("birthday", "2999-01-01"),
            ("locale", "?"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, olga, ada, bob, field, value):
        answer = olga.post(dashboards.page(ada), {**PROFILE, field: value})

        assert field in answer.context["adminform"].form.errors
        assert Advocate.objects.get(pk=ada.pk).name == "Ada Lovelace"

    def test_is_made_by_hand(self, olga, acme):
        olga.post("/admin/advocates/advocate/add/", {**PROFILE, "timezone": "Europe/Berlin"})

        made = Advocate.objects.for_business(acme).get()
        assert (made.email, made.external_id, made.account.timezone) == ("ada@example.com", "ada-1", "Europe/Berlin")
        assert topics_of(made) == ["customers/joined"]


class TestPage:
    def test_shows_what_they_have_and_did(self, olga, ada, give):
        give(ada, 1234, description="Order 7")

        text = dashboards.text_of(olga.get(dashboards.page(ada)))

        assert "1,234" in text
        assert "Order 7" in text
        assert "Nothing redeemed yet" in text

    def test_escapes_what_people_call_themselves(self, olga, ada, give):
        Advocate.objects.for_business(ada.business).update(name="<img src=x onerror=alert(1)>")
        give(ada, 1, description="<script>alert(2)</script>")

        for address in (dashboards.page(ada), dashboards.listed(Advocate), dashboards.listed(LedgerEntry)):
            text = dashboards.text_of(olga.get(address))
            assert "<img src=x" not in text
            assert "<script>alert" not in text

    def test_is_found_by_a_part_of_name_address_or_id(self, olga, ada, bob):
        for term in ("lovel", "ADA@", "ada-1"):
            listed = olga.get(dashboards.listed(Advocate, q=term)).context["cl"].result_list
            assert [row.pk for row in listed] == [ada.pk], term


class TestSsoSecret:
    def test_is_shown_once_and_retired(self, olga, acme):
        text = dashboards.text_of(olga.post("/admin/advocates/ssosecret/add/"))
        secret = SsoSecret.objects.for_business(acme).get()

        assert "sso_" in text
        assert "sso_" not in dashboards.text_of(olga.get(dashboards.page(secret))).replace("sso_secret", "")
        olga.post(dashboards.page(secret, "retire"))
        assert not SsoSecret.objects.for_business(acme).live().exists()

    def test_is_refused_beyond_two(self, olga, acme):
        for _ in range(3):
            answer = olga.post("/admin/advocates/ssosecret/add/")

        assert "Retire one first" in dashboards.text_of(answer)
        assert SsoSecret.objects.for_business(acme).count() == 2
