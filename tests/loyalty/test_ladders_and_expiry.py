"""Where points run out under somebody who stands on a ladder by them: when they go down, and who hears of it."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from advocates.services import joining
from advocates.services.details import Details
from loyalty import events
from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ladders as places
from loyalty.services import accounts, batches, businesses, climbing, ladders, ledger, settlement
from tests.loyalty import declared
from tests.loyalty.climbers import put, rungs

STEPS = rungs(bronze=0, silver=1_000)


def member(business):
    return accounts.open_account(business=business)


def award(account, amount, **rest):
    return ledger.award(business=account.business, account_id=account.pk, amount=amount, **rest)


def spend(account):
    ledger.spend(business=account.business, account_id=account.pk, amount=1)


def stands(account):
    return places.milestones(business=account.business, account_id=account.pk)["club"]


def events_of(account):
    return list(Event.objects.for_business(account.business).filter(account_id=account.pk).order_by("sequence"))


def topics(account):
    return [event.topic for event in events_of(account)]


def expired(account):
    rows = LedgerEntry.objects.for_business(account.business).filter(account_id=account.pk, type="expire")
    return list(rows.order_by("sequence").values_list("amount", flat=True))


def later(business, **span):
    businesses.move_clock(business=business, to=clock.now(business) + timedelta(**span))


BY = {
    "the sweep": lambda account: settlement.settle_due(),
    "a spend": spend,
    "a look at one person": lambda account: ledger.settle(business_id=account.business_id, account_id=account.pk),
}
by_each = pytest.mark.parametrize("look", BY.values(), ids=BY)


class TestWhoeverLosesPoints:
    @pytest.fixture
    def account(self, transactional_db, acme):
        """Silver by 1,000 points that are due, and bronze by the 50 that stay."""
        put(acme, STEPS, basis="balance")
        account = member(acme)
        award(account, 1_000, expires_at=clock.wall() - timedelta(days=1))
        award(account, 50)
        assert stands(account) == "silver"
        return account

    @by_each
    def test_goes_down_and_it_is_told_and_heard(self, account, monkeypatch, look):
        heard = []
        monkeypatch.setattr(climbing, "_followers", dict.fromkeys(climbing.TOPICS, [heard.extend]))

        look(account)

        assert stands(account) == "bronze"
        lost = topics(account).index("points/expired")
        move = events_of(account)[lost + 1]
        assert move.topic == "customers/milestone_changed"
        assert [move.facts[name] for name in ("direction", "cause", "value")] == ["down", "earned", 50]
        assert [(one.account_id, one.facts) for one in heard] == [(account.pk, move.facts)]

    @by_each
    def test_is_heard_of_in_the_transaction_that_took_them(self, account, monkeypatch, look):
        def fail(moves):
            raise ZeroDivisionError

        monkeypatch.setattr(climbing, "_followers", dict.fromkeys(climbing.TOPICS, [fail]))
        before = topics(account)
        with suppress(ZeroDivisionError):  # a sweep writes it down, and goes on
            look(account)

        assert (stands(account), topics(account), expired(account)) == ("silver", before, [])

    def test_goes_down_with_all_others_of_the_page(self, acme, account, monkeypatch):
        others = [member(acme) for _ in range(3)]
        for number, other in enumerate(others):
            award(other, 1_000 + number, expires_at=clock.wall() - timedelta(days=1 + number))
        heard = []
        monkeypatch.setattr(climbing, "_followers", dict.fromkeys(climbing.TOPICS, [heard.extend]))

        assert settlement.settle_due() == 4
        assert {stands(one) for one in (account, *others)} == {"bronze"}
        assert sorted(move.account_id for move in heard) == sorted(one.pk for one in (account, *others))

    def test_goes_down_by_a_silence_too(self, acme, transactional_db):
        declared.points(acme.sandbox, expiry={"after": "P30D", "basis": "inactivity"})
        put(acme.sandbox, STEPS, basis="balance")
        account = member(acme.sandbox)
        award(account, 1_000)
        later(acme.sandbox, days=32)

        assert settlement.settle_silence() == 1
        assert (stands(account), topics(account)[-2:]) == ("bronze", ["points/expired", "customers/milestone_changed"])

    def test_stays_where_other_things_count(self, acme, transactional_db):
        put(acme, STEPS, basis="lifetimeEarned")
        account = member(acme)
        award(account, 1_000, expires_at=clock.wall() - timedelta(days=1))

        assert settlement.settle_due() == 1
        assert stands(account) == "silver"


@pytest.mark.django_db
class TestAPeriod:
    """Of a month, that ended before anybody looked."""

    LOOKS = {**BY, "the end of periods": lambda account: ladders.turn_due()}

    @pytest.fixture
    def account(self, acme):
        put(acme.sandbox, STEPS, basis="balance", period="P1M")
        return member(acme.sandbox)

    def due_in(self, account, days):
        """1,000 points that last so long, 50 that stay, and fifty days in which nobody looks."""
        award(account, 1_000, expires_at=clock.now(account.business) + timedelta(days=days))
        award(account, 50)
        later(account.business, days=50)

    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_is_judged_with_what_expired_only_later(self, account, look):
        self.due_in(account, days=40)
        look(account)
        settlement.settle_due()

        assert (stands(account), expired(account)) == ("silver", [-1_000])

    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_is_judged_without_what_had_expired(self, account, look):
        self.due_in(account, days=20)
        look(account)

        (move,) = [event for event in events_of(account) if event.facts.get("direction") == "down"]
        assert [move.facts[name] for name in ("cause", "value")] == ["period", 50]
        assert (stands(account), expired(account)) == ("bronze", [-1_000])
        assert move.created_at == datetime.fromisoformat(move.facts["periodTo"])

    def test_is_judged_each_with_what_there_was(self, account):
        self.due_in(account, days=40)
        later(account.business, days=20)
        settlement.settle_due()

        assert topics(account)[-2:] == ["points/expired", "customers/milestone_changed"]
        assert stands(account) == "bronze"  # after the second month, not after the first

    @pytest.mark.parametrize("basis", ["lot", "inactivity"])
    @pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
    def test_that_is_over_takes_nothing_unwarned(self, account, look, basis):
        declared.points(account.business, expiry={"after": "P20D", "basis": basis, "warnDays": [7]})
        award(account, 1_050)
        later(account.business, days=50)
        look(account)
        self.sweep()

        assert (stands(account), expired(account)) == ("silver", [])
        (warning,) = [event for event in events_of(account) if event.topic == "points/expiring"]
        assert datetime.fromisoformat(warning.facts["expiresAt"]) > clock.now(account.business)

    def sweep(self):
        settlement.settle_due()
        settlement.warn_due()
        settlement.settle_silence()


@pytest.mark.django_db
class TestANewcomer:
    """Who starts with points, on a ladder of what people have."""

    @pytest.fixture
    def joined(self, acme):
        declared.points(acme, default=1_000)
        put(acme, STEPS, basis="balance")
        return lambda: joining.join_many(business=acme, people=[Details(email="new@example.com")])

    def test_climbs_it_at_once_and_it_is_heard(self, joined, monkeypatch):
        heard = []
        monkeypatch.setattr(climbing, "_followers", dict.fromkeys(climbing.TOPICS, [heard.extend]))

        (newcomer,) = joined().results

        assert stands(newcomer.account) == "silver"
        assert [(move.account_id, move.facts["direction"]) for move in heard] == [(newcomer.pk, "up")]

    def test_may_be_sent_away_with_their_batch(self, acme, joined):
        assert list(batches.undo(business=acme, batch_id=joined().batch.pk).results) == [None]

    def test_stays_who_has_done_something_since(self, acme, joined):
        done = joined()
        did = events.Happening(acme.pk, "tasks/completed", done.results[0].pk, {})
        events.record([did], now=clock.now(acme))

        (result,) = batches.undo(business=acme, batch_id=done.batch.pk).results

        assert isinstance(result, batches.ActiveSince)
