"""What the sections' items are made of, with the bounds of the API."""

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=5000)]


class Item(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One thing in a section."""
