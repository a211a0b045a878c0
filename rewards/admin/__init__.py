"""Rewards, redemptions and gift cards in the dashboard."""

from rewards.admin import (
    gift_accounts,
    gift_funds,
    gift_orders,
    gift_policies,
    gift_products,
    gift_templates,
    gift_uploads,
    pools,
    redemptions,
    rewards,
)

__all__ = [
    "gift_accounts",
    "gift_funds",
    "gift_orders",
    "gift_policies",
    "gift_products",
    "gift_templates",
    "gift_uploads",
    "pools",
    "redemptions",
    "rewards",
]
