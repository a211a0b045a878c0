"""What was asked of the database, but for what a table's growth decides."""

from django.test.utils import CaptureQueriesContext


def count(asked: CaptureQueriesContext) -> int:
    return sum(not query["sql"].startswith("ANALYZE") for query in asked)
