"""What people are asked."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Survey(TenantModel):
    """Some questions. An archived one keeps its answers, and takes no more."""

    key = models.SlugField(max_length=64, db_index=False)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=5000, blank=True)
    repeatable = models.BooleanField(default=False)  # whether one person may answer more than once
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "key"], name="one_survey_per_key"),
            # Named by responses through a composite foreign key, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="survey_with_its_business"),
        ]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="surveys_newest_first")]

    def __str__(self) -> str:
        return self.title


class Question(TenantModel):
    """One question. What its kind means is told in `services/kinds/questions/`; one with answers is never deleted."""

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="questions", db_index=False)
    key = models.SlugField(max_length=64, db_index=False)
    kind = models.CharField(max_length=40)  # the key of a kind
    text = models.CharField(max_length=500)
    options = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    multiple = models.BooleanField(default=False)
    required = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "survey", "key"], condition=Q(archived_at=None), name="one_question_per_key"
            ),
        ]

    def __str__(self) -> str:
        return self.text
