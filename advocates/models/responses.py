"""What people answer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from advocates.models.advocates import Advocate
from advocates.models.surveys import Question, Survey
from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Response(TenantModel):
    """One person's answers to a survey, all together. `number` counts how often they have answered it."""

    # No plain constraints: the migration's composite foreign keys cover the business too.
    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "survey", "advocate", "number"], name="one_response_per_advocate_and_number"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="responses_are_counted_from_one"),
        ]
        indexes = [
            models.Index(fields=["business", "survey", "-created_at", "-id"], name="responses_newest_first"),
            models.Index(fields=["business", "advocate"], name="responses_of_advocate"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Answer(TenantModel):
    """The answer to one question: what can be counted as `codes`, what was written as `text`."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="answers", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+", db_index=False)
    codes = ArrayField(models.CharField(max_length=200), default=list)
    text = models.TextField(max_length=5000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "response", "question"], name="one_answer_per_question"),
        ]
        indexes = [
            # The results: how often each code was given.
            models.Index(fields=["business", "question"], name="answers_to_question"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
