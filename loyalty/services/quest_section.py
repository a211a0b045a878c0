"""The quests of a programme's document."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import structs

from loyalty.models import Business, Quest, Task
from loyalty.selectors import quests as reads
from loyalty.services import benefits, programme, quest_rows, quests
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.quest_rules import Audience, Key, LongText, Rules, ShortText, Title

Status = Quest.Status


class QuestItem(Rules, kw_only=True):
    """A quest with its tasks. What a task triggers on, and whom a quest is for, are keys of other sections."""

    key: Key
    title: Title
    subtitle: ShortText = ""
    description: LongText = ""
    status: Literal["draft", "active", "paused", "completed"] = "active"


def export(business: Business) -> list[QuestItem]:
    rows = Quest.objects.for_business(business).exclude(status=Status.ARCHIVED).select_related("current")
    found = list(rows.order_by("key"))
    tasks = reads.tasks_by_version([quest.current for quest in found], business=business)
    return [_item(quest, tasks[quest.current_id]) for quest in found]


def apply(business: Business, items: list[QuestItem]) -> None:
    """:raises DomainError: naming the field in the document"""
    there = {quest.key: quest for quest in Quest.objects.for_business(business)}
    programme.each(items, lambda item: _put(business, item, there.get(item.key)), section="quests")
    kept = {item.key for item in items}
    for key, quest in there.items():
        if key not in kept and quest.status != Status.ARCHIVED:
            quests.set_status(business=business, quest_id=quest.pk, status=Status.ARCHIVED)


def check(items: Iterable[QuestItem], document: Document) -> Iterator[Problem]:
    """What quests name and the document does not have; two with one key."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        path = f"quests.{number}"
        if item.key in seen:
            yield Problem(path=f"{path}.key", message=f"Two quests have the key {item.key!r}.")
        seen.add(item.key)
        yield from check_audience(item.audience, document, path)
        yield from benefits.dangling(item.benefits, document, path=f"{path}.benefits")
        for place, task in enumerate(item.tasks):
            yield from benefits.dangling(task.benefits, document, path=f"{path}.tasks.{place}.benefits")


def _put(business: Business, item: QuestItem, quest: Quest | None) -> None:
    texts = quests.Texts(
        key=item.key, title=item.title, subtitle=item.subtitle, description=item.description, status=item.status
    )
    rules = {name: getattr(item, name) for name in quests.RULES}
    if quest is None:
        quests.create(business=business, rules=Rules(**rules), **texts)
    else:
        quests.update(business=business, quest_id=quest.pk, texts=texts, rules=rules, while_active=True)


def _item(quest: Quest, tasks: list[Task]) -> QuestItem:
    texts: dict[str, Any] = {name: getattr(quest, name) for name in quests.TEXTS}
    return QuestItem(**texts, **structs.asdict(quest_rows.rules_of(quest.current, tasks)))


def check_audience(audience: Audience, document: Document, path: str) -> Iterator[Problem]:
    """The tiers and segments that the document does not have."""
    groups = programme.groups_of(document) if "segments" in document else None
    ladder = _tiers(document)
    for name, wanted, known in (
        ("tiers", audience.tiers, ladder),
        ("segments", audience.segments, groups),
        ("excludeTiers", audience.exclude_tiers, ladder),
        ("excludeSegments", audience.exclude_segments, groups),
    ):
        for place, key in enumerate(wanted):
            if known is not None and key not in known:
                yield Problem(path=f"{path}.audience.{name}.{place}", message=f"The programme has no {key!r} there.")


def _tiers(document: Document) -> set[str] | None:
    ladders = document.get("milestoneSets")
    return (
        None if ladders is None else {step.key for ladder in ladders if ladder.is_tier for step in ladder.milestones}
    )


SECTION = Section(
    key="quests",
    shape=list[QuestItem],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "milestoneSets", "segments", "memberships", "inventorySets", "rewards"),
)
