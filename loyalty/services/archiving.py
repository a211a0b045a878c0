"""Taking single things of a programme out of use, and fetching them back, as a document does by leaving them out."""

from typing import Any

from django.db import transaction

from loyalty.kernel import clock
from loyalty.services import naming, programme


@transaction.atomic
def set_archived(row: Any, *, archived: bool) -> None:
    """Archive a row that has `archived_at`, or fetch it back. What people have of it stays.

    :raises programme.StillNamed: if the programme would not hold together
    """
    with programme.kept_whole(naming.lock(row.business)):
        row.archived_at = clock.wall() if archived else None
        row.save(update_fields=["archived_at"])
