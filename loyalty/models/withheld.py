"""What somebody was promised and could not be given, for whoever asks why."""

from django.db import models

from loyalty.kernel import clock
from loyalty.models.accounts import Account
from loyalty.models.base import BusyTenantModel


class WithheldBenefit(BusyTenantModel):
    """A benefit of which nothing was given, with a code that says why: `at_maximum`."""

    # No plain constraint: a composite foreign key names the account with its business.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    source_type = models.CharField(max_length=40)  # as an entry of the ledger would have them
    source_id = models.CharField(max_length=128)
    benefit = models.JSONField()
    reason = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=clock.wall)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "source_type", "source_id"], name="nothing_is_withheld_twice"),
        ]
        indexes = [models.Index(fields=["business", "account", "-created_at"], name="withheld_of_account")]

    def __str__(self) -> str:
        return f"{self.source_type} {self.source_id}: {self.reason}"
