"""What several kinds of task have in common."""

from msgspec import structs

from loyalty.kernel.errors import Invalid
from loyalty.services.quest_rules import Condition, Sum, TaskRules

OPINIONS = frozenset({"testimonial_submitted", "testimonial_approved", "survey_answered"})
RATINGS = frozenset({"rating", "score", "stars"})
WITHOUT_VALUE = ("exists", "not_exists")
WITH_LIST = ("in", "not_in")


def at_a_word(task: TaskRules, *, field: str) -> TaskRules:
    """A task that somebody says is done: it listens to no event, and counts nothing.

    :raises Invalid: naming what only tasks with a trigger have
    """
    plain = TaskRules(title=task.title, type=task.type)
    for name, spelled in NEEDING_TRIGGER.items():
        if getattr(task, name) != getattr(plain, name):
            message = f"A task of type {task.type} has no {spelled}: it is done when somebody says so. Leave it out."
            raise Invalid(message, field=f"{field}.{spelled}")
    return task


def on_events(task: TaskRules, *, field: str, trigger: str | None = None) -> TaskRules:
    """A task that counts events: those of `trigger`, which the kind stands for, or those that the task names.

    :raises Invalid: if it names none, or another one, or a condition that means nothing
    """
    wanted = trigger or task.trigger
    if wanted is None:
        raise Invalid(f"A task of type {task.type} needs a trigger.", field=f"{field}.trigger")
    if task.trigger not in (None, wanted):
        message = f"A task of type {task.type} listens to {wanted}. Leave the trigger out, or use type event."
        raise Invalid(message, field=f"{field}.trigger")
    for number, condition in enumerate(task.conditions):
        check_condition(condition, field=f"{field}.conditions.{number}.value")
        check_praise(wanted, condition.field, field=f"{field}.conditions.{number}.field")
    if isinstance(task.measure, Sum):
        check_praise(wanted, task.measure.sum, field=f"{field}.measure.sum")
    return structs.replace(task, trigger=wanted)


NEEDING_TRIGGER = {
    "trigger": "trigger",
    "conditions": "conditions",
    "measure": "measure",
    "target": "target",
    "once_per_day": "oncePerDay",
    "allow_undeclared": "allowUndeclared",
}


def check_praise(trigger: str, asked: str, *, field: str) -> None:
    """:raises Invalid: if it depends on how good an opinion is"""
    if trigger in OPINIONS and asked.lower() in RATINGS:
        raise Invalid("A reward never depends on a rating.", field=field)


def check_condition(condition: Condition, *, field: str) -> None:
    """:raises Invalid: if its operator does not go with its value"""
    operator, value = condition.operator, condition.value
    if operator in WITHOUT_VALUE and value is not None:
        raise Invalid(f"{operator} takes no value.", field=field)
    if operator not in WITHOUT_VALUE and value is None:
        raise Invalid(f"{operator} needs a value.", field=field)
    if operator not in WITHOUT_VALUE and isinstance(value, list) != (operator in WITH_LIST):
        raise Invalid(f"{operator} takes {'a list of values' if operator in WITH_LIST else 'one value'}.", field=field)
