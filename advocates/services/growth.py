"""What keeps very many rows as fast at the end as at the start."""

from advocates.models import Advocate, Order
from loyalty.kernel.database import tables
from loyalty.services import postings


def measure() -> None:
    """Let the planner see how many people, orders and postings there are, before very many more: see `tables`."""
    postings.measure()
    tables.measure(Advocate, Order)
