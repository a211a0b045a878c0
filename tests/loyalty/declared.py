"""A programme that declares its points: `points(acme, maximum=60)`."""

from typing import Any

from loyalty.models import Business
from loyalty.services import programme


def points(business: Business, *, zone: str = "UTC", **metric: Any) -> None:
    """Apply a document with this metric `points` and no other."""
    metrics = [{"key": "points", "title": "Points", **metric}]
    document = {"metrics": metrics, "policies": {"timezone": zone}}
    programme.apply(business=business, document=programme.parsed(document))
