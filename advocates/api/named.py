"""Whom a path of the Integration API is about."""

from typing import Any

from advocates.models import Advocate
from advocates.selectors import identity
from loyalty.api import types
from loyalty.api.parsing import to_struct
from loyalty.api.views import Call
from loyalty.kernel.errors import NotFound
from loyalty.services import wallets


def user(call: Call[Any, Any], external_id: str) -> Advocate:
    """:raises NotFound, Invalid: if the business knows nobody by this id, or it is none"""
    name = to_struct(external_id, types.ExternalId)
    found = identity.by_external_id(business=call.business, external_id=name)
    if found is None:
        raise NotFound("user")
    return found


def settled_user(call: Call[Any, Any], external_id: str) -> Advocate:
    """As `user`, after posting what was due to them: it may have raised their tier."""
    found = user(call, external_id)
    if wallets.settle_due(business=call.business, account_id=found.pk):
        return user(call, external_id)
    return found
