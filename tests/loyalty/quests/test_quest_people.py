"""What quests hold of a person: exported, erased, moved to another person and back."""

import pytest

from loyalty.models import QuestCompletion, Submission, TaskCompletion
from loyalty.services import personal_data, proofs
from tests.loyalty.quests.conftest import do, step, tasks_of

MARK = "zzmark7"


def holder(name):
    return next(holder for holder in personal_data.holders() if holder.name == name)


@pytest.fixture
def show(quest):
    return quest(step("Show it", type="proof"), step("Wave"), key="show")


@pytest.fixture
def rejected(acme, show, ada):
    proof = proofs.submit(
        business=acme,
        quest_id=show.pk,
        task_id=tasks_of(show)[0].pk,
        account_id=ada.pk,
        text=f"I am {MARK}",
        link=f"https://example.com/{MARK}",
    )
    return proofs.reject(business=acme, submission_id=proof.pk, reason=f"You are not {MARK}")


def test_submissions_are_exported(acme, rejected, ada, bob):
    (row,) = holder("submissions").export(acme, ada.pk)

    assert (row["text"], row["status"]) == (f"I am {MARK}", "rejected")
    assert holder("submissions").export(acme, bob.pk) == []


def test_erasing_clears_every_text_of_theirs_and_of_nobody_else(acme, show, rejected, ada, bob):
    proofs.submit(business=acme, quest_id=show.pk, task_id=tasks_of(show)[0].pk, account_id=bob.pk, text="I am Bob")

    holder("submissions").erase(acme, [ada.pk])

    assert MARK not in str(list(Submission.objects.for_business(acme).values()))
    assert holder("submissions").export(acme, bob.pk)[0]["text"] == "I am Bob"


def test_completions_are_exported_and_stay_when_a_person_is_erased(acme, welcome, ada):
    for number in (0, 1):
        do(welcome, ada, number)

    for name, count in (("completedTasks", 2), ("completedQuests", 1)):
        assert len(holder(name).export(acme, ada.pk)) == count
        holder(name).erase(acme, [ada.pk])
        assert len(holder(name).export(acme, ada.pk)) == count


def test_completions_move_but_those_that_the_other_has_too_and_move_back(acme, welcome, quest, ada, bob):
    other = quest(step("Wave"), key="other")
    mine = [do(welcome, ada).completion.pk, do(welcome, ada, 1).completion.pk, do(other, ada).completion.pk]
    do(welcome, bob)

    moved = {name: holder(name).move(acme, ada.pk, bob.pk, None) for name in ("completedTasks", "completedQuests")}
    assert set(moved["completedTasks"]) == {str(pk) for pk in mine[1:]}
    assert QuestCompletion.objects.for_business(acme).filter(account_id=bob.pk).count() == 2

    for name, ids in moved.items():
        assert holder(name).move(acme, bob.pk, ada.pk, ids) == ids
    assert TaskCompletion.objects.for_business(acme).filter(account_id=ada.pk).count() == 3


def test_submissions_move_where_the_other_has_none(acme, show, rejected, ada, bob):
    assert holder("submissions").move(acme, ada.pk, bob.pk, None) == [str(rejected.pk)]
    assert holder("submissions").move(acme, ada.pk, bob.pk, None) == []
