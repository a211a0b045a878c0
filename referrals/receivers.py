"""What the apps below ask this one: who brought whom, where links stand, what is held of people, how books balance."""

from advocates.selectors import referral_links
from advocates.services import bringing
from loyalty import events
from loyalty.services import businesses, order_effects, personal_data, programme, verification
from referrals.events import COMPLETED, REJECTED, STARTED
from referrals.selectors import described, links
from referrals.services import document, friends, orders, people

referral_links.register(links.default_urls)
bringing.register(friends.join_by_code)
businesses.follow_clock("referrals.release")
order_effects.register("qualified", orders.foresee_completion)
order_effects.register("closed", orders.foresee_undoing)
events.register_describer(described.describe_started, STARTED)
events.register_describer(described.describe_decided, COMPLETED, REJECTED)
programme.register_section(document.SECTION)
for holder in people.HOLDERS:
    personal_data.register_holder(holder)
personal_data.register_mentions(people.mentions)

verification.register_check(
    "a code has as many clicks as its visits have hits",
    """
    SELECT c.business_id, c.id FROM referrals_referralcode c
    LEFT JOIN (SELECT code_id, sum(hits) AS hits FROM referrals_click GROUP BY 1) k ON k.code_id = c.id
    WHERE c.clicks <> coalesce(k.hits, 0) AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a conversion has the entries that it promised if it is confirmed, and no others are reversed",
    """
    SELECT c.business_id, c.id FROM referrals_conversion c
    CROSS JOIN LATERAL (
        SELECT count(*) AS wanted
        FROM jsonb_path_query(jsonb_build_array(c.referrer_benefits, c.friend_benefits), '$[*][*].kind') AS kind
        WHERE kind = '"metric"'
    ) w
    LEFT JOIN (
        SELECT e.business_id, split_part(e.source_id, ':', 1) AS id, count(*) AS posted, count(r.id) AS undone
        FROM loyalty_ledgerentry e LEFT JOIN loyalty_ledgerentry r ON r.reverses_id = e.id
        WHERE e.source_type IN ('referral', 'referred') AND e.type = 'earn' GROUP BY 1, 2
    ) l ON l.business_id = c.business_id AND l.id = c.id::text
    WHERE (c.status IN ('held', 'rejected') AND l.posted IS NOT NULL
           OR c.status = 'confirmed' AND (coalesce(l.posted, 0), coalesce(l.undone, 0)) <> (w.wanted, 0)
           OR c.status = 'reversed' AND (coalesce(l.posted, 0) <> w.wanted OR l.undone > w.wanted))
        AND (%(business)s::uuid IS NULL OR c.business_id = %(business)s::uuid)
    """,
)
