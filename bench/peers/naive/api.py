from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.peers.naive.models import Balance, Entry, Event, Lot


class AwardSerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(min_value=1, max_value=10**12)
    description = serializers.CharField(max_length=500, default="", allow_blank=True)


class EntrySerializer(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = ["id", "account_id", "amount", "balance_after", "description", "occurred_at"]


class Points(APIView):
    @transaction.atomic
    def post(self, request: Request, account_id: UUID) -> Response:
        award = AwardSerializer(data=request.data)
        award.is_valid(raise_exception=True)
        key: Any = request.auth
        whose = {"business_id": key.business_id, "account_id": account_id}
        balance = get_object_or_404(Balance.objects.select_for_update(), **whose)
        balance.amount += award.validated_data["amount"]
        balance.save(update_fields=["amount"])
        entry = Entry.objects.create(**whose, **award.validated_data, balance_after=balance.amount)
        Lot.objects.create(**whose, entry=entry, remaining=entry.amount)
        facts = {"entryId": str(entry.pk), "amount": entry.amount, "balance": balance.amount}
        Event.objects.create(**whose, topic="points/earned", facts=facts)
        return Response({"transaction": EntrySerializer(entry).data, "newBalance": balance.amount})
