"""Rewards and redemptions in the dashboard."""

from rewards.admin import pools, redemptions, rewards

__all__ = ["pools", "redemptions", "rewards"]
