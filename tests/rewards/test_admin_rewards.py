"""The catalogue and what was redeemed of it, in the dashboard."""

import pytest

from loyalty.selectors import ledger as books
from loyalty.services import ledger
from rewards.models import Redemption, Reward
from rewards.services import gift_products, redemptions
from tests import dashboards

ADD = "/admin/rewards/reward/add/"
FORM = {
    "name": "10 EUR off", "description": "", "type": "amount_discount", "status": "active", "points_cost": "500",
    "value": "10.00", "currency": "EUR", "min_spend": "", "stock": "", "per_advocate_limit": "", "code_prefix": "TEN",
    "acknowledgement": "none",
}  # fmt: skip


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def bought(ada, give, coffee) -> Redemption:
    give(ada, 150)
    return redemptions.redeem(business=ada.business, reward_id=coffee.pk, advocate_id=ada.pk)


def errors_of(answer) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


class TestGiftCards:
    def test_are_chosen_among_the_products_and_shown_again(self, olga, acme):
        gift_products.load_starters(business=acme)
        said = {**FORM, "type": "gift_card", "value": "20.00", "currency": ""}
        assert "gift_product_key" in errors_of(olga.post(ADD, said))

        assert olga.post(ADD, {**said, "gift_product_key": "STORE-CARD"}).status_code == 302

        reward = Reward.objects.get()
        page = olga.get(f"/admin/rewards/reward/{reward.pk}/change/")
        assert reward.gift_product.key == "STORE-CARD"
        assert page.context["adminform"].form.initial["gift_product_key"] == "STORE-CARD"


class TestRewardForm:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("value", ""),
            ("value", "-1"),
            ("value", "10.005"),
            ("points_cost", "0"),
            ("points_cost", str(10**12 + 1)),
            ("stock", "-1"),
            ("stock", str(2**63)),
            ("per_advocate_limit", "0"),
            ("code_prefix", "ten off"),
            ("type", "nothing"),
            ("tier_keys", "platinum"),
            ("currency", "EURO"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, olga, field, value):
        answer = olga.post(ADD, {**FORM, field: value})

        assert field in errors_of(answer)
        assert not Reward.objects.exists()

    @pytest.mark.parametrize(
        ("type", "value", "is_taken"),
        [("percentage_discount", "101", False), ("percentage_discount", "12.5", True), ("free_shipping", "", True)],
    )
    def test_lets_the_type_judge_the_value(self, olga, type, value, is_taken):
        olga.post(ADD, {**FORM, "type": type, "value": value})

        assert Reward.objects.filter(type=type).exists() == is_taken

    def test_refuses_an_end_before_the_beginning(self, olga):
        times = {"starts_at_0": "2030-01-02", "starts_at_1": "00:00", "ends_at_0": "2030-01-01", "ends_at_1": "00:00"}

        assert "ends_at" in errors_of(olga.post(ADD, {**FORM, **times}))

    def test_makes_a_reward_with_a_key_from_its_name(self, olga, acme):
        olga.post(ADD, {**FORM, "tier_keys": ["gold"], "stock": "5"})

        made = Reward.objects.for_business(acme).get()
        assert (made.key, made.value_minor, made.tier_keys, made.stock) == ("10-eur-off", 1000, ["gold"], 5)

    def test_changes_what_is_sent_and_keeps_the_rest(self, olga, acme):
        olga.post(ADD, FORM)
        reward = Reward.objects.for_business(acme).get()
        shown = olga.get(dashboards.page(reward)).context["adminform"].form

        olga.post(dashboards.page(reward), {**FORM, "value": shown["value"].value(), "points_cost": "400"})
        reward.refresh_from_db()

        assert (reward.points_cost, reward.value_minor, reward.key) == (400, 1000, "10-eur-off")

    def test_refuses_less_stock_than_is_sold(self, olga, bought, coffee):
        changed = {**FORM, "name": coffee.name, "type": "custom", "value": "", "code_prefix": "REWARD", "stock": "0"}

        assert "stock" in errors_of(olga.post(dashboards.page(coffee), changed))


class TestArchive:
    def test_archives_the_chosen_ones(self, olga, coffee, offer):
        other = offer(name="Tea")

        olga.post(dashboards.listed(Reward), {"action": "archive", "_selected_action": [str(coffee.pk)]})
        coffee.refresh_from_db()
        other.refresh_from_db()

        assert (coffee.status, other.status) == ("archived", "active")

    def test_is_not_for_analysts(self, acme, coffee):
        ann = dashboards.works_for(acme, dashboards.Role.ANALYST)

        ann.post(dashboards.listed(Reward), {"action": "archive", "_selected_action": [str(coffee.pk)]})
        coffee.refresh_from_db()

        assert coffee.status == "active"


class TestRedemption:
    def test_is_found_by_its_coupon(self, olga, bought):
        listed = olga.get(dashboards.listed(Redemption, q=str(bought.coupon_code).lower())).context["cl"].result_list

        assert [row.pk for row in listed] == [bought.pk]

    def test_cannot_be_written(self, olga, bought):
        assert olga.get("/admin/rewards/redemption/add/").status_code == 403
        assert olga.post(dashboards.page(bought), {"status": "used"}).status_code == 403

    def test_is_cancelled_with_a_reason_and_gives_the_points_back(self, olga, bought, ada):
        olga.post(dashboards.page(bought, "cancel"), {"reason": "Ordered by mistake"})
        bought.refresh_from_db()

        assert (bought.status, bought.reason) == ("cancelled", "Ordered by mistake")
        assert books.wallets(business=ada.business, account_ids=[ada.pk])[ada.pk].amount == 150

    def test_needs_a_reason(self, olga, bought):
        olga.post(dashboards.page(bought, "cancel"), {"reason": " "})
        bought.refresh_from_db()

        assert bought.status == "issued"

    def test_is_cancelled_once(self, olga, bought):
        olga.post(dashboards.page(bought, "cancel"), {"reason": "First"})

        assert olga.post(dashboards.page(bought, "cancel"), {"reason": "Second"}).status_code == 403

    @pytest.mark.breaks_the_books
    def test_says_what_the_service_refuses(self, olga, bought, ada):
        ledger.reverse(business=ada.business, entry_id=bought.entry_id)

        answer = olga.post(dashboards.page(bought, "cancel"), {"reason": "Too late"})

        assert "was reversed before" in dashboards.text_of(answer)
