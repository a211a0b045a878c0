"""Quests are written here: what they say, whether they run, and by which rules."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from msgspec import structs

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Business, Quest, Task
from loyalty.selectors import quests as reads
from loyalty.services import naming, quest_checks, quest_rows
from loyalty.services.quest_rules import Rules

Status = Quest.Status
RULES = Rules.__struct_fields__
TEXTS = ("key", "title", "subtitle", "description", "status")


class RulesInForce(Conflict):
    """The rules of a running quest stay until it pauses."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"People are in this quest: while it is active, {field} stays. Pause it with the change (status paused), "
            "and start it again afterwards (status active). Progress stays, by the keys of the tasks.",
            field=field,
        )


class NothingToDo(Conflict):
    """A quest without a task would never end."""

    def __init__(self) -> None:
        super().__init__("A quest needs at least one task before it can be active.", field="status")


class Texts(TypedDict, total=False):
    """What may be said of a quest at any time."""

    key: str
    title: str
    subtitle: str
    description: str
    status: str


@transaction.atomic
def create(*, business: Business, rules: Rules, **texts: Unpack[Texts]) -> Quest:
    """Make a quest, and the first version of its rules. Its key is made from its title where none is given.

    :raises Invalid: if the rules mean nothing, or an active quest has no task
    :raises NotFound: if they name a tier, segment or metric that the programme does not have
    :raises naming.KeyTaken: if another quest has the key
    """
    business = naming.lock(business)
    now = clock.now(business)
    quest = Quest(business=business, created_at=now, updated_at=now)
    _put(quest, texts)
    if quest.status == Status.ACTIVE and not rules.tasks:
        raise Invalid("An active quest needs at least one task. Add one, or make it a draft.", field="tasks")
    _put_rules(quest, quest_checks.checked(rules, business=business), number=1)
    return quest


@transaction.atomic
def update(
    *, business: Business, quest_id: UUID, texts: Texts, rules: Mapping[str, Any], while_active: bool = False
) -> Quest:
    """Change what a quest says, and make a new version of what changes of its rules.

    :param rules: the fields of `Rules` that change, as they are there
    :param while_active: let the new version take over while the quest runs
    :raises NotFound: if the business has no such quest, or its programme not what the rules name
    :raises RulesInForce: if it is active, and stays so
    :raises NothingToDo: if it becomes active without a task
    :raises Invalid, naming.KeyTaken: as `create`
    """
    business = naming.lock(business)
    quest = Quest.objects.for_business(business).select_related("current").filter(pk=quest_id).first()
    if quest is None:
        raise NotFound("quest")
    quest.business = business
    quest.updated_at = clock.now(business)
    was_active = quest.status == Status.ACTIVE
    _put(quest, texts)
    had = quest_rows.rules_of(quest.current, reads.tasks_of(quest.current))
    wanted = quest_checks.checked(structs.replace(had, **rules), business=business) if rules else had
    if wanted != had and was_active and quest.status == Status.ACTIVE and not while_active:
        raise RulesInForce(next(name for name in RULES if getattr(wanted, name) != getattr(had, name)))
    if quest.status == Status.ACTIVE and not wanted.tasks:
        raise NothingToDo
    if wanted == had:
        quest.save(update_fields=[*TEXTS, "updated_at"])
    else:
        _put_rules(quest, wanted, number=quest.current.number + 1)
    return quest


def set_status(*, business: Business, quest_id: UUID, status: Status) -> Quest:
    """Start, pause, end or archive a quest.

    :raises NotFound, NothingToDo: as `update`
    """
    return update(business=business, quest_id=quest_id, texts={"status": status}, rules={})


def _put(quest: Quest, texts: Texts) -> None:
    for name, given in texts.items():
        setattr(quest, name, given)
    others = Quest.objects.for_business(quest.business).exclude(pk=quest.pk)
    quest.key = naming.key_for(others, key=quest.key, title=quest.title, noun="quest")


def _put_rules(quest: Quest, rules: Rules, *, number: int) -> None:
    """Write a version, and the quest that goes by it from now on: the two name each other until the commit."""
    version = quest_rows.version_of(quest, rules, number=number)
    quest.current = version
    quest.save()
    version.save(force_insert=True)
    Task.objects.bulk_create(quest_rows.tasks_of(version, rules))
