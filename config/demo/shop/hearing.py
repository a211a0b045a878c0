"""What the shop makes of Laurel's webhooks: a coupon where points were spent, and a line of news."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from config.demo.shop.memory import Memory, News
from config.demo.shop.till import Coupon

NEWS_KEPT = 30
MESSAGES_KEPT = 1_000

Coupons = dict[str, Coupon]
Data = Mapping[str, Any]


def hear(memory: Memory, message: str, event: Mapping[str, Any]) -> bool:
    """Take in a genuine webhook. A message that comes again changes nothing, and answers False."""
    if message in memory.messages:
        return False
    memory.messages = [*memory.messages, message][-MESSAGES_KEPT:]
    if event["type"] in REACTIONS:
        REACTIONS[event["type"]](memory.coupons, event["data"])
    memory.news = [_told(event), *memory.news][:NEWS_KEPT]
    return True


def _create_coupon(coupons: Coupons, data: Data) -> None:
    code = data["couponCode"]
    if code:  # a donation has none
        coupons.setdefault(code, Coupon(code, data["rewardType"], data["value"], data["currency"]))


def _cancel_coupon(coupons: Coupons, data: Data) -> None:
    code = data["couponCode"]
    if code:
        known = coupons.get(code) or Coupon(code, data["rewardType"])  # webhooks may overtake each other
        coupons[code] = replace(known, is_cancelled=True)


REACTIONS: Mapping[str, Callable[[Coupons, Data], None]] = {
    "points/redeemed": _create_coupon,
    "redemptions/cancelled": _cancel_coupon,
}


def _told(event: Mapping[str, Any]) -> News:
    data = event["data"]
    points, code, tier = data.get("points"), data.get("couponCode"), data.get("newTier")
    said = [
        f"{'−' if data.get('type') == 'debit' else ''}{points:,} points" if points else "",
        f"coupon {code}" if code else "",
        f"now {tier['title']}" if tier else "",
    ]
    who = data["customer"]["name"] if data.get("customer") else ""
    return News(event["created"], event["type"], who, ", ".join(filter(None, said)))
