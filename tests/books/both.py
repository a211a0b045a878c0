"""What stories about the books share: each step is taken twice, and all is undone at the end."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine

from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from tests.books import model


class Kept(Protocol):
    """Whose books they are."""

    business: Business


class BothSides(RuleBasedStateMachine):
    """The services, on real PostgreSQL, beside a plain model: they must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = model.START
        self.time = ExitStack()
        self.undone = transaction.atomic()
        self.undone.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)
        self.time.close()

    def both(self, shop: Kept, real: Callable[[Business], Any], plain: Callable[[datetime], Any]) -> Any:
        """Let both sides do it a second later. Answers both results, or None where both refuse it."""
        self.wall += timedelta(seconds=1)
        self.time.close()
        self.time.enter_context(clock.moved_to(self.wall))
        expected = refusal = told = result = None
        try:
            expected = plain(clock.now(shop.business))
        except model.Refused as refused:
            refusal = str(refused)
        try:
            result = real(shop.business)
        except DomainError as error:
            told = type(error).__name__
        assert told == refusal
        return (result, expected) if refusal is None else None
