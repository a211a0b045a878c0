"""The sections of the programme that the floor keeps, one module each."""

from loyalty.services.kinds.sections import (
    inventory_sets,
    metrics,
    milestone_sets,
    policies,
    segments,
    stamp_cards,
)

ALL = (
    metrics.SECTION,
    milestone_sets.SECTION,
    inventory_sets.SECTION,
    segments.SECTION,
    segments.MEMBERSHIPS,
    stamp_cards.SECTION,
    policies.SECTION,
)
