"""docs/developers/inventory.md names every outcome and every field. Its commands are run with the other tours."""

import re
from pathlib import Path

from loyalty.models import HoldingChange
from loyalty.services.kinds.sections.inventory_sets import ItemPart

PAGE = (Path(__file__).resolve().parents[3] / "docs/developers/inventory.md").read_text(encoding="utf-8")


def rows_after(heading: str) -> set[str]:
    table = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_every_outcome_has_its_row():
    assert rows_after("outcome") == set(HoldingChange.Outcome.values)


def test_every_field_of_an_item_has_its_row():
    assert rows_after("field of an item") == set(ItemPart.__struct_encode_fields__)
