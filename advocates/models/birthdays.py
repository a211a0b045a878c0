"""How far the birthdays of a business have been told."""

from django.db import models

from loyalty.models.base import TenantModel


class BirthdayRound(TenantModel):
    """There is one while something listens to birthdays: those up to `day` have been told."""

    day = models.DateField()  # on the programme's calendar

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business"], name="one_round_of_birthdays")]

    def __str__(self) -> str:
        return f"until {self.day}"
