"""What people wish for, and who else wishes for it."""

from typing import Final

from django.db import models
from django.db.models import Q

from advocates.models.advocates import Advocate
from advocates.models.boards import Board
from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Idea(TenantModel):
    """One idea on a board. `votes` counts its rows in Vote, `recent_votes` those of them that are recent."""

    class Status(models.TextChoices):
        OPEN = "open"
        PLANNED = "planned"
        IN_PROGRESS = "in_progress", "In progress"
        SHIPPED = "shipped"
        DECLINED = "declined"

    UNDECIDED: Final = (Status.OPEN, Status.PLANNED, Status.IN_PROGRESS)  # these take votes

    # No plain constraints: the migration's composite foreign keys cover the business too.
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    title = models.CharField(max_length=200)
    body = models.TextField(max_length=5000, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    response = models.TextField(max_length=5000, blank=True)  # what the business says to it
    votes = models.BigIntegerField(default=0, editable=False)
    recent_votes = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            # Named by votes through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="idea_with_its_business"),
            models.CheckConstraint(
                condition=Q(recent_votes__gte=0, votes__gte=models.F("recent_votes")), name="recent_votes_are_votes"
            ),
        ]
        indexes = [
            # A board's lists, each with and without a status: new, top, trending.
            models.Index(fields=["business", "board", "-created_at", "-id"], name="ideas_new"),
            models.Index(fields=["business", "board", "-votes", "-id"], name="ideas_top"),
            models.Index(fields=["business", "board", "-recent_votes", "-id"], name="ideas_trending"),
            models.Index(fields=["business", "board", "status", "-created_at", "-id"], name="ideas_new_by_status"),
            models.Index(fields=["business", "board", "status", "-votes", "-id"], name="ideas_top_by_status"),
            models.Index(
                fields=["business", "board", "status", "-recent_votes", "-id"], name="ideas_trending_by_status"
            ),
            # The dashboard's list, and an advocate's ideas.
            models.Index(fields=["business", "-created_at", "-id"], name="ideas_newest_first"),
            models.Index(fields=["business", "advocate"], name="ideas_of_advocate"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class IdeaDecision(TenantModel):
    """One step in an idea's history: who moved it or answered, when, and with which words."""

    idea = models.ForeignKey(Idea, on_delete=models.PROTECT, related_name="decisions", db_index=False)
    was = models.CharField(max_length=20, choices=Idea.Status)
    became = models.CharField(max_length=20, choices=Idea.Status)
    response = models.TextField(max_length=5000, blank=True)
    by = models.CharField(max_length=254)  # an operator's e-mail address, or the name of a key
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business", "idea", "at"], name="decisions_on_idea")]

    def __str__(self) -> str:
        return f"{self.was} → {self.became}"


class Vote(TenantModel):
    """One person's vote for an idea."""

    # No plain constraints: as above.
    idea = models.ForeignKey(Idea, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    is_recent = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "idea", "advocate"], name="one_vote_per_advocate"),
        ]
        indexes = [
            models.Index(fields=["business", "advocate"], name="votes_of_advocate"),
            # What the sweep asks for: recent ones that are so no longer.
            models.Index(fields=["business", "created_at"], condition=Q(is_recent=True), name="recent_votes_by_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
