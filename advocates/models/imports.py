"""Files that a merchant brings: what is in them, and what became of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import Sum

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Import(TenantModel):
    """One file. Its rows lie in parts; each part is checked, done and undone in a transaction of its own."""

    class State(models.TextChoices):
        CHECKING = "checking"
        CHECKED = "checked"
        RUNNING = "running"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"

    kind = models.CharField(max_length=20)
    layout = models.CharField(max_length=20)  # whose names its columns have
    title = models.CharField(max_length=200)  # the file's name
    digest = models.CharField(max_length=64)  # SHA-256 of what is in it
    columns = models.JSONField(default=list)  # of the rows: our name of each, in the order of the file
    pays = models.BooleanField(default=False)  # whether rules pay for what it brings
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    author = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=clock.wall)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["business", "created_at", "id"], name="imports_by_age")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_busy(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.RUNNING, self.State.UNDOING)


class ImportPart(TenantModel):
    """Up to a thousand rows, each as it stood in the file, until they are done or forgotten."""

    whole = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    # Of each: its line, whether an earlier one names the same thing, whether it belongs to the thing above, its cells.
    rows = models.JSONField(default=list)
    size = models.PositiveIntegerField()  # rows
    is_settled = models.BooleanField(default=False)  # in the state that the import is in
    # What became of its rows, or would: how many things were new, known or refused; points and money of the others.
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    points = models.BigIntegerField(default=0)
    money = models.JSONField(default=dict)  # minor units by currency
    stayed = models.PositiveIntegerField(default=0)  # of what it did: how much could not be undone
    problems = models.JSONField(default=list)  # of each: line, column, code, message
    made = models.JSONField(default=dict)  # what its kind needs to undo it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "whole", "number"], name="one_part_per_number")]

    def __str__(self) -> str:
        return f"part {self.number}"


def totals(found: Import) -> dict[str, int]:
    """What became of all rows, and how many are settled in the state that it is in."""
    names = ("size", "new", "known", "refused", "points", "stayed")
    parts = ImportPart.objects.filter(business_id=found.business_id, whole=found)
    sums = parts.aggregate(
        settled=Sum("size", filter=models.Q(is_settled=True)), **{name: Sum(name) for name in names}
    )
    return {name: value or 0 for name, value in sums.items()}


def money(found: Import) -> dict[str, int]:
    """What all new things come to, in minor units by currency."""
    sums: Counter[str] = Counter()
    for part in ImportPart.objects.filter(business_id=found.business_id, whole=found).values_list("money", flat=True):
        sums.update(part)
    return dict(sums)


def problems(found: Import) -> Iterator[dict[str, Any]]:
    """Every row that is refused, by its line; a part at a time, for there may be a million."""
    parts = ImportPart.objects.filter(business_id=found.business_id, whole=found).exclude(problems=[])
    for part in parts.order_by("number").values_list("problems", flat=True).iterator(chunk_size=1):
        yield from part
