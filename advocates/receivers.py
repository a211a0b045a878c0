"""What this app tells the floor: who the people in published events are, and a proof over its own rows."""

from advocates.selectors import customers
from loyalty import events
from loyalty.services import verification

events.register_describer(customers.describe_customers, "*")
events.register_describer(customers.describe_tier_changes, "customers/tier_changed")

verification.register_check(
    "a profile has its account's external id",
    """
    SELECT p.business_id, p.id FROM advocates_advocate p JOIN loyalty_account a ON a.id = p.account_id
    WHERE p.external_id IS DISTINCT FROM a.external_id
        AND (%(business)s::uuid IS NULL OR p.business_id = %(business)s::uuid)
    """,
)
