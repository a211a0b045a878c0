"""Whatever people hold and do: what they are paid is what was due to them, to the point, and nothing else."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock
from loyalty.models import HoldAccrual, Metric
from loyalty.models.hold import PARTS
from loyalty.selectors import ledger as books
from loyalty.services import accounts, accrual, hold_programmes, ledger, verification
from loyalty.services.hold_rules import HoldRules, Pool
from tests import cast
from tests.loyalty.hold.conftest import NOON

pytestmark = pytest.mark.django_db

in_one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

PEOPLE = 4
NUMBERS = itertools.count()  # of examples, each of which has a business of its own
STAKES = st.lists(st.integers(0, 10**15), min_size=PEOPLE, max_size=PEOPLE)
# Who earns or spends how much, so many seconds after the last time; and whether a worker runs then.
MOVES = st.lists(
    st.tuples(st.integers(0, PEOPLE - 1), st.integers(-(10**6), 10**6), st.integers(0, 400), st.booleans()),
    max_size=12,
)
POOLS = st.integers(1, 10**9)
TERMS = st.sampled_from([None, "PT1H"])


class Model:
    """Balances after every move, and pools shared out minute by minute in whole parts, by the largest remainder."""

    def __init__(self, people, stakes, term):
        self.ids = [person.pk for person in people]
        self.term = timedelta(hours=1) if term else timedelta(0)
        self.history = [[(NOON - timedelta(days=1), stake)] for stake in stakes]
        self.due = [0] * PEOPLE
        self.kept = 0

    def moves(self, who, amount, at):
        self.history[who].append((at, self.history[who][-1][1] + amount))

    def stake(self, who, at):
        """The least of the balance when the term began, and of those since."""
        before = [held for moment, held in self.history[who] if moment <= at - self.term]
        since = [held for moment, held in self.history[who] if at - self.term < moment <= at]
        return min([before[-1], *since])

    def minute(self, at, per_day):
        stakes = [self.stake(who, at) for who in range(PEOPLE)]
        self.kept += per_day * PARTS // 1440
        if total := sum(stakes):
            shares = [divmod(self.kept * stake, total) for stake in stakes]
            spare = self.kept - sum(whole for whole, _ in shares)
            first = sorted(range(PEOPLE), key=lambda who: (-shares[who][1], self.ids[who]))[:spare]
            for who, (whole, _) in enumerate(shares):
                self.due[who] += whole + (who in first)
            self.kept = 0


class TestWhatIsPaid:
    @settings(parent=in_one_database, max_examples=25)
    @given(STAKES, MOVES, POOLS, TERMS)
    @example([1, 1, 1, 0], [], 1, None)  # equal remainders: the part that is left goes to the oldest account
    @example([3, 2, 2, 0], [], 1, None)  # 428.57, 285.71 and 285.71: two parts are left for the two
    def test_is_what_was_due(self, db, stakes, moves, per_day, term):
        acme = cast.open_acme(f"acme-{next(NUMBERS)}")
        Metric.objects.create(business=acme, key="stars", title="Stars")
        people, at = [open_one(acme, stake) for stake in stakes], NOON
        model = Model(people, stakes, term)
        with clock.moved_to(at):
            rules = HoldRules(pays="stars", pool=Pool(per_day=per_day), term=term)
            programme = hold_programmes.create(business=acme, title="Pool", rules=rules, status="active")
        for who, amount, seconds, has_worker in moves:
            at += timedelta(seconds=seconds)
            if model.history[who][-1][1] + amount < 0 or not amount:
                continue
            with clock.moved_to(at):
                move(people[who], amount)
                if has_worker:
                    accrual.accrue_due()
            model.moves(who, amount, at)
        end = at + timedelta(hours=1)
        with clock.moved_to(end):
            accrual.accrue_due()
        minutes = int((end - NOON) / timedelta(minutes=1))
        for minute in range(1, minutes + 1):
            model.minute(NOON + timedelta(minutes=minute), per_day)

        programme.refresh_from_db()
        assert programme.poured == minutes * per_day * 1000
        paid = [points_of(one) for one in people]
        assert [accrued(one, programme) for one in people] == model.due
        assert programme.kept == model.kept == programme.poured - sum(model.due)
        assert paid == [accrued(one, programme) // PARTS for one in people]
        assert verification.verify(acme) == []


def open_one(business, stake):
    with clock.moved_to(NOON - timedelta(days=1)):
        account = accounts.open_account(business=business)
        if stake:
            ledger.award(business=business, account_id=account.pk, amount=stake)
    return account


def move(account, amount):
    act = ledger.award if amount > 0 else ledger.spend
    act(business=account.business, account_id=account.pk, amount=abs(amount))


def accrued(account, programme):
    row = HoldAccrual.objects.for_business(account.business).filter(account=account, programme=programme).first()
    return int(row.parts) if row else 0


def points_of(account):
    ledger.settle(business_id=account.business_id, account_id=account.pk)
    wallets = books.wallets(business=account.business, account_ids=[account.pk], metric="stars")
    return wallets[account.pk].amount
