"""Events that could not be published, because something fails to describe them."""

from django.db import models

from loyalty.models.base import TenantModel
from loyalty.models.events import Event


class StuckEvent(TenantModel):
    """One event, until it is published. Tried again now and then; set aside when `next_try_at` is null."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="stuck")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200)  # what kind of one: its text may name a person
    next_try_at = models.DateTimeField(null=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.event_id)
