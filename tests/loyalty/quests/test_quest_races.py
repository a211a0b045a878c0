"""Many complete the same thing at once: one completion, one payment, one quest. The lock has a control."""

import threading
import time
from collections import Counter

import pytest

from loyalty.kernel import clock
from loyalty.models import Account, QuestCompletion
from loyalty.services import completions, ledger, proofs, quest_gate
from tests.loyalty.quests.conftest import points_of, step, tasks_of
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


@pytest.fixture
def complete(acme, ada):
    def work(quest, task):
        return completions.complete(business=acme, quest_id=quest.pk, task_id=task.pk, account_id=ada.pk)

    return work


def unlocked(*, business, account_id):
    """What the lock prevents: everybody has looked before the first one writes."""
    account = Account.objects.for_business(business).get(pk=account_id)
    time.sleep(0.3)
    return account


def outcomes(results):
    return Counter(type(result).__name__ for result in results)


class TestOneTask:
    def test_of_fifty_calls_is_completed_and_paid_once(self, acme, quest, ada, complete):
        hello = quest(step("Say hello", points=5), reward=50)
        (task,) = tasks_of(hello)

        results = at_once(CROWD, lambda _: complete(hello, task))

        assert errors(results) == []
        assert Counter(result.is_repeat for result in results) == {False: 1, True: CROWD - 1}
        assert len({result.completion.pk for result in results}) == 1
        assert (sum(result.points for result in results), points_of(ada)) == (55, 55)

    def test_is_refused_by_the_database_without_the_lock(self, quest, ada, complete, monkeypatch):
        """The control: without the lock callers are thrown out, and still nothing is paid twice."""
        monkeypatch.setattr(quest_gate, "locked", unlocked)
        hello = quest(step("Say hello", points=5))
        (task,) = tasks_of(hello)

        results = at_once(10, lambda _: complete(hello, task))

        assert set(outcomes(results)) == {"Outcome", "IntegrityError"}  # whoever came late enough saw it done
        assert points_of(ada) == 5


class TestLastTasks:
    def test_done_at_once_complete_the_quest_once(self, acme, quest, ada, complete):
        many = quest(*(step(f"Step {number}", points=1) for number in range(10)), reward=50)
        tasks = tasks_of(many)

        results = at_once(CROWD, lambda number: complete(many, tasks[number % 10]))

        assert errors(results) == []
        assert QuestCompletion.objects.for_business(acme).count() == 1
        assert (sum(result.points for result in results), points_of(ada)) == (60, 60)


class TestClaim:
    def test_of_fifty_calls_pays_once(self, acme, quest, ada, complete):
        claim = waiting_for(quest, ada, complete)

        results = at_once(CROWD, lambda _: claim())

        assert outcomes(results) == {"int": 1, "NothingToClaim": CROWD - 1}
        assert points_of(ada) == 55

    def test_is_refused_by_the_ledger_without_the_lock(self, quest, ada, complete, monkeypatch):
        """The control: everybody sees that it waits, and the ledger pays the first alone."""
        monkeypatch.setattr(quest_gate, "locked", unlocked)
        claim = waiting_for(quest, ada, complete)
        everybody_looked = threading.Barrier(10)
        told = clock.now

        def now(business):
            everybody_looked.wait()
            return told(business)

        monkeypatch.setattr(completions.clock, "now", now)
        results = at_once(10, lambda _: claim())

        assert outcomes(results) == {"int": 1, "AlreadyPosted": 9}
        assert points_of(ada) == 55


def waiting_for(quest, person, complete):
    """A quest that is done, and not claimed: a call claims it."""
    patient = quest(step("Say hello", points=5), reward=50, auto_claim=False)
    (task,) = tasks_of(patient)
    complete(patient, task)
    return lambda: completions.claim(business=patient.business, task_id=task.pk, account_id=person.pk)


class TestDecision:
    def test_by_many_operators_is_made_once(self, acme, quest, ada):
        show = quest(step("Show it", type="proof", points=5))
        submission = proofs.submit(
            business=acme, quest_id=show.pk, task_id=tasks_of(show)[0].pk, account_id=ada.pk, text="Here"
        )

        def decide(number):
            if number % 2:
                return proofs.approve(business=acme, submission_id=submission.pk)
            return proofs.reject(business=acme, submission_id=submission.pk, reason="No")

        results = at_once(20, decide)

        assert outcomes(errors(results)) == {"Decided": 19}
        assert points_of(ada) in (0, 5)

    def test_and_a_call_pay_once(self, acme, quest, ada, complete):
        show = quest(step("Show it", type="proof", points=5), reward=50)
        (task,) = tasks_of(show)
        submission = proofs.submit(
            business=acme, quest_id=show.pk, task_id=task.pk, account_id=ada.pk, link="https://example.com/me"
        )

        def work(number):
            if number:
                return complete(show, task)
            return proofs.approve(business=acme, submission_id=submission.pk)

        assert errors(at_once(20, work)) == []
        assert points_of(ada) == 55


class TestAwards:
    def test_beside_completions_lose_nothing_and_lock_in_one_order(self, acme, quest, ada, complete):
        many = quest(*(step(f"Step {number}", points=1) for number in range(10)), reward=50)
        tasks = tasks_of(many)

        def work(number):
            if number % 2:
                return ledger.award(business=acme, account_id=ada.pk, amount=1)
            return complete(many, tasks[number // 2 % 10])

        assert errors(at_once(40, work)) == []
        assert points_of(ada) == 20 + 60
