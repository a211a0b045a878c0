"""What a business's messages about gift cards say, in each of its languages."""

from django.db import models
from django.db.models import Q

from loyalty.models.base import TenantModel


class GiftTemplate(TenantModel):
    """The message in one language, as `loyalty.kernel.wording` reads it. The default is for whom none is said of."""

    language = models.CharField(max_length=20)
    is_default = models.BooleanField("default", default=False)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=10_000)
    html = models.TextField(max_length=60_000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "language"], name="one_gift_template_per_language"),
            models.UniqueConstraint(
                fields=["business"], condition=Q(is_default=True), name="one_default_gift_template"
            ),
        ]

    def __str__(self) -> str:
        return self.language
