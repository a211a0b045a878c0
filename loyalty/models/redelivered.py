"""Messages to workers that came back, because whoever worked on them died."""

from django.db import models

from loyalty.kernel import clock


class RedeliveredTask(models.Model):
    """Counts how often a task was handed to a worker; one that may be killing them is set aside.

    No tenant's row: a message says at most which ids to look at. Dropping one loses nothing, as what must happen is a
    row elsewhere, which a sweep finds.
    """

    id = models.UUIDField(primary_key=True, editable=False)  # the message's
    name = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)
    deliveries = models.PositiveSmallIntegerField()
    first_at = models.DateTimeField(default=clock.wall)
    last_at = models.DateTimeField(default=clock.wall)
    quarantined_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "set-aside task"
        indexes = [models.Index(fields=["last_at"], name="redelivered_by_age")]

    def __str__(self) -> str:
        return self.name
