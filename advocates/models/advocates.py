"""People: the profile of an account."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import ExtractDay, ExtractMonth, Lower

from loyalty.kernel import clock
from loyalty.models import Account
from loyalty.models.accounts import external_id_is_sane
from loyalty.models.base import TenantModel, TenantQuerySet

LONGEST_GRAM = 3  # characters: the index knows runs of one, two and three

phone_is_e164 = RegexValidator(r"^\+[1-9][0-9]{6,14}\Z", "Use the international form, as in +4930123456.")

locale_is_sane = RegexValidator(r"^[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z", "Use a language tag, as in en or pt-BR.")


class AdvocateQuerySet(TenantQuerySet["Advocate"]):
    def search(self, text: str) -> Self:
        """Those whose name, e-mail or external id contains `text`, in any case."""
        contains = Q(name__icontains=text) | Q(email__icontains=text) | Q(external_id__icontains=text)
        longest = Value(min(len(text), LONGEST_GRAM))
        return self.filter(contains, search_index__contains=Func(longest, Value(text), function="laurel_grams"))

    def with_account(self) -> Self:
        """With account and tier, as lists and pages show them."""
        return self.select_related("account__tier")

    def with_email(self, email: str) -> Self:
        """Those with this e-mail, in any case: at most one a business."""
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(email)))

    def with_emails(self, emails: Iterable[str]) -> Self:
        """Those with one of these e-mails, in any case."""
        return self.alias(lower_email=Lower("email")).filter(lower_email__in=[email.lower() for email in emails])


AdvocateManager = models.Manager.from_queryset(AdvocateQuerySet)


class Advocate(TenantModel):
    """One person in one business's programme. Its id is its account's: what they hold, the ledger knows."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, editable=False
    )
    external_id = models.CharField(  # noqa: DJ001  # the account's, copied for the index
        max_length=128, null=True, editable=False, validators=[external_id_is_sane]
    )
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001  # unique where known
    name = models.CharField(max_length=200, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=16, blank=True, validators=[phone_is_e164])
    locale = models.CharField(max_length=35, blank=True, validators=[locale_is_sane])
    birthday = models.DateField(null=True, blank=True)
    accepts_marketing = models.BooleanField(null=True, editable=False)  # null: nobody asked
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True, editable=False)  # the shop's own
    metadata = models.JSONField(default=dict, blank=True)
    # The number of their loyalty card, sealed, and the keyed hash that finds it again. None: an operator's to issue.
    card_sealed = models.BinaryField(null=True)
    card_hash = models.BinaryField(max_length=32, null=True)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)
    search_index = models.GeneratedField(
        expression=Func(F("name"), F("email"), F("external_id"), function="laurel_all_grams"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    objects: ClassVar[AdvocateManager["Advocate"]] = AdvocateManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=F("account")), name="advocate_is_its_account"),
            models.CheckConstraint(condition=~Q(external_id="") & ~Q(email=""), name="unknown_is_null_not_empty"),
            models.UniqueConstraint(fields=["business", "external_id"], name="one_advocate_per_external_id"),
            models.UniqueConstraint("business", Lower("email"), name="one_advocate_per_email"),
            models.UniqueConstraint(fields=["business", "card_hash"], name="one_advocate_per_card"),
            models.CheckConstraint(
                condition=Q(card_sealed=None, card_hash=None) | Q(card_sealed__isnull=False, card_hash__isnull=False),
                name="a_card_can_be_shown_and_found",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "created_at", "id"], name="advocates_by_age"),
            models.Index(fields=["business", "name", "id"], name="advocates_by_name"),
            # What has changed since a shop looked last.
            models.Index(fields=["business", "updated_at"], name="advocates_by_change"),
            # Whose birthday it is today.
            models.Index(
                F("business"),
                ExtractMonth("birthday"),
                ExtractDay("birthday"),
                condition=Q(birthday__isnull=False),
                name="advocates_by_birthday",
            ),
            GinIndex(fields=["search_index"], name="advocates_by_trigram"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id or str(self.pk)
