from collections.abc import Callable
from typing import Any

import pytest

from loyalty.models import Business, Quest, Segment, Task
from loyalty.selectors import ledger as books
from loyalty.selectors import quests as reads
from loyalty.services import completions, quests
from loyalty.services.quest_rules import Rules, TaskRules, in_points

MakeQuest = Callable[..., Quest]


def step(title: str, *, points: int = 0, **said: Any) -> TaskRules:
    """A task by hand, where nothing else is said."""
    return TaskRules(**{"title": title, "type": "manual", "benefits": [in_points(points)] if points else [], **said})


def tasks_of(quest: Quest) -> list[Task]:
    """Its tasks now, in order."""
    quest.refresh_from_db()
    return reads.tasks_of(quest.current)


def points_of(person: Any) -> int:
    return books.wallets(business=person.business, account_ids=[person.pk])[person.pk].amount


def do(quest: Quest, person: Any, number: int = 0) -> completions.Outcome:
    """Let a person complete a task."""
    return completions.complete(
        business=quest.business, quest_id=quest.pk, task_id=tasks_of(quest)[number].pk, account_id=person.pk
    )


@pytest.fixture
def quest(acme: Business) -> MakeQuest:
    """Make a quest: `quest(step("Say hello"), reward=50, ordered=True, status="draft")`."""

    def make(*tasks: TaskRules, business: Business = acme, reward: int = 0, **said: Any) -> Quest:
        texts = {"title": "Welcome", **{name: said.pop(name) for name in quests.TEXTS if name in said}}
        rules = Rules(benefits=[in_points(reward)] if reward else [], tasks=list(tasks), **said)
        return quests.create(business=business, rules=rules, **texts)

    return make


@pytest.fixture
def welcome(quest: MakeQuest) -> Quest:
    """Two tasks for 5 and 7 points, and 50 for both."""
    return quest(step("Say hello", points=5), step("Fill in your profile", points=7), reward=50)


@pytest.fixture
def beta(acme: Business) -> Segment:
    return Segment.objects.create(business=acme, key="beta", title="Beta testers")
