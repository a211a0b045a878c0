"""For operators of the installation: tasks whose workers died, and which of them nobody is given any more."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty.admin import look
from loyalty.admin.base import is_operator
from loyalty.admin.users import OperatorsOnly
from loyalty.models import RedeliveredTask

NAME = look.column("Task", lambda task: task.name)
STATE = look.column("State", lambda task: _state(task))
ARGUMENTS = look.column("Asked to work on", lambda task: look.pretty(task.arguments))
DELIVERIES = look.column("Given to workers", lambda task: f"{task.deliveries} times")
FIRST, LAST = look.moment_of("first_at", "First came back"), look.moment_of("last_at", "Last came back")
SHOWN: Any = (NAME, STATE, DELIVERIES, FIRST, LAST, ARGUMENTS)


@admin.register(RedeliveredTask)
class RedeliveredTaskAdmin(OperatorsOnly):
    list_display = (NAME, STATE, DELIVERIES, FIRST, LAST)
    ordering = ("-last_at",)
    sortable_by = ()
    fields = readonly_fields = SHOWN
    when_empty = "No worker has died lately over what it was given."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("-last_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Once the cause is found, nothing is lost with it: what must happen is a row elsewhere."""
        return is_operator(request)


def _state(task: RedeliveredTask) -> object:
    return look.state("Set aside", "danger") if task.quarantined_at else look.state("Tried again", "warning")
