"""How far the shares of what friends earn have been paid."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class ShareProgress(TenantModel):
    """The place in the feed up to which shares are paid. There is one while a programme shares, and it begins anew."""

    position = models.BigIntegerField()
    started_at = models.DateTimeField(default=clock.wall)  # what was earned before is not shared

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business"], name="one_progress_of_shares")]

    def __str__(self) -> str:
        return f"up to {self.position}"
