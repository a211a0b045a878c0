"""What an award's day is, whom a warning reaches and when, and what a silence takes."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.models.ledger import LedgerEntry, Lot
from loyalty.selectors import ledger as books
from loyalty.services import accounts, ledger, merges, settlement
from tests.loyalty import declared
from webhooks.services import relay
from webhooks.services.topics import EXAMPLES

MAY = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_may():
    with clock.moved_to(MAY):
        yield


@pytest.fixture
def account(acme, _in_may):
    return accounts.open_account(business=acme)


@pytest.fixture
def award(acme, account):
    def give(amount, to=account, **rest):
        return ledger.award(business=acme, account_id=to.pk, amount=amount, **rest)

    return give


def after(**days):
    return clock.moved_to(MAY + timedelta(**days))


def day_of(posting):
    lot = Lot.objects.get(entry_id=posting.id)
    return lot.expires_at and lot.expires_at.date().isoformat()


def sweep():
    settlement.warn_due()
    settlement.settle_due()
    settlement.settle_silence()


def warnings(business):
    rows = Event.objects.for_business(business).filter(topic="points/expiring").order_by("sequence")
    told = rows.values_list("facts", flat=True)
    return [(facts["amount"], facts["expiresAt"][:10], facts["warnDays"]) for facts in told]


def expired(business):
    rows = LedgerEntry.objects.for_business(business).filter(type="expire").order_by("occurred_at")
    return list(rows.values_list("amount", flat=True))


class TestTheDay:
    def test_is_none_where_the_metric_has_no_rule(self, award):
        assert day_of(award(5)) is None

    def test_is_the_awards_own_where_it_has_one(self, acme, award):
        declared.points(acme, expiry={"after": "P12M"})

        assert day_of(award(5, expires_at=MAY + timedelta(days=2))) == "2026-05-03"

    def test_counts_from_the_ripening(self, acme, award):
        declared.points(acme, expiry={"after": "P1M"})

        assert day_of(award(5, pending_until=MAY + timedelta(days=30))) == "2026-07-01"

    def test_stays_when_the_rule_changes(self, acme, award):
        declared.points(acme, expiry={"after": "P1M"})
        before = award(5)
        declared.points(acme, expiry={"after": "P3M"})

        assert (day_of(before), day_of(award(5))) == ("2026-06-02", "2026-08-02")

    def test_is_none_by_inactivity(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "basis": "inactivity"})

        assert day_of(award(5)) is None

    def test_is_one_that_every_reader_can_read(self, acme, award):
        declared.points(acme, expiry={"after": "P100Y"})

        assert day_of(award(5, pending_until=datetime(9998, 1, 1, tzinfo=UTC))) == "9999-12-30"

    def test_costs_no_statement(self, acme, award, django_assert_num_queries):
        declared.points(acme, expiry={"after": "P12M", "warnDays": [30, 7]})

        with django_assert_num_queries(1):
            award(5)

    def test_is_a_batchs_too(self, acme, api, ada):
        declared.points(acme, expiry={"after": "P1M"})

        answer = api.post("/batch/points", {"items": [{"advocateId": str(ada.pk), "amount": 5}]})

        assert answer.status_code == 200, answer.content
        assert Lot.objects.for_business(acme).get().expires_at == datetime(2026, 6, 2, tzinfo=UTC)

    def test_moves_with_the_points_of_a_merge(self, acme, account, award):
        declared.points(acme, expiry={"after": "P1M"})
        award(5)
        into = accounts.open_account(business=acme)
        with after(days=10):
            merges.merge(business=acme, source_id=account.pk, target_id=into.pk)

        assert books.expiring(business=acme, account_id=into.pk) == [
            books.Expiring(5, datetime(2026, 6, 2, tzinfo=UTC))
        ]


class TestWarning:
    def test_is_none_where_the_metric_does_not_warn(self, acme, award):
        declared.points(acme, expiry={"after": "P1M"})
        award(5)

        with after(days=28):
            sweep()

        assert warnings(acme) == []

    def test_is_one_for_all_that_expires_at_the_same_moment(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "warnDays": [7]})
        for amount in (1, 2, 4):
            award(amount)

        with after(days=28):
            sweep()
            sweep()

        assert warnings(acme) == [(-7, "2026-06-02", 7)]

    def test_is_the_nearest_of_those_that_are_due(self, acme, award):
        declared.points(acme, expiry={"after": "P10D", "warnDays": [30, 14, 5]})
        award(5)

        sweep()

        assert warnings(acme) == [(-5, "2026-05-12", 14)]

    def test_is_given_again_of_all_when_more_comes_for_the_same_moment(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "warnDays": [7]})
        moment = MAY + timedelta(days=20)
        award(5, expires_at=moment)
        with after(days=15):
            sweep()
            award(3, expires_at=moment)
            award(1, expires_at=moment)
            sweep()
        with after(days=16):
            sweep()
            sweep()
        with after(days=21):
            sweep()

        told = [(-5, "2026-05-21", 7), (-9, "2026-05-21", 7)]
        assert (warnings(acme), expired(acme)) == (told, [-9])

    def test_that_no_sweep_gave_keeps_what_came_later_and_nothing_else(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "warnDays": [7]})
        moment = MAY + timedelta(days=20)
        award(5, expires_at=moment)
        with after(days=15):
            sweep()
            award(3, expires_at=moment)

        with after(days=21):
            sweep()
        assert (warnings(acme)[1:], expired(acme)) == ([(-3, "2026-05-24", 7)], [-5])
        with after(days=23):
            sweep()
        assert expired(acme) == [-5, -3]

    def test_of_what_waits_for_midnight_is_no_work_until_then(self, acme, award):
        declared.points(acme, expiry={"after": "P1D", "warnDays": [7]})
        award(5)
        sweep()
        award(3)

        assert list(settlement._pages(acme.pk, clock.now(acme), settlement.TO_WARN)) == []
        with after(hours=14):
            assert len(list(settlement._pages(acme.pk, clock.now(acme), settlement.TO_WARN))) == 1

    def test_is_for_awards_that_were_there_before_the_rule(self, acme, award):
        award(5, expires_at=MAY + timedelta(days=20))
        declared.points(acme, expiry={"after": "P1M", "warnDays": [7]})

        with after(days=15):
            sweep()

        assert warnings(acme) == [(-5, "2026-05-21", 7)]

    def test_is_one_for_all_that_was_overlooked(self, acme, award):
        declared.points(acme, expiry={"after": "P10D", "warnDays": [1]})
        award(5)
        with after(days=1):
            award(3)

        with after(days=40):
            sweep()
            sweep()

        assert warnings(acme) == [(-8, "2026-06-12", 1)]

    def test_comes_before_a_spend_that_would_find_the_points_gone(self, acme, account, award):
        declared.points(acme, expiry={"after": "P10D", "warnDays": [7]})
        award(5)

        with after(days=40):
            ledger.spend(business=acme, account_id=account.pk, amount=2)
            sweep()
        with after(days=42):
            sweep()

        assert (warnings(acme), expired(acme)) == ([(-5, "2026-06-12", 7)], [-3])

    def test_reaches_who_takes_over_a_merged_account(self, acme, account, award):
        declared.points(acme, expiry={"after": "P1M", "warnDays": [7]})
        award(5)
        into = accounts.open_account(business=acme)
        with after(days=28):
            sweep()
            merges.merge(business=acme, source_id=account.pk, target_id=into.pk)
            sweep()

        told = Event.objects.for_business(acme).filter(topic="points/expiring").values_list("account_id", flat=True)
        assert set(told) == {account.pk, into.pk}

    def test_is_published_with_the_day(self, acme, ada, award, api):
        declared.points(acme, expiry={"after": "P10D", "warnDays": [7]})
        award(5, to=ada)
        with after(days=5):
            sweep()
            relay.relay()

        body = api.get("/events", topic="points/expiring").json()["events"][0]["data"]
        assert (body["points"], body["type"], body["action"]) == (5, "debit", "expiry")
        assert (body["expiresAt"][:19], body["warnDays"]) == ("2026-05-12T00:00:00", 7)
        assert body["customer"]["pointBalance"] == 5
        assert body.keys() == EXAMPLES["points/expiring"].keys()

    def test_stands_in_the_docs_as_it_is(self):
        page = Path(__file__).resolve().parents[2] / "docs/developers/webhooks.md"
        section = page.read_text(encoding="utf-8").partition("## Points that will expire")[2]
        documented = json.loads(re.search(r"```json\n(.*?)```", section, re.DOTALL).group(1))

        shown = {name: EXAMPLES["points/expiring"][name] for name in documented}
        assert documented | {"id": "…", "customer": "…"} == shown | {"id": "…", "customer": "…"}


class TestSilence:
    @pytest.fixture(autouse=True)
    def _a_month(self, acme):
        declared.points(acme, expiry={"after": "P1M", "basis": "inactivity"})

    def test_takes_all_in_one_entry_whatever_its_day(self, acme, account, award):
        award(5)
        award(7, expires_at=MAY + timedelta(days=300))

        with after(days=32):
            sweep()

        entry = LedgerEntry.objects.for_business(acme).get(type="expire")
        took = books.why(business=acme, account_id=account.pk, entry_id=entry.pk).took
        assert (entry.amount, entry.reason["basis"], sorted(use.amount for use in took)) == (-12, "inactivity", [5, 7])

    def test_leaves_pending_points_which_start_it_anew(self, acme, account, award):
        award(5)
        award(7, pending_until=MAY + timedelta(days=40))

        with after(days=35):
            sweep()
        with after(days=50):
            sweep()

        assert expired(acme) == [-5]
        assert books.expiring(business=acme, account_id=account.pk) == [
            books.Expiring(7, datetime(2026, 7, 20, tzinfo=UTC) + timedelta(days=1))
        ]

    def test_is_over_before_a_spend(self, acme, account, award):
        award(5)

        with after(days=32), pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=account.pk, amount=1)

    def test_ends_with_a_merge(self, acme, account, award):
        award(5)
        into = accounts.open_account(business=acme)
        with after(days=20):
            merges.merge(business=acme, source_id=account.pk, target_id=into.pk)
        with after(days=40):
            sweep()

        assert expired(acme) == []

    def test_does_not_end_with_a_reversal(self, acme, account, award):
        award(5)
        spent = ledger.spend(business=acme, account_id=account.pk, amount=5)
        with after(days=40):
            ledger.reverse(business=acme, entry_id=spent.id)
            sweep()

        assert expired(acme) == [-5]

    def test_that_was_overlooked_is_warned_of_first(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "basis": "inactivity", "warnDays": [7]})
        award(5)

        with after(days=50):
            sweep()
            sweep()
        assert (warnings(acme), expired(acme)) == ([(-5, "2026-06-22", 7)], [])

        with after(days=52):
            sweep()
        assert (warnings(acme), expired(acme)) == ([(-5, "2026-06-22", 7)], [-5])

    def test_is_warned_of_again_when_it_starts_again(self, acme, award):
        declared.points(acme, expiry={"after": "P1M", "basis": "inactivity", "warnDays": [7]})
        award(5)
        with after(days=28):
            sweep()
            award(1)
        with after(days=55):
            sweep()

        assert warnings(acme) == [(-5, "2026-06-02", 7), (-6, "2026-06-30", 7)]

    def test_counts_from_the_last_deed_when_the_rule_is_made(self, acme, award):
        declared.points(acme)
        award(5)
        declared.points(acme, expiry={"after": "P10D", "basis": "inactivity"})

        with after(days=12):
            sweep()

        assert expired(acme) == [-5]


class TestExpiring:
    def test_is_one_query_whatever_there_is(self, acme, account, award, django_assert_num_queries):
        for days in range(1, 30):
            award(1, expires_at=MAY + timedelta(days=days))

        with django_assert_num_queries(1):
            shown = books.expiring(business=acme, account_id=account.pk)

        assert len(shown) == 20

    def test_says_what_is_left_when_a_silence_ends_it(self, acme, account, award):
        declared.points(acme, expiry={"after": "P1M", "basis": "inactivity"})
        award(5)
        award(3, expires_at=MAY + timedelta(days=3))
        award(4, expires_at=MAY + timedelta(days=300))
        award(2, pending_until=MAY + timedelta(days=5), expires_at=MAY + timedelta(days=90))

        shown = books.expiring(business=acme, account_id=account.pk)

        assert [(each.amount, each.expires_at.date().isoformat()) for each in shown] == [
            (3, "2026-05-04"),
            (9, "2026-06-02"),
            (2, "2026-07-30"),
        ]
