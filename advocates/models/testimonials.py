"""What people say of the business, with their consent, and what was decided about it."""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from advocates.models.advocates import Advocate
from loyalty.kernel import clock
from loyalty.models.base import TenantModel


class Testimonial(TenantModel):
    """One testimonial. `consent` says whether its author lets it be published, and `consent_at` since when."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"  # for good: its author does not stand by it any more

    MOVES: Final = {
        Status.PENDING: (Status.APPROVED, Status.REJECTED, Status.WITHDRAWN),
        Status.APPROVED: (Status.REJECTED, Status.WITHDRAWN),
        Status.REJECTED: (Status.PENDING, Status.APPROVED, Status.WITHDRAWN),
        Status.WITHDRAWN: (),
    }

    # No plain constraint: the migration's composite foreign key covers the business too.
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(max_length=5000)
    source = models.CharField(max_length=60)
    media = models.JSONField(default=list, blank=True)  # links, never fetched by us
    consent = models.BooleanField()
    consent_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=500, blank=True)  # of the latest decision
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="one_to_five_stars"),
            models.CheckConstraint(
                condition=Q(consent=True, consent_at__isnull=False) | Q(consent=False, consent_at=None),
                name="consent_has_its_time",
            ),
            models.CheckConstraint(condition=Q(consent=True) | ~Q(status="approved"), name="approved_with_consent"),
        ]
        indexes = [
            # The lists, newest first: all, by status, by rating, an advocate's.
            models.Index(fields=["business", "-created_at", "-id"], name="testimonials_newest_first"),
            models.Index(fields=["business", "status", "-created_at", "-id"], name="testimonials_by_status"),
            models.Index(fields=["business", "rating", "-created_at", "-id"], name="testimonials_by_rating"),
            models.Index(fields=["business", "advocate", "-created_at", "-id"], name="testimonials_of_advocate"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)

    def may_become(self, status: str) -> bool:
        return status in self.MOVES[self.Status(self.status)]


class TestimonialDecision(TenantModel):
    """One step in a testimonial's history: who moved it, when, from where to where, and why."""

    testimonial = models.ForeignKey(Testimonial, on_delete=models.PROTECT, related_name="decisions", db_index=False)
    was = models.CharField(max_length=20, choices=Testimonial.Status)
    became = models.CharField(max_length=20, choices=Testimonial.Status)
    reason = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=254)  # an operator's e-mail address, or the name of a key
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business", "testimonial", "at"], name="decisions_on_testimonial")]

    def __str__(self) -> str:
        return f"{self.was} → {self.became}"
