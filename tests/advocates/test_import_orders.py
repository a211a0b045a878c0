"""Bringing orders by a CSV file: history that is recorded, and earns only where that is asked for."""

import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate, Import, ImportPart, Order, OrderLine
from advocates.models.imports import money, totals
from advocates.selectors import identity
from advocates.services import advocates, imports, orders
from advocates.services.refunds import Told
from loyalty.kernel import clock
from loyalty.models import Account, Action, Event, Metric
from loyalty.models.ledger import LedgerEntry, Lot
from loyalty.services import ledger, verification
from loyalty.services.earn_terms import Limit, Span
from tests.advocates.shop.conftest import balance, moves, rule
from tests.advocates.test_imports import problems, settled, undone
from tests.statements import count as statements_of

pytestmark = pytest.mark.django_db

HEADER = "id,number,externalId,email,currency,total,refundedTotal,financialStatus,createdAt,productId,quantity,price\n"
TWO_LINES = "1001,#1,c-1,ada@example.com,EUR,50.00,,paid,2026-01-05,beans,2,20.00\n1001,,,,,,,,,mug,1,10.00\n"


def checked(business, text, **options):
    found = imports.receive(business=business, kind="orders", lines=io.StringIO(text), title="orders.csv", **options)
    return settled(found)


def done(business, text, **options):
    found = checked(business, text, **options)
    imports.start(business=business, import_id=found.pk)
    return settled(found)


def someone(business, name="c-1"):
    return identity.by_external_id(business=business, external_id=name)


class TestRefusesAnOrder:
    @pytest.mark.parametrize(
        ("cells", "line", "column", "code"),
        [
            ("1,,c-1,,EUR,,,paid,,,,\n", 2, "total", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,-5,,paid,,,,\n", 2, "total", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5.001,,paid,,,,\n", 2, "total", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,much,,paid,,,,\n", 2, "total", "VALIDATION_ERROR"),
            ("1,,c-1,,XXQ,5,,paid,,,,\n", 2, "currency", "VALIDATION_ERROR"),
            ("1,,,,EUR,5,,paid,,,,\n", 2, "externalId", "VALIDATION_ERROR"),
            ("1,,,nonsense,EUR,5,,paid,,,,\n", 2, "email", "VALIDATION_ERROR"),
            ("a/b,,c-1,,EUR,5,,paid,,,,\n", 2, "id", "VALIDATION_ERROR"),
            (",,c-1,,EUR,5,,paid,,,,\n", 2, None, "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,,eaten,,,,\n", 2, "financialStatus", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,,paid,2099-01-01,,,\n", 2, "createdAt", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,6,paid,,,,\n", 2, "refundedTotal", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,,paid,,x,0,1\n", 2, "quantity", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,,paid,,x,1,1\n1,,,,,,,,,y,1,\n", 3, "price", "VALIDATION_ERROR"),
            ("1,,c-1,,EUR,5,,paid,,x,1,1\n1,,,,,,,,,y,1\n", 3, None, "VALIDATION_ERROR"),
        ],
    )
    def test_that_makes_no_sense_and_takes_the_others(self, acme, cells, line, column, code):
        found = done(acme, f"{HEADER}{cells}2,,c-2,,EUR,7,,paid,,,,\n")

        assert problems(found) == [(line, column, code)]
        assert list(Order.objects.values_list("external_id", flat=True)) == ["2"]

    def test_whose_rows_are_apart(self, acme):
        found = done(acme, f"{HEADER}1,,c-1,,EUR,5,,paid,,,,\n2,,c-1,,EUR,5,,paid,,,,\n1,,c-1,,EUR,5,,paid,,,,\n")

        assert problems(found) == [(4, None, "CONFLICT")]

    def test_that_is_another_customer_s(self, acme):
        done(acme, f"{HEADER}1,,c-1,,EUR,5,,paid,,,,\n")

        found = done(acme, f"{HEADER}1,,c-2,,EUR,5,,paid,,,,\n")

        assert problems(found) == [(2, "customer", "CONFLICT")]


class TestCheck:
    def test_says_what_would_happen_and_leaves_nothing(self, acme):
        rule(acme)

        found = checked(
            acme, HEADER + TWO_LINES + "1002,,c-1,,USD,9,,paid,,,,\n1003,,c-1,,EUR,bad,,paid,,,,\n", pays=True
        )

        sums = totals(found)
        assert [sums[name] for name in ("size", "new", "known", "refused", "points")] == [4, 2, 0, 1, 250]
        assert money(found) == {"EUR": 5000, "USD": 900}
        assert not any(model.objects.exists() for model in (Order, OrderLine, Account, LedgerEntry, Event, Action))

    def test_says_what_then_happens(self, acme, monkeypatch):
        rule(acme)
        monkeypatch.setattr(imports, "PART", 1)
        found = checked(acme, HEADER + TWO_LINES + "1002,,c-1,,EUR,9.00,,paid,,,,\n", pays=True)
        promised = totals(found)

        imports.start(business=acme, import_id=found.pk)
        settled(found)

        assert totals(found) == promised
        assert ImportPart.objects.count() == 2  # an order is never cut in two
        assert balance(someone(acme)) == 250 + 45


class TestRecords:
    def test_an_order_with_its_lines_and_pays_nothing(self, acme):
        rule(acme)

        done(acme, HEADER + TWO_LINES)

        order = Order.objects.get()
        assert (order.external_id, order.number, order.total_minor, order.status) == ("1001", "#1", 5000, "paid")
        assert order.placed_at == order.qualified_at == datetime(2026, 1, 5, tzinfo=UTC)
        assert [(line.product_id, line.amount_minor) for line in order.lines.order_by("position")] == [
            ("beans", 4000),
            ("mug", 1000),
        ]
        ada = someone(acme)
        assert (ada.email, balance(ada)) == ("ada@example.com", 0)
        assert verification.verify() == []

    def test_the_buyer_who_is_known_by_their_address(self, acme):
        ada = advocates.create(business=acme, external_id="other", email="ada@example.com")

        done(acme, HEADER + "1001,,,ADA@example.com,EUR,50.00,,paid,,,,\n")

        assert Order.objects.get().advocate_id == ada.pk
        assert Advocate.objects.count() == 1

    def test_the_buyer_who_joins_by_their_whole_name(self, acme):
        done(acme, "id,externalId,firstName,lastName,total\n1001,c-1,Ada,Lovelace,5.00\n1002,c-2,Bob,,5.00\n")

        assert [someone(acme, name).name for name in ("c-1", "c-2")] == ["Ada Lovelace", "Bob"]

    def test_no_order_twice(self, acme):
        done(acme, HEADER + TWO_LINES)

        again = done(acme, HEADER + TWO_LINES + "1002,,c-1,,EUR,9.00,,paid,,,,\n")

        assert [totals(again)[name] for name in ("new", "known")] == [1, 1]
        assert Order.objects.count() == 2

    def test_what_was_refunded(self, acme):
        rule(acme)

        done(acme, HEADER + "1,,c-1,,EUR,50.00,20.00,partially_refunded,,,,\n2,,c-1,,EUR,9,,Refunded,,,,\n", pays=True)

        first, second = Order.objects.order_by("external_id")
        assert (first.status, first.refunded_minor, second.status) == ("partially_refunded", 2000, "refunded")
        assert moves(someone(acme)) == [("earn", 250), ("reverse", -100)]
        assert verification.verify() == []

    def test_an_order_that_is_open_which_earns_when_the_shop_says_that_it_is_paid(self, acme):
        rule(acme)
        done(acme, HEADER + "1001,,c-1,,EUR,50.00,,pending,,,,\n")

        orders.change(business=acme, order_id="1001", status="paid")

        assert balance(someone(acme)) == 250

    def test_nothing_more_of_an_order_that_was_recorded_when_it_is_refunded(self, acme):
        rule(acme)
        done(acme, HEADER + TWO_LINES)

        outcome = orders.change(business=acme, order_id="1001", refunds=[Told(external_id="r-1", amount_minor=1000)])

        assert (outcome.points_reversed, balance(someone(acme))) == (0, 0)


class TestPays:
    def test_as_on_the_day_of_the_order(self, acme):
        metric = Metric.objects.for_business(acme).get(key="points")
        metric.expiry_basis, metric.expiry_months = "lot", 12
        metric.save()
        rule(acme, window=Span(to=datetime(2026, 2, 1, tzinfo=UTC)))
        rows = "1,,c-1,,EUR,10.00,,paid,2026-01-05,,,\n2,,c-1,,EUR,10.00,,paid,2019-01-01,,,\n"

        with clock.moved_to(datetime(2026, 5, 1, 12, tzinfo=UTC)):
            done(acme, HEADER + rows, pays=True)

        (lot,) = Lot.objects.all()
        assert lot.expires_at == datetime(2027, 1, 6, tzinfo=UTC)
        entry = LedgerEntry.objects.get(pk=lot.entry_id)
        assert entry.reason["earnedAt"].startswith("2026-01-05")
        old = Order.objects.get(external_id="2")
        assert (old.earned[0]["reason"], old.points_earned) == ("expired", 0)
        assert verification.verify() == []

    def test_within_the_limits_of_the_period_of_the_order(self, acme):
        rule(acme, limit=Limit(times=1, period="monthly"))
        rows = [("1", "2026-01-05"), ("2", "2026-01-06"), ("3", "2026-02-06")]

        done(acme, HEADER + "".join(f"{id},,c-1,,EUR,10.00,,paid,{day},,,\n" for id, day in rows), pays=True)
        done(acme, HEADER + "4,,c-1,,EUR,10.00,,paid,2026-02-07,,,\n", pays=True)

        assert moves(someone(acme)) == [("earn", 50), ("earn", 50)]

    def test_nothing_for_joining(self, acme):
        done(acme, HEADER + TWO_LINES, pays=True)

        joined = Event.objects.get(topic="customers/joined")
        assert joined.facts["isNew"] is False


class TestShopify:
    TEXT = (
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Refunded Amount,Id\n"
        "#1001,ada@example.com,paid,2026-01-05 10:00:00 -0500,EUR,45.00,4.90,0.00,49.90,TEN,5.00,"
        "2026-01-05 09:59:58 -0500,2,Beans,20.00,BEANS-1,0.00,0.00,450789469\n"
        "#1001,ada@example.com,,,,,,,,,,2026-01-05 09:59:58 -0500,1,Mug,10.00,MUG-1,0.00,,\n"
        "#1002,bob@example.com,refunded,,EUR,10.00,0.00,0.00,10.00,,0.00,"
        "2026-01-06 09:00:00 -0500,1,Mug,10.00,MUG-1,0.00,10.00,450789470\n"
    )

    def test_s_export_of_orders(self, acme):
        found = done(acme, self.TEXT, layout="shopify")

        assert problems(found) == []
        first, second = Order.objects.order_by("number")
        assert (first.external_id, first.discount_codes, first.flags) == ("450789469", ["TEN"], [])
        assert first.placed_at == datetime(2026, 1, 5, 14, 59, 58, tzinfo=UTC)
        assert sum(line.amount_minor for line in first.lines.all()) == 4500
        assert (second.status, second.refunded_minor) == ("refunded", 1000)


class TestUndo:
    def test_takes_the_orders_and_what_they_paid(self, acme):
        rule(acme)
        advocates.create(business=acme, external_id="c-1")
        text = HEADER + TWO_LINES + "2,,c-1,,EUR,50.00,20.00,paid,,,,\n"
        found = done(acme, text, pays=True)
        assert balance(someone(acme)) == 250 + 150

        undone(found)

        assert (found.state, totals(found)["stayed"]) == (Import.State.UNDONE, 0)
        assert balance(someone(acme)) == 0
        assert not Order.objects.exists()
        assert someone(acme).account.order_count == 0
        assert verification.verify() == []
        done(acme, text, pays=True)  # as if it had never been
        assert balance(someone(acme)) == 400

    def test_leaves_an_order_of_which_the_shop_has_told_since(self, acme):
        rule(acme)
        found = done(acme, HEADER + TWO_LINES + "2,,c-1,,EUR,50.00,,paid,,,,\n", pays=True)
        orders.change(business=acme, order_id="2", refunds=[Told(external_id="r-1", amount_minor=1000)])

        undone(found)

        assert totals(found)["stayed"] == 1
        assert list(Order.objects.values_list("external_id", flat=True)) == ["2"]
        assert balance(someone(acme)) == 200

    def test_counts_whose_points_are_spent(self, acme):
        rule(acme)
        found = done(acme, HEADER + TWO_LINES, pays=True)
        ledger.spend(business=acme, account_id=someone(acme).pk, amount=200)

        undone(found)

        assert totals(found)["stayed"] == 1
        assert balance(someone(acme)) == 0
        assert verification.verify() == []


class TestForgetting:
    def test_takes_all_rows_of_a_person_s_order_out_of_a_file_that_waits(self, acme):
        found = checked(acme, HEADER + TWO_LINES + "2,,c-2,,EUR,9,,paid,,,,\n")

        imports.forget(business=acme, names=["ADA@example.com"])

        (kept,) = ImportPart.objects.get(whole=found).rows
        assert kept[3:5] == ["2", ""]


class TestWork:
    def test_of_all_businesses_goes_on_in_turn(self, acme, rival, monkeypatch):
        monkeypatch.setattr(imports, "PART", 1)
        monkeypatch.setattr(imports, "ROUNDS", 2)
        monkeypatch.setattr(imports.jobs, "wake", lambda _: None)
        rows = "".join(f"{number},,c-1,,EUR,9,,paid,,,,\n" for number in range(9))
        made = [
            imports.receive(business=each, kind="orders", lines=io.StringIO(HEADER + rows), title="orders.csv")
            for each in (acme, rival)
        ]

        imports.work_off()

        assert [totals(found)["settled"] for found in made] == [2, 2]


class TestSpeed:
    def test_costs_as_many_statements_for_many_as_for_few(self, acme):
        rule(acme)

        def statements(rows):
            lines = "".join(f"{rows}-{n},,{rows}-{n},,EUR,9.00,,paid,,beans,1,9.00\n" for n in range(rows))
            found = checked(acme, HEADER + lines, pays=True)
            imports.start(business=acme, import_id=found.pk)
            with CaptureQueriesContext(connection) as queries:
                settled(found)
            return statements_of(queries)

        assert statements(60) == statements(2)
