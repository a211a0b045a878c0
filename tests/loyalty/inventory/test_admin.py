"""Sets and items in the dashboard, and what an operator gives and takes."""

import pytest

from loyalty.models import HoldingChange, InventoryItem, InventorySet
from loyalty.services import inventory_sets
from rewards.models import Reward
from tests import dashboards
from tests.loyalty.inventory.conftest import give, has, left, offer

pytestmark = pytest.mark.django_db

ADD_SET, ADD_ITEM = "/admin/loyalty/inventoryset/add/", "/admin/loyalty/inventoryitem/add/"
ONCE = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def ann(acme):
    return dashboards.works_for(acme, dashboards.Role.ANALYST)


def item_form(badges, **said):
    return {"set": str(badges.pk), "title": "Rider", "key": "", "media": "", "stock": "", **said}


def errors_of(answer):
    return dict(answer.context["adminform"].form.errors)


class TestSet:
    def test_is_not_written_by_analysts(self, ann, badges):
        assert ann.post(ADD_SET, {"title": "Stickers", "key": ""}).status_code == 403
        assert ann.get(dashboards.page(badges)).status_code == 200

    def test_refuses_a_key_that_is_taken(self, olga, badges):
        assert "key" in errors_of(olga.post(ADD_SET, {"title": "More", "key": "badges"}))

    def test_is_made_and_renamed_and_keeps_its_key(self, olga, acme):
        olga.post(ADD_SET, {"title": "Stickers", "key": ""})
        made = InventorySet.objects.for_business(acme).get()
        olga.post(dashboards.page(made), {"title": "Labels", "key": "labels"})

        made.refresh_from_db()
        assert (made.key, made.title) == ("stickers", "Labels")

    def test_shows_its_items_with_what_people_have(self, olga, badges, ada, coin):
        give(ada, coin, quantity=1234)

        text = dashboards.text_of(olga.get(dashboards.page(badges)))

        assert "Coin" in text
        assert "1,234" in text


class TestItem:
    def test_refuses_a_set_of_another_business(self, olga, rival):
        theirs = inventory_sets.create_set(business=rival, title="Theirs")

        assert "set" in errors_of(olga.post(ADD_ITEM, item_form(theirs)))

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"title": ""}, "title"),
            ({"stock": "-1"}, "stock"),
            ({"stock": str(2**63)}, "stock"),
            ({"key": "coin"}, "key"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, olga, badges, coin, said, field):
        assert field in errors_of(olga.post(ADD_ITEM, item_form(badges, **said)))

    def test_refuses_what_people_have_already(self, olga, badges, ada, coin):
        give(ada, coin, quantity=3)
        page = dashboards.page(coin)

        assert "stackable" in errors_of(olga.post(page, item_form(badges)))
        assert "stock" in errors_of(olga.post(page, item_form(badges, stackable="on", stock="2")))

    def test_is_made_and_given_a_stock(self, olga, acme, badges, ada):
        olga.post(ADD_ITEM, item_form(badges, media="https://cdn.example/rider.png"))
        made = InventoryItem.objects.for_business(acme).get()
        give(ada, made)

        olga.post(dashboards.page(made), item_form(badges, title="Rider!", stock="5"))

        made.refresh_from_db()
        assert (made.key, made.title, made.stock_remaining) == ("rider", "Rider!", 4)

    def test_that_is_archived_stays_so_when_it_is_edited(self, olga, badges, rider):
        InventoryItem.objects.filter(pk=rider.pk).update(archived_at="2026-05-01T12:00:00Z")

        olga.post(dashboards.page(rider), item_form(badges, title="Old rider"))

        rider.refresh_from_db()
        assert (rider.title, rider.is_archived) == ("Old rider", True)

    def test_lists_cost_the_same_for_many(self, olga, item, django_assert_max_num_queries):
        for number in range(10):
            item(f"Badge {number}")

        with django_assert_max_num_queries(12):
            olga.get(dashboards.listed(InventoryItem))


class TestPerson:
    def move(self, browser, person, item, direction="give", quantity="1", once=ONCE):
        said = {"direction": direction, "item": str(item.pk), "quantity": quantity, "once": once}
        return browser.post(dashboards.page(person, "move_items"), said)

    def test_is_given_nothing_by_analysts(self, ann, ada, rider):
        assert self.move(ann, ada, rider).status_code == 403

    def test_is_given_nothing_of_another_business(self, olga, rival, ada):
        theirs = inventory_sets.create_set(business=rival, title="Theirs")
        foreign = inventory_sets.create_item(business=rival, set_id=theirs.pk, title="Foreign")

        assert "item" in self.move(olga, ada, foreign).context["form"].errors

    def test_is_given_an_item_once_for_a_double_click(self, olga, ada, coin):
        for _ in range(2):
            self.move(olga, ada, coin, quantity="2")

        assert has(ada, coin) == 2
        assert "Inventory" in dashboards.text_of(olga.get(dashboards.page(ada)))

    def test_loses_an_item_and_hears_why_not(self, olga, ada, coin):
        give(ada, coin)

        refused = self.move(olga, ada, coin, direction="take", quantity="2")
        assert "has 1 of this item" in dashboards.text_of(refused)
        self.move(olga, ada, coin, direction="take")

        assert has(ada, coin) == 0

    def test_hears_that_they_have_it(self, olga, ada, rider):
        give(ada, rider)

        assert "does not stack" in dashboards.text_of(self.move(olga, ada, rider))


class TestChanges:
    def test_show_what_was_not_had_and_why(self, olga, ada, bob, item):
        rare = item("Rare", stock=1)
        give(bob, rare)
        change = offer(ada, rare, "q2")

        listed = dashboards.text_of(olga.get(dashboards.listed(HoldingChange, account=ada.pk)))
        shown = dashboards.text_of(olga.get(dashboards.page(change)))

        assert "Out Of Stock" in listed
        assert "q2" in shown
        assert "Ada Lovelace" in shown

    def test_cannot_be_written(self, olga, ada, rider):
        change = give(ada, rider)

        assert olga.get("/admin/loyalty/holdingchange/add/").status_code == 403
        assert olga.post(dashboards.page(change), {"quantity": "5"}).status_code == 403


def test_a_reward_of_an_item_is_made_by_hand(olga, acme, badges, item):
    rare = item("Rare", stock=1)
    form = {
        "name": "Rare", "description": "", "type": "item", "status": "active", "points_cost": "50", "value": "",
        "currency": "", "min_spend": "", "stock": "", "per_advocate_limit": "", "code_prefix": "RARE",
        "acknowledgement": "none", "item_keys": "badges/rare",
    }  # fmt: skip
    assert "item_keys" in errors_of(olga.post("/admin/rewards/reward/add/", {**form, "item_keys": ""}))

    olga.post("/admin/rewards/reward/add/", form)

    made = Reward.objects.for_business(acme).get()
    assert (made.item_id, left(rare)) == (rare.pk, 1)
    assert 'value="badges/rare" selected' in dashboards.text_of(olga.get(dashboards.page(made)))
