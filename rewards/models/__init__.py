from rewards.models.redemptions import Redemption
from rewards.models.rewards import Reward

__all__ = ["Redemption", "Reward"]
