"""Proof of a task: handed in, approved or rejected with a reason."""

from functools import partial

import pytest

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Submission
from loyalty.services import accounts, ledger, merges, proofs, quest_gate, quests
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of
from tests.races import just_before


@pytest.fixture
def show(quest):
    return quest(step("Show your bike", type="proof", points=5), step("Wave"), reward=50)


@pytest.fixture
def submit(show, ada):
    def hand_in(quest=show, person=ada, number=0, **content):
        return proofs.submit(
            business=quest.business,
            quest_id=quest.pk,
            task_id=tasks_of(quest)[number].pk,
            account_id=person.pk,
            **(content or {"text": "Here it is"}),
        )

    return hand_in


class TestRefuses:
    @pytest.mark.parametrize(
        ("content", "field"),
        [
            ({"text": "  "}, "text"),
            ({"text": "x" * 5001}, "text"),
            ({"link": "example.com"}, "url"),
            ({"link": "javascript:alert(1)"}, "url"),
            ({"link": "https://"}, "url"),
            ({"link": "https://[x"}, "url"),
            ({"link": "https://example.com/ x"}, "url"),
            ({"link": "https://example.com/" + "x" * 2000}, "url"),
        ],
    )
    def test_what_proves_nothing(self, submit, content, field):
        with pytest.raises(Invalid) as error:
            submit(**content)

        assert error.value.field == field

    def test_a_task_that_takes_none(self, submit):
        with pytest.raises(Invalid):
            submit(number=1)

    def test_what_cannot_be_completed_now(self, acme, show, submit):
        quests.set_status(business=acme, quest_id=show.pk, status="paused")

        with pytest.raises(quest_gate.QuestNotActive):
            submit()

    def test_a_second_one_while_the_first_waits_or_was_approved(self, acme, submit):
        first = submit()
        with pytest.raises(proofs.DoneAlready):
            submit()
        proofs.approve(business=acme, submission_id=first.pk)
        with pytest.raises(proofs.DoneAlready):
            submit()

    def test_what_is_done_already(self, show, ada, submit):
        do(show, ada)

        with pytest.raises(proofs.DoneAlready):
            submit()

    def test_people_and_submissions_of_another_business(self, acme, rival, eve, submit):
        with pytest.raises(NotFound):
            submit(person=eve)
        waiting = submit()
        with pytest.raises(NotFound):
            proofs.approve(business=rival, submission_id=waiting.pk)

    @pytest.mark.parametrize("first", ["approve", "reject"])
    def test_to_decide_twice(self, acme, submit, first):
        waiting = submit()
        decide(first, acme, waiting)

        for again in ("approve", "reject"):
            with pytest.raises(proofs.Decided):
                decide(again, acme, waiting)

    def test_to_approve_what_cannot_be_paid(self, acme, ada, submit):
        waiting = submit()
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            proofs.approve(business=acme, submission_id=waiting.pk)
        waiting.refresh_from_db()
        assert (waiting.status, waiting.decided_at) == ("pending", None)


class TestApprove:
    def test_completes_the_task_and_pays_it(self, acme, ada, submit):
        waiting = submit(link="https://example.com/bike")

        outcome = proofs.approve(business=acme, submission_id=waiting.pk)
        waiting.refresh_from_db()
        assert (outcome.points, points_of(ada), waiting.status) == (5, 5, "approved")
        assert waiting.decided_at is not None

    def test_of_the_last_task_completes_the_quest(self, acme, show, ada, submit):
        waiting = submit()
        do(show, ada, 1)

        outcome = proofs.approve(business=acme, submission_id=waiting.pk)
        assert (outcome.completed_quest, outcome.points, points_of(ada)) == (True, 55, 55)

    def test_keeps_to_the_rules_of_when_it_was_handed_in(self, acme, show, ada, submit):
        waiting = submit()
        rules = {"tasks": [step("Something else", points=99)]}
        quests.update(business=acme, quest_id=show.pk, texts={"status": "archived"}, rules=rules)

        assert proofs.approve(business=acme, submission_id=waiting.pk).points == 5

    def test_pays_nothing_for_what_was_completed_meanwhile(self, acme, show, ada, submit):
        waiting = submit()
        do(show, ada)

        assert proofs.approve(business=acme, submission_id=waiting.pk).points == 0
        assert points_of(ada) == 5


class TestReject:
    def test_says_why_and_lets_them_try_again(self, acme, ada, submit):
        first = submit()

        rejected = proofs.reject(business=acme, submission_id=first.pk, reason="Too dark")
        second = submit(text="Brighter")
        assert (rejected.reason, points_of(ada)) == ("Too dark", 0)
        assert set(Submission.objects.for_business(acme).values_list("pk", "status")) == {
            (first.pk, "rejected"),
            (second.pk, "pending"),
        }


def decide(how, business, submission):
    reason = {"reason": "No"} if how == "reject" else {}
    getattr(proofs, how)(business=business, submission_id=submission.pk, **reason)


@pytest.mark.django_db(transaction=True)
def test_of_somebody_who_is_merged_meanwhile_is_approved_for_whom_they_are(acme, ada, bob, submit, monkeypatch):
    shown = submit()
    merge = partial(merges.merge, business=acme, source_id=ada.pk, target_id=bob.pk)
    just_before(monkeypatch, quest_gate, "locked", merge)

    proofs.approve(business=acme, submission_id=shown.pk)

    assert points_of(bob) == 5
