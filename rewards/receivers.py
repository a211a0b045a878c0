"""What the floor asks this app: to describe its events, and to prove its books."""

from loyalty import events
from loyalty.services import verification
from rewards.selectors import described

events.register_describer(described.describe_redeemed_points, "points/redeemed")
events.register_describer(described.describe_redemptions, "redemptions/*")

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
    "a redemption has its entry with its points, reversed if it was cancelled",
    """
    SELECT d.business_id, d.id FROM rewards_redemption d
    LEFT JOIN loyalty_ledgerentry e ON e.id = d.entry_id
    LEFT JOIN loyalty_ledgerentry back ON back.reverses_id = e.id
    WHERE (e.id IS NULL OR e.amount <> -d.points OR e.account_id <> d.advocate_id OR e.source_id <> d.id::text
           OR (back.id IS NULL) = (d.status = 'cancelled'))
        AND (%(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid)
    """,
)
