"""Quests in the dashboard: what they say, whether they run, and the rules of each version to look at."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import look, panels, scope
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel.errors import DomainError
from loyalty.models import Quest, QuestCompletion, QuestVersion, Task
from loyalty.services import quests
from loyalty.services.kinds.tasks import KINDS

Status = Quest.Status
COLOURS = {Status.ACTIVE: "success", Status.DRAFT: "info", Status.PAUSED: "warning"}
ZONES = {
    QuestVersion.Zone.PROGRAMME: "In the time zone of the programme",
    QuestVersion.Zone.USER: "In the advocate's own time zone",
}
OWN = {True: "Their own, too", False: "Nothing themselves"}
VERSIONS_SHOWN = 5


class QuestForm(ServiceForm):
    class Meta:
        model = Quest
        fields = ("title", "subtitle", "description", "status")
        widgets = {"description": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "status": "People can do the tasks of active quests only. Archive one instead of deleting it: what is "
            "done stays done.",
        }

    def write(self) -> Quest:
        texts = cast("quests.Texts", self.cleaned_data)
        return quests.update(business=self.business, quest_id=self.instance.pk, texts=texts, rules={})


def state(quest: Quest) -> object:
    return look.state(quest.get_status_display(), COLOURS.get(Status(quest.status), ""))


def gives(benefits: Sequence[Mapping[str, Any]]) -> str:
    """Benefits in a few words, whatever their kinds: `50 × points`."""
    return ", ".join(_benefit(benefit) for benefit in benefits) or look.NOTHING


def window(version: QuestVersion) -> object:
    if version.window_from is None and version.window_to is None:
        return "Always"
    return look.between(version.window_from, version.window_to)


def audience(version: QuestVersion) -> str:
    groups = (
        ("Tiers", version.tier_keys),
        ("Segments", version.segment_keys),
        ("Not", [*version.excluded_tier_keys, *version.excluded_segment_keys]),
    )
    return "; ".join(f"{title}: {', '.join(keys)}" for title, keys in groups if keys) or "Everyone"


def needed(task: Task) -> str:
    """What it takes, beyond somebody's word."""
    if not task.trigger:
        return look.NOTHING
    measure = task.measure if isinstance(task.measure, str) else f"sum of {task.measure['sum']}"
    conditions = (
        f"{condition['field']} {condition['operator']} {'' if condition['value'] is None else condition['value']}"
        for condition in task.conditions
    )
    limits = ["once a day"] * task.once_per_day + ["also undeclared"] * task.allow_undeclared
    return ", ".join([f"{task.trigger}: {measure} {task.target:,}", *conditions, *limits])


STATE = look.column("State", state, order="status")
RULES: tuple[Any, ...] = (
    look.column("Runs", lambda quest: window(quest.current)),
    look.column("Begins again", lambda quest: quest.current.get_recurrence_display()),
    look.column("Counts days", lambda quest: ZONES[quest.current.zone]),
    look.column("For whom", lambda quest: audience(quest.current)),
    look.column(
        "Needs", lambda quest: f"{quest.current.required or 'All'} of its tasks{', in order' * quest.current.ordered}"
    ),
    look.column("Gives", lambda quest: gives(quest.current.benefits)),
    look.column("Its tasks give", lambda quest: OWN[quest.current.task_benefits]),
    look.column("Given", lambda quest: "At once" if quest.current.auto_claim else "When claimed"),
)
TASKS = (
    look.column("Task", lambda task: task.title),
    look.column("Type", lambda task: KINDS[task.type].TITLE),
    look.column("Counts", needed),
    look.column("Gives", lambda task: gives(task.benefits)),
    look.column("Key", lambda task: look.code(task.key)),
)


@admin.register(Quest)
class QuestAdmin(ServiceAdmin):
    form = QuestForm
    may_add = False
    list_display = (
        "title",
        STATE,
        look.column("Tasks", lambda quest: quest.task_count),
        look.column("Completed", lambda quest: look.points(quest.completed_count)),
        look.column("Gives", lambda quest: gives(quest.current.benefits)),
        look.column("Version", lambda quest: quest.current.number),
        look.moment_of("created_at", "Made"),
    )
    list_select_related = ("current",)
    list_filter = ("status",)
    search_fields = ("title", "key")
    ordering = ("-created_at",)
    when_empty = "A quest is a goal with tasks. Make quests through the API; start, pause and watch them here."
    fieldsets = (
        (None, {"fields": ("title", "subtitle", "description", "status", "key")}),
        ("Rules", {"fields": RULES}),
    )
    view_fields = ("title", "subtitle", "description", STATE, "key", *RULES)
    actions = ("activate", "pause", "archive")

    def get_readonly_fields(self, request: HttpRequest, obj: Quest | None = None) -> Any:
        return ("key", *RULES)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("business", "current")
        done = scope.own(QuestCompletion, request).filter(quest=OuterRef("pk")).order_by().values("quest")
        counted: QuerySet[Any] = rows.annotate(
            task_count=Count("current__tasks"),
            completed_count=Coalesce(Subquery(done.annotate(number=Count("pk")).values("number")), 0),
        )
        return counted

    def summary(self, request: HttpRequest, quest: Any) -> Sequence[Figure]:
        return (
            Figure("State", state(quest)),
            Figure("Completed", look.points(quest.completed_count), "times in all"),
            Figure("Version", quest.current.number, "of its rules"),
        )

    def panels(self, request: HttpRequest, quest: Quest) -> Sequence[Panel]:
        versions = list(quest.versions.order_by("-number")[:VERSIONS_SHOWN])
        tasks = scope.own(Task, request).filter(version__in=versions).order_by("position")
        return [
            panels.table(
                f"Tasks of version {version.number}",
                TASKS,
                [task for task in tasks if task.version_id == version.pk],
                empty="No tasks yet.",
            )
            for version in versions
        ]

    @admin.action(description="Start the chosen quests", permissions=["act"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Quest]) -> None:
        self._move(request, queryset, Status.ACTIVE, "started")

    @admin.action(description="Pause the chosen quests", permissions=["act"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Quest]) -> None:
        self._move(request, queryset, Status.PAUSED, "paused")

    @admin.action(description="Archive the chosen quests", permissions=["act"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Quest]) -> None:
        self._move(request, queryset, Status.ARCHIVED, "archived")

    def _move(self, request: HttpRequest, queryset: QuerySet[Quest], status: Status, word: str) -> None:
        """Move those that can be moved, and say of each other one why it cannot."""
        moved = 0
        for quest in queryset.exclude(status=status):
            try:
                quests.set_status(business=quest.business, quest_id=quest.pk, status=status)
            except DomainError as error:
                messages.error(request, f"{quest}: {error.message}")
                continue
            self.log_change(request, quest, f"{word.capitalize()}.")
            moved += 1
        messages.success(request, f"{moved} {word}.")


def _benefit(benefit: Mapping[str, Any]) -> str:
    names = " ".join(str(value) for name, value in benefit.items() if name not in ("kind", "quantity"))
    return f"{benefit.get('quantity', 1):,} × {names}"
