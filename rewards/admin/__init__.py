"""Rewards and redemptions in the dashboard."""

from rewards.admin import redemptions, rewards

__all__ = ["redemptions", "rewards"]
