"""The form by which an operator says that somebody has done a task."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from unfold import widgets

from advocates.admin.profile import choose
from loyalty.models import Business, Quest, Task
from loyalty.services.kinds.tasks import KINDS

BY_CALL = [type for type, kind in KINDS.items() if kind.BY_CALL]


class TaskDoneForm(forms.Form):
    task = forms.ChoiceField(
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Of active quests; not those that only events complete. They get what it gives, or may claim it.",
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        running = Quest.objects.for_business(business).filter(status=Quest.Status.ACTIVE)
        rows = Task.objects.for_business(business).filter(version__in=running.values("current"), type__in=BY_CALL)
        tasks = rows.select_related("version__quest").order_by("version__quest__title", "version", "position")
        by_quest = groupby(tasks, key=lambda task: task.version.quest)
        named = [(quest.title, [(str(task.pk), task.title) for task in steps]) for quest, steps in by_quest]
        choose(self, "task", [("", "Choose one"), *named])

    def clean_task(self) -> UUID:
        return UUID(self.cleaned_data["task"])
