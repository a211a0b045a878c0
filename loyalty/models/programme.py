"""What a programme was: a document for every change that came through the programme's own door."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class ProgrammeVersion(TenantModel):
    """The whole set-up of a business at one time, as one document. Never changed; restoring one makes the next."""

    class Origin(models.TextChoices):
        DOCUMENT = "document"  # a document was applied, or an earlier version restored
        ELSEWHERE = "elsewhere"  # as it was found: changed in the dashboard or by other calls

    number = models.BigIntegerField()  # the business's programme_stamp from then on
    document = models.JSONField()
    origin = models.CharField(max_length=10, choices=Origin)
    author = models.CharField(max_length=254, blank=True)  # an API key's name, or who sat at the dashboard
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "number"], name="one_programme_per_version")]

    def __str__(self) -> str:
        return f"Version {self.number}"
