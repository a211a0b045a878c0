"""What this app tells the floor: who the people in published events are, what is held of them, and a proof."""

from advocates.selectors import customers, voices
from advocates.services import holders, loyalty_cards, product_batches, said, sso
from advocates.services.holdings import HOLDERS
from advocates.services.kinds import sections
from loyalty import events
from loyalty.models import Batch
from loyalty.services import batches, businesses, personal_data, programme, sealing, verification

events.register_describer(customers.describe_customers, "*")
events.register_describer(customers.describe_tier_changes, "customers/tier_changed")
events.register_describer(customers.describe_milestone_changes, "customers/milestone_changed")
events.register_describer(customers.describe_entry_rewards, "customers/tier_entry_reward_earned")
events.register_describer(customers.describe_merges, "customers/updated")
events.register_describer(customers.describe_erasures, "customers/erased")
events.register_describer(voices.describe_testimonials, "testimonials/*")
events.register_describer(voices.describe_ideas, "ideas/submitted")
events.register_describer(voices.describe_moves, "ideas/status_changed")
events.register_describer(said.describe_answers, "surveys/answered")

batches.register_undo(Batch.Kind.PRODUCTS, product_batches.undo)
sealing.register(sso.SEALED, loyalty_cards.SEALED)
businesses.follow_clock("advocates.tell_birthdays", "advocates.settle_votes")

for section in sections.ALL:
    programme.register_section(section)
for holder in [*HOLDERS, *holders.ALL]:
    personal_data.register_holder(holder)

verification.register_check(
    "a profile has its account's external id",
    """
    SELECT p.business_id, p.id FROM advocates_advocate p JOIN loyalty_account a ON a.id = p.account_id
    WHERE p.external_id IS DISTINCT FROM a.external_id
        AND (%(business)s::uuid IS NULL OR p.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "an idea has as many votes as it counts, and as many recent ones",
    """
    SELECT i.business_id, i.id FROM advocates_idea i
    LEFT JOIN (SELECT idea_id, count(*) AS votes, count(*) FILTER (WHERE is_recent) AS recent
               FROM advocates_vote GROUP BY 1) v ON v.idea_id = i.id
    WHERE (i.votes <> coalesce(v.votes, 0) OR i.recent_votes <> coalesce(v.recent, 0))
        AND (%(business)s::uuid IS NULL OR i.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a board has as many ideas as it counts",
    """
    SELECT b.business_id, b.id FROM advocates_board b
    LEFT JOIN (SELECT board_id, count(*) AS ideas FROM advocates_idea GROUP BY 1) i ON i.board_id = b.id
    WHERE b.idea_count <> coalesce(i.ideas, 0)
        AND (%(business)s::uuid IS NULL OR b.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "an answer belongs to the survey of its response",
    """
    SELECT a.business_id, a.id FROM advocates_answer a
    JOIN advocates_response r ON r.id = a.response_id JOIN advocates_question q ON q.id = a.question_id
    WHERE (q.survey_id <> r.survey_id OR a.business_id <> r.business_id OR a.business_id <> q.business_id)
        AND (%(business)s::uuid IS NULL OR a.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "an order is refunded as its refunds say",
    """
    SELECT o.business_id, o.id FROM advocates_order o
    LEFT JOIN (SELECT order_id, sum(amount_minor) AS minor, sum(amount_minor) FILTER (WHERE lines = '{}') AS unassigned
               FROM advocates_refund GROUP BY 1) r ON r.order_id = o.id
    WHERE (o.refunded_minor, o.unassigned_minor) <> (coalesce(r.minor, 0), coalesce(r.unassigned, 0))
        AND (%(business)s::uuid IS NULL OR o.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "an order has earned what it says, by entries of its own",
    """
    SELECT o.business_id, o.id FROM advocates_order o
    CROSS JOIN LATERAL jsonb_array_elements(o.earned) said
    LEFT JOIN loyalty_ledgerentry e ON e.business_id = o.business_id AND e.source_type = 'earn_rule'
        AND e.type = 'earn' AND e.source_id = (o.action_id || ':' || (said ->> 'ruleId'))
    WHERE (said ->> 'points')::bigint <> coalesce(e.amount, 0)
        AND (%(business)s::uuid IS NULL OR o.business_id = %(business)s::uuid)
    """,
)
