import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone


class Key(models.Model):
    digest = models.BinaryField(primary_key=True)
    business_id = models.UUIDField()
    is_authenticated = True
    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        managed = False
        db_table = "peer_key"


class Row(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    business_id = models.UUIDField()
    account_id = models.UUIDField()
    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True
        managed = False


class Balance(Row):
    amount = models.BigIntegerField()

    class Meta(Row.Meta):
        db_table = "peer_balance"


class Entry(Row):
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    description = models.CharField(max_length=500)
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta(Row.Meta):
        db_table = "peer_entry"


class Lot(Row):
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT)
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)

    class Meta(Row.Meta):
        db_table = "peer_lot"


class Event(Row):
    topic = models.CharField(max_length=60)
    facts = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)

    class Meta(Row.Meta):
        db_table = "peer_event"
