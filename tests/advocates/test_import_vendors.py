"""Files as the common vendors export them, and the page that says how columns are named."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from advocates.models import Advocate, ImportPart, Order
from advocates.models.imports import totals
from advocates.selectors import identity
from advocates.services import csv_files
from advocates.services.kinds import imports as kinds
from loyalty.models.ledger import Balance
from tests.advocates.test_imports import checked, done, points, received

pytestmark = pytest.mark.django_db


SAMPLES = Path(__file__).parent / "samples"
EMILIE = "Émilie du Châtelet"
A_DAY = "birthday must be a day such as 2001-05-31."

# Files as vendors export them: who is there afterwards, with points, lifetime points, tier and birthday, and which
# lines are refused, and why. Line 5 of each is somebody who stands further up already.
VENDORS = {
    "smile": (
        {
            "ada@example.com": ("Lovelace, Ada", 1250, 1250, "silver", "1990-12-10"),
            "bob@example.com": ("Bob Fischer", 100, 100, "bronze", "1904-05-31"),
            "emilie@example.com": (EMILIE, 0, 0, "bronze", None),
        },
        [(6, "birthday", A_DAY), (7, "points", "points must be a whole number such as 1250.")],
    ),
    "loyaltylion": (
        {
            "7001": ("Lovelace, Ada", 1250, 5200, "gold", "1990-12-10"),
            "7002": ('Fischer, "Bob"', 100, 100, "bronze", None),
            "7003": (EMILIE, 0, 0, "bronze", "1906-12-17"),
        },
        [(6, "birthday", A_DAY), (7, "spentPoints", "More points were spent than ever earned.")],
    ),
    "yotpo": (
        {
            "ada@example.com": ("Ada Lovelace, Countess", 1250, 5200, "gold", "1990-12-10"),
            "bob@example.com": ("Bob Fischer", 100, 100, "bronze", "1904-05-31"),
            "emilie@example.com": (EMILIE, 0, 0, "bronze", None),
        },
        [(6, "birthday", A_DAY), (7, "email", "email: Enter a valid email address.")],
    ),
    "woocommerce": (
        {
            "7": ("Ada Lovelace; Countess", 1250, 1250, "silver", None),
            "8": ("Bob, jun. Fischer", 100, 100, "bronze", None),
            "9": (EMILIE, 0, 0, "bronze", None),
        },
        [
            (6, "points", "points must be a whole number such as 1250."),
            (7, None, "Nothing says who or what this is."),
        ],
    ),
}


class TestVendorsFile:
    """Semicolons, a byte order mark, empty cells, quotes around commas, columns that nobody here needs."""

    @pytest.fixture(params=VENDORS)
    def layout(self, request):
        return request.param

    def sample(self, layout):
        return (SAMPLES / f"{layout}.csv").read_text(encoding="utf-8")

    def refused(self, found):
        told = ImportPart.objects.get(whole=found).problems
        return [(each["line"], each["column"], each["message"]) for each in told]

    def test_is_refused_under_another_vendor_s_name(self, acme):
        with pytest.raises(csv_files.BadFile, match="externalId or email"):
            received(acme, self.sample("woocommerce").replace("user_email", "account"), layout="smile")

    def test_is_checked_and_leaves_nothing(self, acme, layout):
        found = checked(acme, self.sample(layout), layout=layout)

        people, refused = VENDORS[layout]
        sums = totals(found)
        paid = sum(points for _, points, *_ in people.values())
        assert [sums[name] for name in ("size", "new", "known", "refused", "points")] == [6, 3, 1, 2, paid]
        assert self.refused(found) == refused
        assert not Advocate.objects.exists()

    def test_is_imported_but_for_its_refused_lines(self, acme, layout):
        found = done(acme, self.sample(layout), layout=layout)

        people, refused = VENDORS[layout]
        joined = Advocate.objects.for_business(acme).select_related("account__tier")
        balances = {balance.account_id: balance for balance in Balance.objects.filter(metric__key="points")}
        assert {
            each.external_id or each.email: (
                each.name,
                balances[each.pk].amount if each.pk in balances else 0,
                balances[each.pk].lifetime_earned if each.pk in balances else 0,
                each.account.tier.key,
                each.birthday and str(each.birthday),
            )
            for each in joined
        } == people
        assert self.refused(found) == refused
        assert totals(found)["known"] == 1

    def test_of_loyaltylion_says_since_when_they_are_there(self, acme):
        done(acme, self.sample("loyaltylion"), layout="loyaltylion")

        ada = identity.by_external_id(business=acme, external_id="7001")
        assert (ada.email, ada.created_at) == ("ada@example.com", datetime(2022, 1, 15, 10, tzinfo=UTC))


CHAPTERS = {"customers": "People", "orders": "Orders", "products": "Products"}


class TestDocumentedFile:
    PAGE = (Path(__file__).parents[2] / "docs/merchants/importing.md").read_text()

    TEXTS = dict(
        zip(("customers", "orders", "products"), re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL), strict=True)
    )

    def test_is_imported_as_it_stands(self, acme):
        found = done(acme, self.TEXTS["customers"])

        assert totals(found)["refused"] == 0
        assert points(acme) == {"c-1001": 1250, "c-1002": 100}

    @pytest.mark.parametrize(("kind", "new"), [("orders", 2), ("products", 2)])
    def test_of_orders_and_products_too(self, acme, kind, new):
        found = done(acme, self.TEXTS[kind], kind=kind)

        assert [totals(found)[name] for name in ("new", "refused")] == [new, 0]
        assert not Order.objects.exclude(flags=[]).exists()

    @pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=kinds.KINDS)
    def test_has_every_column_and_layout(self, kind):
        assert {f"`{name}`" in self.PAGE for name in (*kind.columns, *kind.layouts)} == {True}

    @pytest.mark.parametrize(
        ("kind", "layout"),
        [(key, layout) for key, kind in kinds.KINDS.items() for layout in kind.layouts if layout != kinds.base.OURS],
    )
    def test_has_every_spelling_of_a_vendor_s_columns_and_no_other(self, kind, layout):
        chapter = self.PAGE.split(f"## {CHAPTERS[kind]}\n")[1].split("\n## ")[0]
        (row,) = re.findall(rf"^\| [\w ]+ \(`{layout}`\) \|(.*)\|$", chapter, re.MULTILINE)

        spelled = kinds.KINDS[kind].layouts[layout].values()
        assert {name.lower() for name in re.findall(r"`(.*?)`", row)} == {name for names in spelled for name in names}
