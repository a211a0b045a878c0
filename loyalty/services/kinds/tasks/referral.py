"""Done by bringing a friend, or when the merchant's backend says so."""

from functools import partial

from loyalty.services.kinds.tasks.base import on_events

TITLE = "Referral"
BY_CALL = True
TAKES_PROOF = False

checked = partial(on_events, trigger="referral_converted")
