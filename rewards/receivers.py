"""What the floor asks this app: to describe its events, give its benefit, use coupons for orders, prove its books."""

from loyalty import events
from loyalty.services import order_effects, personal_data, programme, verification
from loyalty.services.kinds import benefits
from rewards.models import Redemption
from rewards.selectors import described
from rewards.services import gifts, orders, sections

events.register_describer(described.describe_redeemed_points, "points/redeemed")
events.register_describer(described.describe_redemptions, "redemptions/*")

benefits.register_kind("reward", gifts)
order_effects.register("qualified", orders.foresee_use)
order_effects.register("closed", orders.foresee_return)

programme.register_section(
    programme.Section(
        key="codePools",
        shape=list[sections.CodePoolItem],
        export=sections.export_pools,
        apply=sections.apply_pools,
    )
)
programme.register_section(
    programme.Section(
        key="rewards",
        shape=list[sections.RewardItem],
        export=sections.export_rewards,
        apply=sections.apply_rewards,
        check=sections.check_rewards,
        after=("milestoneSets", "segments", "codePools", "inventorySets"),
    )
)

# Codes stay: they say nothing of a person, and the shop's books name them.
personal_data.register_holder(
    personal_data.of_rows(
        Redemption,
        name="redemptions",
        exported=["id", "reward__name", "status", "points", "quantity", "coupon_code", "reason", "created_at"],
        erased={"reason": ""},
        account="advocate_id",
    )
)

verification.register_check(
    "what is taken of a reward is what is redeemed and not cancelled",
    """
    SELECT r.business_id, r.id FROM rewards_reward r
    LEFT JOIN (SELECT reward_id, sum(quantity) AS pieces FROM rewards_redemption
               WHERE status <> 'cancelled' GROUP BY 1) d ON d.reward_id = r.id
    WHERE r.taken <> coalesce(d.pieces, 0) AND (%(business)s::uuid IS NULL OR r.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a coupon belongs to one redemption",
    """
    SELECT d.business_id, d.id FROM rewards_redemption d
    JOIN rewards_redemption other
        ON other.business_id = d.business_id AND other.coupon_code = d.coupon_code AND other.id <> d.id
    WHERE %(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid
    """,
)
verification.register_check(
    "a redemption that was paid for has its entry with its points, reversed if it was cancelled",
    """
    SELECT d.business_id, d.id FROM rewards_redemption d
    LEFT JOIN loyalty_ledgerentry e ON e.id = d.entry_id
    LEFT JOIN loyalty_account a ON a.id = e.account_id  -- a merged one's redemptions went on, its entries stayed
    LEFT JOIN loyalty_ledgerentry back ON back.reverses_id = e.id
    WHERE d.points > 0
        AND (e.id IS NULL OR e.amount <> -d.points OR e.source_id <> d.id::text
            OR (e.account_id <> d.advocate_id AND a.status NOT IN ('merged', 'erased'))
            OR (back.id IS NULL) = (d.status = 'cancelled'))
        AND (%(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a code out of a pool belongs to one redemption, and what is sold as one has one",
    """
    SELECT d.business_id, d.id FROM rewards_redemption d
    LEFT JOIN rewards_code c ON c.redemption_id = d.id
    WHERE (c.id IS NULL) = (d.terms ->> 'type' = 'promo_code'
            AND (d.status <> 'cancelled' OR d.coupon_code IS NOT NULL))
        AND (%(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid)
    UNION ALL
    SELECT c.business_id, c.redemption_id FROM rewards_code c
    WHERE c.redemption_id IS NOT NULL AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
    GROUP BY 1, 2 HAVING count(*) > 1
    """,
)
