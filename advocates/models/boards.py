"""Where ideas are collected."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Board(TenantModel):
    """A feedback board. An archived one keeps its ideas, and takes neither new ones nor votes."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=5000, blank=True)
    idea_count = models.BigIntegerField(default=0, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_board_per_key"),
            # Named by ideas through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="board_with_its_business"),
            models.CheckConstraint(condition=Q(idea_count__gte=0), name="no_less_than_no_ideas"),
        ]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="boards_newest_first")]

    def __str__(self) -> str:
        return self.title
