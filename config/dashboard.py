"""The first page of the dashboard: how the programme is doing, and what to do next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from advocates.models import Advocate
from loyalty.admin import links, look, seats
from loyalty.kernel import clock
from loyalty.models import ApiKey, Business
from loyalty.selectors import reports
from rewards.models import Redemption, Reward
from webhooks.models import Endpoint

DAYS = 30
LEDGER = "admin:loyalty_ledgerentry_changelist"


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    figure: str
    note: str
    url: str
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a new programme needs."""

    title: str
    text: str
    url: str
    is_done: bool


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows of the current business."""
    context |= {"title": "Overview"}
    seat = seats.seat_of(request)
    if seat is None:
        return context
    first_day = timezone.localdate(clock.now(seat.business)) - timedelta(days=DAYS - 1)
    since = timezone.make_aware(datetime.combine(first_day, datetime.min.time()))
    days = reports.points_by_day(business=seat.business, since=since)
    steps = steps_of(seat.business) if seat.is_one_of(seats.OWNERS) else []
    return context | {
        "cards": cards_of(seat.business, days=days, since=since),
        "chart": json.dumps(chart_of(days, first_day)) if days else "",
        "steps": [] if all(step.is_done for step in steps) else steps,
    }


def cards_of(business: Business, *, days: Mapping[date, reports.Day], since: datetime) -> list[Card]:
    people = Advocate.objects.for_business(business).count()
    redeemed = Redemption.objects.for_business(business).filter(created_at__gte=since).count()
    issued = sum(day.issued for day in days.values())
    spent = sum(day.redeemed for day in days.values())
    outstanding = reports.outstanding(business=business)
    lately = f"in the last {DAYS} days"
    return [
        Card("Advocates", look.points(people), "in the programme", links.list_url(Advocate)),
        Card("Points issued", look.points(issued), lately, reverse(LEDGER)),
        Card("Points redeemed", look.points(spent), lately, reverse(LEDGER)),
        Card("Points outstanding", look.points(outstanding), "not spent yet", reverse(LEDGER)),
        Card("Redemptions", look.points(redeemed), lately, links.list_url(Redemption)),
        webhooks_card(business),
    ]


def webhooks_card(business: Business) -> Card:
    """How the endpoints are doing, by what their rows remember: no look at deliveries, which are many."""
    endpoints = list(Endpoint.objects.for_business(business).only("status", "failures")[:100])
    failing = sum(1 for endpoint in endpoints if endpoint.is_active and endpoint.failures)
    disabled = sum(1 for endpoint in endpoints if not endpoint.is_active)
    url = links.list_url(Endpoint)
    if not endpoints:
        return Card("Webhooks", "None", "nothing hears of events yet", url)
    if failing or disabled:
        return Card("Webhooks", "Trouble", f"{failing} failing, {disabled} disabled", url, is_alarm=True)
    return Card("Webhooks", "Healthy", f"{len(endpoints)} active", url)


def chart_of(days: Mapping[date, reports.Day], first_day: date) -> dict[str, Any]:
    """Both lines, day by day, for Chart.js."""
    dates = [first_day + timedelta(days=n) for n in range(DAYS)]
    shown = [days.get(day, reports.Day()) for day in dates]
    return {
        "labels": [f"{day.day} {day:%b}" for day in dates],
        "datasets": [
            _line("Issued", "var(--color-primary-500)", [day.issued for day in shown]),
            _line("Redeemed", "var(--color-orange-500)", [day.redeemed for day in shown]),
        ],
    }


def steps_of(business: Business) -> list[Step]:
    def has(model: Any) -> bool:
        return bool(model.objects.for_business(business).exists())

    return [
        Step("Create a reward", "What points buy: money off, free shipping.", links.add_url(Reward), has(Reward)),
        Step("Make an API key", "Your shop's backend calls with it.", links.add_url(ApiKey), has(ApiKey)),
        Step(
            "Connect your shop",
            "A webhook tells it of every redemption, so that it can honour the coupon.",
            links.add_url(Endpoint),
            has(Endpoint),
        ),
        Step("Welcome an advocate", "By API, by single sign-on, or by hand.", links.add_url(Advocate), has(Advocate)),
    ]


def _line(label: str, colour: str, data: list[int]) -> dict[str, Any]:
    return {
        "label": label,
        "data": data,
        "borderColor": colour,
        "displayYAxis": True,
        "maxTicksXLimit": 8,
    }
