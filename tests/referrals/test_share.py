"""A share of what friends earn: who gets it, how much, once, and what of it comes back."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Account, Metric
from loyalty.selectors import ledger as books
from loyalty.selectors import quests as steps
from loyalty.services import completions, ledger, merges, publication, quests, settlement
from loyalty.services.ledger import Source
from loyalty.services.quest_rules import Rules, TaskRules
from referrals.models import Referral, ShareProgress
from referrals.selectors import lines
from referrals.services import codes, friends, programmes, share
from tests import cast
from tests.races import at_once, errors
from tests.referrals.conftest import points_of

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/referrals.md").read_text(encoding="utf-8")
ROWS = PAGE.partition("| a friend earns |")[2].partition("\n\n")[0].splitlines()[2:]
TABLE = [[cell.strip() for cell in row.strip("|").split("|")] for row in ROWS]
TENTHS = [1000, 500, 200, 100]  # 10, 5, 2 and 1 %


@pytest.fixture
def line(acme):
    """Five people, of whom each has brought the next."""
    people = [join(acme, f"p-{number}") for number in range(6)]
    for above, friend in zip(people, people[1:], strict=False):
        bring(above, friend)
    return people


@pytest.fixture
def shared(acme):
    programmes.save(business=acme, share_levels=TENTHS)


def join(business, name):
    return advocates.create(business=business, external_id=name)


def bring(above, friend):
    code = codes.create(business=above.business, advocate_id=above.pk)
    friends.bring(code=code, friend_id=friend.pk, now=clock.now(above.business))


def worker_runs():
    while publication.publish():
        pass
    return share.pay_due()


def points(people):
    return [points_of(one) for one in people]


class TestNothingIsShared:
    def test_by_a_programme_that_does_not_share(self, line, give):
        give(line[5], 1000)

        assert worker_runs() == 0
        assert points(line) == [0, 0, 0, 0, 0, 1000]

    def test_while_the_programme_is_paused(self, acme, line, shared, give):
        programmes.save(business=acme, status="paused")
        give(line[5], 1000)

        assert worker_runs() == 0
        assert not ShareProgress.objects.exists()

    def test_of_what_was_earned_before(self, acme, line, give):
        give(line[5], 1000)
        programmes.save(business=acme, share_levels=TENTHS)

        assert worker_runs() == 0

    @pytest.mark.parametrize("source", ["referral", "referred", "referral_share", "operator", "import"])
    def test_of_what_nobody_has_earned_by_doing_something(self, line, shared, give, source):
        give(line[5], 1000, source=Source(source, "1"))

        assert worker_runs() == 0

    def test_of_a_correction(self, line, shared, give):
        give(line[5], 1000, type=ledger.Type.ADJUST, topic="points/adjusted")

        assert worker_runs() == 0

    def test_of_what_is_reversed_already(self, acme, line, shared, give):
        ledger.reverse(business=acme, entry_id=give(line[5], 1000).id)

        assert worker_runs() == 0

    def test_of_less_than_a_point(self, line, shared, give):
        give(line[5], 9)

        assert worker_runs() == 0

    def test_with_who_is_blocked(self, line, shared, give):
        Account.objects.for_business(line[4].business).filter(pk=line[4].pk).update(status="blocked")
        give(line[5], 1000)

        worker_runs()

        assert points(line) == [0, 10, 20, 50, 0, 1000]


class TestAShare:
    def test_goes_up_four_levels_and_no_further(self, line, shared, give):
        give(line[5], 1000)

        assert worker_runs() == 4
        assert points(line) == [0, 10, 20, 50, 100, 1000]

    def test_is_whole_points_rounded_down(self, line, shared, give):
        give(line[5], 1099)

        worker_runs()

        assert points(line) == [0, 10, 21, 54, 109, 1099]

    def test_is_of_the_metric_that_was_earned(self, acme, line, shared, give):
        Metric.objects.create(business=acme, key="stars", title="Stars")
        give(line[5], 1000, metric="stars")

        worker_runs()

        found = books.wallets(business=acme, account_ids=[line[4].pk], metric="stars")
        assert (found[line[4].pk].amount, points_of(line[4])) == (100, 0)

    def test_is_paid_once(self, acme, line, shared, give):
        give(line[5], 1000)
        worker_runs()
        ShareProgress.objects.for_business(acme).update(position=0)

        assert worker_runs() == 0
        assert points_of(line[4]) == 100

    def test_of_what_is_pending_is_paid_when_it_ripens(self, acme, line, shared, give):
        give(line[5], 1000, pending_until=clock.now(acme) + timedelta(days=1))
        assert worker_runs() == 0

        with clock.moved_to(clock.wall() + timedelta(days=2)):
            settlement.settle_due()
            worker_runs()

        assert points(line)[4:] == [100, 1000]

    def test_says_in_the_ledger_what_it_is_of(self, acme, line, shared, give):
        earned = give(line[5], 1000)
        worker_runs()

        (entry,) = books.entries(business=acme, account_id=line[4].pk)
        assert (entry.source_type, entry.source_id) == ("referral_share", f"{earned.id}:1")
        assert entry.reason == {"entryId": str(earned.id), "of": 1000, "level": 1, "basisPoints": 1000}

    def test_costs_an_award_nothing(self, acme, line, shared, give, django_assert_num_queries):
        with django_assert_num_queries(1):
            give(line[5], 100)

    def test_takes_a_few_statements_for_many_earnings(self, line, shared, give, django_assert_max_num_queries):
        for _ in range(50):
            give(line[5], 100)
        while publication.publish():
            pass

        with django_assert_max_num_queries(16):
            assert share.pay_due() == 200


class TestThePage:
    @pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
    def test_has_a_table_that_is_so(self, acme, line, give, row):
        earned, *wanted = map(int, row)
        programmes.save(business=acme, share_levels=[1000, 500, 250])
        give(line[5], earned)

        worker_runs()

        assert points(line)[:1:-1] == [earned, *wanted]


class TestAMission:
    @pytest.fixture
    def quest(self, acme):
        tasks = [TaskRules(key="one", title="One", type="manual"), TaskRules(key="two", title="Two", type="manual")]
        return quests.create(business=acme, title="Start", key="start", rules=Rules(tasks=tasks))

    @pytest.mark.parametrize(("task", "wanted"), [("", 2), ("one", 1)])
    def test_comes_first(self, acme, line, quest, give, task, wanted):
        programmes.save(business=acme, share_levels=[1000], share_quest="start", share_task=task)
        give(line[5], 1000)
        for done in steps.tasks_of(quest.current)[:wanted]:
            completions.complete(business=acme, quest_id=quest.pk, task_id=done.pk, account_id=line[5].pk)
        give(line[5], 500)

        worker_runs()

        assert points_of(line[4]) == 50


class TestAReversal:
    def test_takes_every_share_back(self, acme, line, shared, give):
        earned = give(line[5], 1000)
        worker_runs()

        ledger.reverse(business=acme, entry_id=earned.id)
        worker_runs()

        assert points(line) == [0, 0, 0, 0, 0, 0]

    def test_takes_what_is_there_of_it(self, acme, line, shared, give):
        earned = give(line[5], 1000)
        worker_runs()
        ledger.spend(business=acme, account_id=line[4].pk, amount=70)

        ledger.reverse(business=acme, entry_id=earned.id)
        worker_runs()
        worker_runs()

        assert points(line) == [0, 0, 0, 0, 0, 0]


class TestACircle:
    def test_is_not_made_by_bringing(self, line):
        bring(line[5], line[0])
        bring(line[0], line[0])

        assert not Referral.objects.filter(friend=line[0].pk).exists()

    @pytest.mark.parametrize(("source", "target"), [(0, 3), (3, 0), (2, 1), (1, 2), (0, 5), (4, 5)])
    def test_is_not_made_by_a_merge(self, acme, line, source, target):
        before = lines.above(business=acme, friend_ids=[one.pk for one in line], levels=9)

        done = merges.merge(business=acme, source_id=line[source].pk, target_id=line[target].pk)
        for one in line:
            assert not lines.is_above(one.pk, one.pk, business=acme)
        merges.undo(business=acme, merge_id=done.pk)

        assert lines.above(business=acme, friend_ids=[one.pk for one in line], levels=9) == before


class TestWhateverTheTree:
    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
        st.lists(st.tuples(st.integers(0, 7), st.integers(1, 10**6)), max_size=8),
        st.lists(st.integers(1, 2500), min_size=1, max_size=4),
    )
    def test_everybody_gets_what_a_model_says(self, db, bringing, earning, levels):
        business = cast.open_acme(f"tree-{clock.wall().timestamp():.6f}".replace(".", "-"))
        people = [join(business, f"p-{number}") for number in range(8)]
        programmes.save(business=business, share_levels=levels)
        parent = {}
        for above, friend in bringing:
            bring(people[above], people[friend])
            if friend not in parent and friend not in way_up(above, parent):
                parent[friend] = above
        due = [0] * 8
        for who, amount in earning:
            ledger.award(business=business, account_id=people[who].pk, amount=amount)
            due[who] += amount
            for above, points_each in zip(way_up(who, parent)[1:], levels, strict=False):
                due[above] += amount * points_each // 10_000
        worker_runs()

        assert points(people) == due


def way_up(who, parent):
    way = [who]
    while way[-1] in parent:
        way.append(parent[way[-1]])
    return way


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_workers_pay_once(self, acme, line, shared, give):
        for _ in range(20):
            give(line[5], 1000)
        while publication.publish():
            pass

        results = at_once(10, lambda _: share.pay_due())

        assert errors(results) == []
        assert points_of(line[4]) == 2000
        assert sum(results) == 80

    def test_bring_no_circle(self, acme):
        ada, bob = join(acme, "a"), join(acme, "b")

        results = at_once(20, lambda number: bring(*((ada, bob) if number % 2 else (bob, ada))))

        assert errors(results) == []
        assert Referral.objects.count() == 1

    def test_would_without_the_lock_but_for_the_database(self, acme, monkeypatch):
        """The control: whoever looks without the lock is refused by the database, and one stays."""
        monkeypatch.setattr(lines, "lock", lambda business: None)
        ada, bob = join(acme, "a"), join(acme, "b")
        monkeypatch.setattr(lines, "is_above", lambda *_, **__: False)

        results = at_once(20, lambda number: bring(*((ada, bob) if number % 2 else (bob, ada))))

        assert any("brought themselves" in str(error) for error in errors(results))
        assert Referral.objects.count() == 1
