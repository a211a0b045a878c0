"""What the floor asks this app: to describe its events, give its benefit, use coupons for orders, prove its books."""

from anymail.signals import tracking

from loyalty import events
from loyalty.services import businesses, order_effects, personal_data, programme, sealing, verification
from loyalty.services.kinds import benefits
from rewards.api import giftcards, notices
from rewards.events import GIFT_ORDER_COMPLETED, GIFT_ORDER_FAILED
from rewards.models import GiftPromise, Redemption
from rewards.selectors import described, gift_news
from rewards.services import codes, gift_benefits, gift_cards, gift_people, gift_remotes, gifts, orders, sections

events.register_describer(described.describe_redeemed_points, "points/redeemed")
events.register_describer(described.describe_redemptions, "redemptions/*")
events.register_describer(gift_news.describe_orders, "gift_orders/*")
events.register_describer(gift_news.describe_cards, "gift_cards/*")

tracking.connect(notices.hear)
events.register_reply(giftcards.reply, GIFT_ORDER_COMPLETED, GIFT_ORDER_FAILED)

sealing.register(codes.SEALED, gift_cards.SEALED, gift_remotes.SEALED)
businesses.follow_clock("rewards.cancel_overdue", "rewards.expire_redemptions", "rewards.follow_up_gift_cards")
benefits.register_kind("reward", gifts)
benefits.register_kind("gift_card", gift_benefits)
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
        after=("milestoneSets", "segments", "memberships", "codePools", "inventorySets"),
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
personal_data.register_holder(gift_people.HOLDER)
personal_data.register_holder(gift_people.UPLOADS)
personal_data.register_holder(
    personal_data.of_rows(
        GiftPromise,
        name="giftPromises",
        exported=["id", "product__name", "value_minor", "product__currency", "created_at"],
        erased=None,
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
verification.register_check(
    "the deposit for gift cards is what its postings add up to",
    """
    SELECT coalesce(f.business_id, p.business_id), f.id FROM rewards_giftfunds f
    FULL JOIN (SELECT business_id, sum(CASE 'available' WHEN credit THEN amount_minor WHEN debit THEN -amount_minor
                                       ELSE 0 END) AS total
               FROM rewards_giftposting GROUP BY 1) p USING (business_id)
    WHERE coalesce(f.available_minor, 0) <> coalesce(p.total, 0)
        AND (%(business)s::uuid IS NULL OR coalesce(f.business_id, p.business_id) = %(business)s::uuid)
    """,
)
verification.register_check(
    "a gift order has paid for its cards, but those that were given back",
    """
    SELECT o.business_id, o.id FROM rewards_giftorder o
    LEFT JOIN (SELECT coalesce(c.order_id, p.source_id) AS order_id,
                   sum(CASE credit WHEN 'sold' THEN amount_minor ELSE -amount_minor END) AS paid
               FROM rewards_giftposting p
               LEFT JOIN rewards_giftcard c ON p.source_type = 'card' AND c.id = p.source_id
               WHERE p.source_type <> 'funding' GROUP BY 1) p ON p.order_id = o.id
    LEFT JOIN (SELECT l.order_id, sum(l.cost_minor) AS gone FROM rewards_giftcard c
               JOIN rewards_giftline l ON l.id = c.line_id WHERE c.status IN ('Failed', 'Cancelled') GROUP BY 1) f
        ON f.order_id = o.id
    WHERE coalesce(p.paid, 0) <> CASE o.status WHEN 'Cancelled' THEN 0 ELSE o.total_minor - coalesce(f.gone, 0) END
        AND (%(business)s::uuid IS NULL OR o.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a gift card that can be had has one code, and what is left on it is its value without its uses",
    """
    SELECT c.business_id, c.id FROM rewards_giftcard c
    JOIN rewards_giftline l ON l.id = c.line_id
    LEFT JOIN rewards_code k ON k.card_id = c.id
    LEFT JOIN (SELECT card_id, sum(amount_minor) AS used FROM rewards_giftcarduse GROUP BY 1) u ON u.card_id = c.id
    WHERE c.status NOT IN ('Failed', 'Cancelled')
        AND NOT EXISTS (SELECT FROM rewards_giftpurchase b WHERE b.card_id = c.id AND b.due_at IS NOT NULL)
        AND (k.id IS NULL OR c.balance_minor <> l.value_minor - coalesce(u.used, 0))
        AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a gift card whose price was given back was never redeemed",
    """
    SELECT c.business_id, c.id FROM rewards_giftcard c
    WHERE c.status IN ('Failed', 'Cancelled') AND EXISTS (SELECT FROM rewards_giftcarduse u WHERE u.card_id = c.id)
        AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a redemption of a gift card has its order, taken back if it was cancelled, or is owed one that it did not cost",
    """
    SELECT d.business_id, d.id FROM rewards_redemption d
    LEFT JOIN rewards_giftorder o
        ON o.business_id = d.business_id AND o.source_type = 'redemption' AND o.source_id = d.id::text
    LEFT JOIN rewards_giftpromise p
        ON p.business_id = d.business_id AND p.source_type = 'redemption' AND p.source_id = d.id::text
    WHERE d.terms ? 'giftProductId'
        AND CASE WHEN d.status IN ('pending_approval', 'pending_acknowledgement')
                     THEN o.id IS NOT NULL OR p.id IS NOT NULL
                 WHEN d.status = 'cancelled' THEN p.id IS NOT NULL OR coalesce(o.status <> 'Cancelled', false)
                 ELSE (o.id IS NULL) = (p.id IS NULL) OR (p.id IS NOT NULL AND d.points > 0) END
        AND (%(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid)
    """,
)
