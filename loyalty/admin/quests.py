"""Quests in the dashboard: what they say, whether they run, their rules and tasks, and each version to look at."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from loyalty.admin import buttons, links, look, panels, scope
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.benefit_fields import GIVES, TOLD
from loyalty.admin.panels import Figure, Panel
from loyalty.admin.quest_forms import IN_FORCE, ZONES, QuestForm, TaskForm
from loyalty.kernel.errors import DomainError
from loyalty.models import Quest, QuestCompletion, QuestVersion, Task
from loyalty.selectors import quests as reads
from loyalty.services import quest_tasks, quests
from loyalty.services.kinds.tasks import KINDS

Status = Quest.Status
COLOURS = {Status.ACTIVE: "success", Status.DRAFT: "info", Status.PAUSED: "warning"}
OWN = {True: "Their own, too", False: "Nothing themselves"}
VERSIONS_SHOWN = 5


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
    when_empty = "A quest is a goal with tasks. Add one here, or write it in the programme."
    fieldsets = (
        (None, {"fields": ("title", "key", "subtitle", "description", "status")}),
        ("When it runs", {"fields": ("window_from", "window_to", "recurrence", "zone")}),
        ("For whom", {"fields": ("tiers", "segments", "exclude_tiers", "exclude_segments")}),
        ("What it takes, and gives", {"fields": ("required", "ordered", *GIVES, "auto_claim", "task_benefits")}),
        ("What people see", {"fields": (*TOLD, "show_in_ui", "show_in_profile", "show_in_rail")}),
    )
    view_fields = ("title", "subtitle", "description", STATE, "key", *RULES)
    actions = ("activate", "pause", "archive")
    actions_detail = ("add_task",)

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any) -> Any:
            name = f"loyalty_quest_{view.__name__}"
            return path(f"<path:object_id>/tasks/<slug:key>/{route}", self.admin_site.admin_view(view), name=name)

        return [page("", self.change_task), page("remove/", self.remove_task), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Quest | None = None) -> Any:
        return ("key",) if obj else ()

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
        may_change = self.has_act_permission(request, quest)
        return [
            panels.table(
                f"Tasks of version {version.number}",
                (*TASKS, *(_links(quest) if may_change and version.pk == quest.current_id else ())),
                [task for task in tasks if task.version_id == version.pk],
                empty="No tasks yet.",
            )
            for version in versions
        ]

    def response_add(self, request: HttpRequest, obj: Quest, post_url_continue: str | None = None) -> HttpResponse:
        """To its page, where its tasks are added."""
        messages.success(request, f"{obj} is made. Add its tasks, then start it.")
        return HttpResponseRedirect(links.url_of(obj))

    @buttons.button("Add a task", icon="add_task")
    def add_task(self, request: HttpRequest, quest: Quest) -> HttpResponse:
        def act(given: Mapping[str, Any]) -> str:
            quest_tasks.add(business=quest.business, quest_id=quest.pk, task=given["task"], place=_place(given))
            return f"Added the task {given['title']}."

        form = partial(TaskForm, business=quest.business)
        title, text = f"A task of {quest}", _running(quest)
        return buttons.ask(self, request, quest, title=title, text=text, submit="Add it", form=form, act=act)

    @buttons.button("Change", icon="edit")
    def change_task(self, request: HttpRequest, quest: Quest, key: str) -> HttpResponse:
        def act(given: Mapping[str, Any]) -> str:
            quest_tasks.change(business=quest.business, quest_id=quest.pk, task=given["task"], place=_place(given))
            return f"Changed the task {given['title']}."

        task = _task(quest, key)
        form = partial(TaskForm, business=quest.business, task=task)
        title, text = str(task), _running(quest)
        return buttons.ask(self, request, quest, title=title, text=text, submit="Save", form=form, act=act)

    @buttons.button("Remove", icon="delete", danger=True)
    def remove_task(self, request: HttpRequest, quest: Quest, key: str) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            quest_tasks.remove(business=quest.business, quest_id=quest.pk, key=key)
            return f"Removed the task {task}."

        task = _task(quest, key)
        title, text = f"Remove {task}?", _running(quest) or "People keep what they got for it."
        return buttons.ask(self, request, quest, title=title, text=text, submit="Remove it", danger=True, act=act)

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


def _links(quest: Quest) -> Sequence[look.Column]:
    def to(page: str, text: str) -> look.Column:
        name = f"admin:loyalty_quest_{page}"
        return look.column(text, lambda task: look.link(text, reverse(name, args=[quest.pk, task.key])))

    return to("change_task", "Change"), to("remove_task", "Remove")


def _task(quest: Quest, key: str) -> Task:
    found = next((task for task in reads.tasks_of(quest.current) if task.key == key), None)
    if found is None:
        raise Http404
    return found


def _place(given: Mapping[str, Any]) -> int | None:
    return max(given["place"] - 1, 0) if given["place"] is not None else None


def _running(quest: Quest) -> str:
    return IN_FORCE if quest.status == Status.ACTIVE else ""


def _benefit(benefit: Mapping[str, Any]) -> str:
    names = " ".join(str(value) for name, value in benefit.items() if name not in ("kind", "quantity"))
    return f"{benefit.get('quantity', 1):,} × {names}"
