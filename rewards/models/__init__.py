from rewards.models.codes import Code
from rewards.models.pools import CodePool
from rewards.models.redemptions import Redemption
from rewards.models.rewards import Reward

__all__ = ["Code", "CodePool", "Redemption", "Reward"]
