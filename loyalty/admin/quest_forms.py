"""The forms of a quest and of its tasks. Only what somebody changes in them is written."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from django import forms
from msgspec import to_builtins
from unfold import widgets

from loyalty.admin.benefit_fields import GIVES, TOLD, GivesFields, filled
from loyalty.admin.forms import LinesField, TextField, refuse
from loyalty.admin.hold import Figures
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.kernel import points
from loyalty.kernel.errors import Invalid
from loyalty.kernel.names import camel
from loyalty.kernel.shapes import check_characters, to_struct
from loyalty.models import Business, EventType, Quest, QuestVersion, Task
from loyalty.selectors import segments, tiers
from loyalty.services import quest_rows, quests
from loyalty.services.kinds.earning import KINDS as EARNING
from loyalty.services.kinds.tasks import KINDS
from loyalty.services.quest_rules import Operator, Rules, TaskRules
from loyalty.services.reports import BUILT_IN

ZONES = {
    QuestVersion.Zone.PROGRAMME.value: "In the time zone of the programme",
    QuestVersion.Zone.USER.value: "In the advocate's own time zone",
}
RECURRENCES = [("none", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")]
MEASURES = [
    *(("count", "How often it happens"), ("sum", "The sum of a field")),
    *(("days", "On how many days"), ("streak", "How many days in a row")),
]
IN_FORCE = "People are in this quest. Pause it to change its rules, and start it again afterwards: progress stays."
WINDOW = ("window_from", "window_to", "show_in_ui")
AUDIENCE = {
    "tiers": "tier_keys",
    "segments": "segment_keys",
    "exclude_tiers": "excluded_tier_keys",
    "exclude_segments": "excluded_segment_keys",
}
ALONE = (
    *("recurrence", "zone", "required", "ordered", "auto_claim", "task_benefits"),
    *("show_in_profile", "show_in_rail"),
)
# The fields that together say a rule.
QUEST_SAID_BY: Mapping[str, Sequence[str]] = {
    "window": WINDOW,
    "audience": tuple(AUDIENCE),
    "notification": TOLD,
    "benefits": GIVES,
    **{name: (name,) for name in ALONE},
}
TASK_SAID_BY: Mapping[str, Sequence[str]] = {
    "trigger": ("type", "trigger"),
    "measure": ("measure", "summed"),
    "oncePerDay": ("once_per_day",),
    "benefits": GIVES,
    "notification": TOLD,
    **{name: (name,) for name in ("title", "description", "type", "target", "conditions")},
}
OPERATORS = "|".join(sorted(map(re.escape, get_args(Operator)), key=len, reverse=True))
CONDITION = re.compile(rf'("(?:[^"\\]|\\.)*"|.+?)\s+({OPERATORS})(?:\s+(.+))?')


class ConditionsField(LinesField):
    """What fields of an event must be, one a line: `km >= 2`. A value that is no JSON is a text.

    A field whose name is more than a word stands in quotes: `"km in all" >= 2`.
    """

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else "\n".join(map(_as_line, value or ()))

    def clean(self, value: Any) -> Any:
        found = [_as_condition(line) for line in super().clean(value)]
        try:
            check_characters(found)
        except Invalid as error:
            raise forms.ValidationError(error.message) from error
        return found


def _as_line(condition: Mapping[str, Any]) -> str:
    value = condition["value"]
    field = condition["field"]
    is_word = field.split() == [field] and not field.startswith('"')
    said = [field if is_word else _quoted(field), condition["operator"]]
    return " ".join(said if value is None else [*said, _spelled(value)])


def _as_condition(line: str) -> dict[str, Any]:
    found = CONDITION.fullmatch(line)
    if found is None:
        raise forms.ValidationError('Write a field, an operator and a value: km >= 2, or city in ["Berlin", "Bonn"].')
    name, operator, value = found.groups()
    field = _value(name) if name.startswith('"') else name
    return {"field": field, "operator": operator, "value": None if value is None else _value(value)}


def _spelled(value: Any) -> str:
    is_plain = isinstance(value, str) and _value(value) == value == " ".join(value.split()) != ""
    return value if is_plain else _quoted(value)


def _quoted(value: Any) -> str:
    """As JSON, in one line: there are ends of lines that JSON leaves as they are."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text.splitlines()) == 1 else json.dumps(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def select(label: str, choices: Iterable[tuple[str, str]] = (), **rest: Any) -> Any:
    return forms.ChoiceField(label=label, choices=choices, widget=widgets.UnfoldAdminSelectWidget, **rest)


def some(label: str, **rest: Any) -> Any:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=widgets.UnfoldAdminSelect2MultipleWidget, **rest
    )


def switch(label: str, *, on: bool = False, **rest: Any) -> Any:
    widget = widgets.UnfoldBooleanSwitchWidget
    return forms.BooleanField(label=label, required=False, initial=on, widget=widget, **rest)


def moment(label: str) -> Any:
    widget = widgets.UnfoldAdminSplitDateTimeWidget()
    for part, name in zip(widget.widgets, ("day", "time"), strict=True):
        part.attrs["aria-label"] = f"{label}: {name}"  # the label is of both, and so of neither
    return forms.SplitDateTimeField(label=label, required=False, widget=widget)


class QuestForm(GivesFields, KeyedForm):
    renamed = {"window": "window_to", "audience": "tiers", "notification": "message", "tasks": "status"}

    window_from = moment("Runs from")
    window_to = moment("Runs until")
    show_in_ui = switch("Show people when it runs", on=True)
    recurrence = select("Begins again", RECURRENCES)
    zone = select("Counts days", ZONES.items())
    tiers = some("Tiers", help_text="None: everyone.")
    segments = some("Segments", help_text="Whoever is in one of them. None: everyone.")
    exclude_tiers = some("Not for tiers")
    exclude_segments = some("Not for segments")
    required = Figures(required=False, label="Tasks needed", help_text="How many complete it. Empty: all of them.")
    ordered = switch("One after the other")
    auto_claim = switch("Given at once", on=True, help_text="Otherwise people claim it when it is done.")
    task_benefits = switch("Tasks give their own, too", on=True)
    show_in_profile = switch("Show in profiles", on=True)
    show_in_rail = switch("Show in the rail", on=True)

    class Meta:
        model = Quest
        fields = ("title", "key", "subtitle", "description", "status")
        widgets = {"description": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "key": KEY_HELP,
            "status": "People can do the tasks of active quests only. Pause it to change its rules: what is done "
            "stays done. Archive one instead of deleting it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = None if self.instance._state.adding else self.instance.current
        ladder = [(tier.key, tier.title) for tier in tiers.tiers_of(self.business)]
        groups = list(segments.live(business=self.business).order_by("title").values_list("key", "title"))
        for name, column in AUDIENCE.items():
            known = ladder if name.endswith("tiers") else groups
            named = getattr(version, column, ())
            gone = [(key, f"{key} (archived)") for key in named if key not in dict(known)]
            cast("forms.MultipleChoiceField", self.fields[name]).choices = [*known, *gone]
        said = {"status": Quest.Status.DRAFT} if version is None else _of(version)
        self.initial = {**self.initial, **said}

    def write(self) -> Quest:
        given, row = self.cleaned_data, self.instance
        texts = {name: given[name] for name in ("title", "subtitle", "description", "status")}
        if row._state.adding:
            rules = to_struct(self._said(QUEST_SAID_BY), Rules)
            return quests.create(business=self.business, rules=rules, **texts, key=given.get("key", ""))
        changed = [rule for rule, fields in QUEST_SAID_BY.items() if {*fields} & {*self.changed_data}]
        rules = to_struct(self._said(changed), Rules)
        try:
            return quests.update(
                business=self.business,
                quest_id=row.pk,
                texts=cast("quests.Texts", texts),
                rules={rule: getattr(rules, rule) for rule in changed},
            )
        except quests.RulesInForce as error:
            raise Invalid(IN_FORCE, field="status") from error

    def _said(self, rules: Iterable[str]) -> dict[str, Any]:
        """These rules, as a document spells them."""
        given = self.cleaned_data
        window = dict(zip(("from", "to", "showInUI"), (given[name] for name in WINDOW), strict=True))
        said = {name: given[name] for name in ALONE} | {
            "window": window,
            "audience": {camel(name): given[name] for name in AUDIENCE},
            "required": given["required"] or "all",
            "notification": self.told(),
            "benefits": self.gives(),
        }
        return {camel(rule): said[rule] for rule in rules}


def _of(version: QuestVersion) -> dict[str, Any]:
    """What the rules of a version say, by the fields of the form."""
    same = {name: getattr(version, name) for name in (*WINDOW, *ALONE)}
    audience = {name: getattr(version, column) for name, column in AUDIENCE.items()}
    return {**same, **audience, **filled(version.benefits, version.notification)}


class TaskForm(GivesFields):
    """A task that is new, or as it is."""

    title = TextField(max_length=200, widget=widgets.UnfoldAdminTextInputWidget)
    key = forms.CharField(
        required=False, widget=widgets.UnfoldAdminTextInputWidget, help_text=f"{KEY_HELP} Progress goes by it."
    )
    description = TextField(
        max_length=5000, required=False, widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    type = select("Done by", [(key, kind.TITLE) for key, kind in KINDS.items()])
    trigger = select("Event", required=False, help_text="Of the type Event only: what happens.")
    measure = select("Counts", MEASURES, required=False)
    summed = forms.CharField(
        max_length=64,
        required=False,
        widget=widgets.UnfoldAdminTextInputWidget,
        label="Field",
        help_text="Whose numbers are added up, as in km.",
    )
    target = Figures(most=points.MAX_BALANCE, initial=1, label="How much it takes")
    conditions = ConditionsField(
        required=False,
        help_text="Which events count: a field, an operator and a value a line, as in km >= 2, or city in "
        '["Berlin", "Bonn"]. Operators: ' + ", ".join(get_args(Operator)) + ".",
    )
    once_per_day = switch("Once a day at most")
    place = Figures(required=False, help_text="1 is the first. Empty: behind the others.")

    field_order = (
        *("title", "key", "description", "type", "trigger", "measure", "summed", "target", "conditions"),
        *("once_per_day", *GIVES, *TOLD, "place"),
    )

    def __init__(self, data: Any = None, files: Any = None, *, business: Business, task: Task | None = None) -> None:
        initial = _of_task(task) if task else {}
        super().__init__(data, files, initial=initial)
        self._before = task
        if task:
            del self.fields["key"]
        triggers = _triggers(business, initial.get("trigger"))
        cast("forms.ChoiceField", self.fields["trigger"]).choices = [("", "–"), *triggers]

    def clean(self) -> dict[str, Any]:
        """With the task that all fields make together."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("measure") == "sum" and not given.get("summed"):
            self.add_error("summed", "Name the field that is added up.")
        if not self.errors:
            try:
                given["task"] = self._task()
            except Invalid as error:
                refuse(self, error, renamed=QuestForm.renamed)
        return given

    def _task(self) -> TaskRules:
        given = self.cleaned_data
        is_sum = given["measure"] == "sum"
        said = {name: given[name] for name in ("title", "description", "type", "target", "conditions")} | {
            "trigger": given["trigger"] or None,
            "measure": {"sum": given["summed"]} if is_sum else given["measure"] or "count",
            "oncePerDay": given["once_per_day"],
            "benefits": self.gives(),
            "notification": self.told(),
        }
        if self._before is None:
            return to_struct({"key": given["key"] or None, **said}, TaskRules)
        changed = {rule: said[rule] for rule, fields in TASK_SAID_BY.items() if {*fields} & {*self.changed_data}}
        return to_struct({**to_builtins(quest_rows.task_rules(self._before)), **changed}, TaskRules)


def _of_task(task: Task) -> dict[str, Any]:
    """What a task says, by the fields of the form."""
    same = ("title", "description", "type", "target", "conditions", "once_per_day")
    is_sum = not isinstance(task.measure, str)
    return {
        **{name: getattr(task, name) for name in same},
        "trigger": task.trigger if task.type == "event" else "",
        "measure": "sum" if is_sum else task.measure,
        "summed": task.measure["sum"] if is_sum else "",
        "place": task.position + 1,
        **filled(task.benefits, task.notification),
    }


def _triggers(business: Business, current: str | None) -> list[tuple[str, str]]:
    """Events that people's apps and backends tell, then what Laurel tells; and what the task listens to now."""
    rows = EventType.objects.for_business(business).filter(archived_at=None).order_by("title")
    known = dict(rows.values_list("name", "title"))
    for name in sorted({*EARNING, *BUILT_IN}):
        known.setdefault(name, EARNING[name].TITLE if name in EARNING else name.replace("_", " ").capitalize())
    return list({**({current: current} if current else {}), **known}.items())
