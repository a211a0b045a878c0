"""Rules to rows, and back."""

from collections.abc import Iterator
from typing import Any

import msgspec

from loyalty.models import Quest, QuestVersion, Task
from loyalty.services.quest_rules import Audience, Measure, Notification, Rules, TaskRules, Window


def version_of(quest: Quest, rules: Rules, *, number: int) -> QuestVersion:
    """A version that holds checked rules, not yet written."""
    return QuestVersion(
        business_id=quest.business_id,
        quest=quest,
        number=number,
        window_from=rules.window.from_,
        window_to=rules.window.to,
        show_in_ui=rules.window.show_in_ui,
        recurrence=rules.recurrence,
        zone=rules.zone,
        tier_keys=rules.audience.tiers,
        segment_keys=rules.audience.segments,
        excluded_tier_keys=rules.audience.exclude_tiers,
        excluded_segment_keys=rules.audience.exclude_segments,
        auto_claim=rules.auto_claim,
        required=None if rules.required == "all" else rules.required,
        ordered=rules.ordered,
        show_in_profile=rules.show_in_profile,
        show_in_rail=rules.show_in_rail,
        notification=msgspec.to_builtins(rules.notification),
        benefits=rules.benefits,
        task_benefits=rules.task_benefits,
        created_at=quest.updated_at,
    )


def tasks_of(version: QuestVersion, rules: Rules) -> Iterator[Task]:
    """The steps of checked rules, not yet written."""
    for position, task in enumerate(rules.tasks):
        yield Task(
            business_id=version.business_id,
            version=version,
            position=position,
            key=task.key or "",
            title=task.title,
            description=task.description,
            type=task.type,
            trigger=task.trigger or "",
            conditions=msgspec.to_builtins(task.conditions),
            measure=msgspec.to_builtins(task.measure),
            target=task.target,
            once_per_day=task.once_per_day,
            allow_undeclared=task.allow_undeclared,
            benefits=task.benefits,
            notification=msgspec.to_builtins(task.notification),
        )


def rules_of(version: QuestVersion, tasks: list[Task]) -> Rules:
    """What a version says; `tasks` are its own, in order."""
    return Rules(
        window=Window(from_=version.window_from, to=version.window_to, show_in_ui=version.show_in_ui),
        recurrence=_read(version.recurrence, Rules, "recurrence"),
        zone=_read(version.zone, Rules, "zone"),
        audience=Audience(
            tiers=version.tier_keys,
            segments=version.segment_keys,
            exclude_tiers=version.excluded_tier_keys,
            exclude_segments=version.excluded_segment_keys,
        ),
        auto_claim=version.auto_claim,
        required=version.required or "all",
        ordered=version.ordered,
        show_in_profile=version.show_in_profile,
        show_in_rail=version.show_in_rail,
        notification=msgspec.convert(version.notification, Notification),
        benefits=version.benefits,
        task_benefits=version.task_benefits,
        tasks=[task_rules(task) for task in tasks],
    )


def task_rules(task: Task) -> TaskRules:
    return TaskRules(
        key=task.key,
        title=task.title,
        description=task.description,
        type=task.type,
        trigger=task.trigger or None,
        conditions=_read(task.conditions, TaskRules, "conditions"),
        measure=msgspec.convert(task.measure, Measure),
        target=task.target,
        once_per_day=task.once_per_day,
        allow_undeclared=task.allow_undeclared,
        benefits=task.benefits,
        notification=msgspec.convert(task.notification, Notification),
    )


def _read(value: Any, struct: type[msgspec.Struct], field: str) -> Any:
    """A stored value as the field of a document holds it."""
    return msgspec.convert(value, next(f.type for f in msgspec.structs.fields(struct) if f.name == field))
