"""Days of expiry, in the database and in a model of it; and lives in which the books always balance."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock, periods
from loyalty.models import Event
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import accounts, ledger, settlement, verification
from tests.loyalty import declared

pytestmark = pytest.mark.django_db

in_one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

# With clocks that change by an hour, by half an hour, at midnight, never; and a day that was left out.
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Santiago", "Africa/Cairo"]
    + ["Asia/Beirut", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham"]
)
MOMENTS = st.integers(1_104_537_600, 1_893_456_000).map(
    lambda epoch: datetime.fromtimestamp(epoch, UTC)
)  # 2005 to 2030


def asked(sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", arguments)
        return cursor.fetchone()[0]


def months_later(day, months):
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(first_of_next - timedelta(days=1), date(year, month + 1, 1) + timedelta(days=day.day - 1))


class TestEndOfDay:
    @in_one_database
    @given(MOMENTS, ZONES, st.integers(0, 60), st.integers(0, 800))
    def test_is_the_models(self, at, zone, months, days):
        last_day = months_later(at.astimezone(ZoneInfo(zone)).date(), months) + timedelta(days=days)

        found = asked("laurel_end_of_day(%s, make_interval(months => %s, days => %s), %s)", at, months, days, zone)

        assert found == periods.end_of(last_day, zone=zone)

    @in_one_database
    @given(MOMENTS, ZONES)
    def test_lies_ahead_and_is_no_more_than_an_hour_into_the_next_day(self, at, zone):
        end = asked("laurel_end_of_day(%s, interval '0', %s)", at, zone)

        local = end.astimezone(ZoneInfo(zone))
        assert end > at
        assert local.time() <= time(1)

    def test_exists_in_every_zone_that_a_programme_may_name(self):
        for zone in periods.zones():
            assert asked("laurel_end_of_day(now(), interval '1 day', %s)", zone) > clock.wall()


class TestDuration:
    @given(st.integers(0, 1200), st.integers(0, 36_500))
    def test_is_read_as_it_is_spelled(self, months, days):
        assert periods.months_and_days(periods.duration_of(months, days)) == (months, days)


class Model:
    """Plain lots: [amount, when it is gone]. Its acts answer whether they could be done."""

    def __init__(self):
        self.lots = []

    def earn(self, amount, at):
        last_day = at.date() + timedelta(days=10)
        self.lots.append([amount, datetime.combine(last_day + timedelta(days=1), time.min, UTC)])
        return True

    def spend(self, amount, at):
        self.sweep(amount, at)
        if self.balance < amount:
            return False
        for lot in sorted(self.lots, key=lambda lot: lot[1]):
            taken = min(amount, lot[0])
            lot[0] -= taken
            amount -= taken
        return True

    def sweep(self, _, at):
        self.lots = [lot for lot in self.lots if lot[1] > at]
        return True

    @property
    def balance(self):
        return sum(amount for amount, _ in self.lots)


ACTS = st.lists(
    st.tuples(st.sampled_from(["earn", "spend", "sweep"]), st.integers(1, 50), st.integers(0, 96)), max_size=15
)


class TestLife:
    @settings(parent=in_one_database, max_examples=25)
    @given(ACTS)
    def test_has_what_the_model_has(self, acme, acts):
        declared.points(acme, expiry={"after": "P10D"})
        model, at = Model(), datetime(2026, 5, 1, tzinfo=UTC)
        with clock.moved_to(at):
            account = accounts.open_account(business=acme)
        for act, amount, hours in acts:
            at += timedelta(hours=hours)
            with clock.moved_to(at):
                assert live(account, act, amount) == getattr(model, act)(amount, at)
                settlement.settle_due()
            model.sweep(amount, at)
            assert wallet(acme, account).amount == model.balance
        assert verification.verify() == []

    @settings(parent=in_one_database, max_examples=25)
    @given(ACTS, st.sampled_from(["lot", "inactivity"]), st.sampled_from(["P5D", "P1D"]))
    def test_loses_nothing_unwarned(self, acme, acts, basis, lasts):
        declared.points(acme, expiry={"after": lasts, "basis": basis, "warnDays": [3, 1]})
        at = datetime(2026, 5, 1, tzinfo=UTC)
        with clock.moved_to(at):
            account = accounts.open_account(business=acme)
        for act, amount, hours in acts:
            at += timedelta(hours=hours)
            with clock.moved_to(at):
                live(account, act, amount)
        with clock.moved_to(at + timedelta(days=30)):
            live(account, "sweep", 0)
        warned = facts_of(account, "points/expiring")
        announced = {facts["expiresAt"]: facts["amount"] for facts in warned}
        for facts in facts_of(account, "points/expired"):
            assert announced[day_of(facts["entryId"])] <= facts["amount"] < 0
        told = [(facts["expiresAt"], facts["warnDays"], facts["amount"]) for facts in warned]
        assert len(set(told)) == len(told)
        assert verification.verify() == []


def live(account, act, amount):
    """Whether somebody could do it."""
    said = {"business": account.business, "account_id": account.pk, "amount": amount}
    if act == "earn":
        ledger.award(**said)
    elif act == "spend":
        try:
            ledger.spend(**said)
        except ledger.InsufficientPoints:
            return False
    else:
        settlement.settle_due()
        settlement.warn_due()
        settlement.settle_silence()
    return True


def day_of(entry_id):
    """The day of which an entry of expiry says that its points ran out."""
    return LedgerEntry.objects.get(pk=entry_id).reason["expiresAt"]


def facts_of(account, topic):
    rows = Event.objects.for_business(account.business).filter(account_id=account.pk, topic=topic)
    return list(rows.values_list("facts", flat=True))


def wallet(business, account):
    return books.wallets(business=business, account_ids=[account.pk])[account.pk]
