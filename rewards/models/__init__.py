from rewards.models.codes import Code
from rewards.models.gift_accounts import GiftAccount, GiftToken
from rewards.models.gift_cards import GiftCard, GiftCardUse
from rewards.models.gift_funds import FundingRequest, GiftFunds, GiftPosting
from rewards.models.gift_messages import GiftMessage
from rewards.models.gift_orders import GiftLine, GiftOrder
from rewards.models.gift_policies import GiftPolicy
from rewards.models.gift_products import GiftProduct, GiftStock, ShippingMethod
from rewards.models.gift_promises import GiftPromise
from rewards.models.gift_purchases import GiftPurchase
from rewards.models.gift_templates import GiftTemplate
from rewards.models.gift_uploads import GiftUpload
from rewards.models.pools import CodePool
from rewards.models.redemptions import Redemption
from rewards.models.rewards import Reward

__all__ = [
    "Code",
    "CodePool",
    "FundingRequest",
    "GiftAccount",
    "GiftCard",
    "GiftCardUse",
    "GiftFunds",
    "GiftLine",
    "GiftMessage",
    "GiftOrder",
    "GiftPolicy",
    "GiftPosting",
    "GiftProduct",
    "GiftPromise",
    "GiftPurchase",
    "GiftStock",
    "GiftTemplate",
    "GiftToken",
    "GiftUpload",
    "Redemption",
    "Reward",
    "ShippingMethod",
]
