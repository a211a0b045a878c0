from collections.abc import Callable, Sequence
from typing import Any

import pytest

from advocates.models import Advocate, Board, Idea, Survey, Testimonial
from advocates.services import advocates, boards, ideas, surveys, testimonials
from advocates.services.surveys import Asked
from loyalty.models import Business

NPS = Asked(kind="nps", key="recommend", text="Would you recommend us?")
DRINK = Asked(
    kind="choice", key="drink", text="What did you have?", options=["Espresso", "Filter", "Tea"], required=False
)
WHY = Asked(kind="text", key="why", text="Why?", required=False)


@pytest.fixture
def praise(acme: Business, ada: Advocate) -> Callable[..., Testimonial]:
    """Let somebody say something: `praise(rating=1)`. Ada gives five stars, where nothing else is said."""

    def submit(*, by: Advocate = ada, **said: Any) -> Testimonial:
        given = {"rating": 5, "title": "Lovely", "body": "The best coffee.", "consent": True, **said}
        return testimonials.submit(business=by.business, advocate_id=by.pk, **given)

    return submit


@pytest.fixture
def board(acme: Business) -> Board:
    return boards.create(business=acme, title="Ideas for our shops")


@pytest.fixture
def suggest(board: Board, ada: Advocate) -> Callable[..., Idea]:
    """Put an idea on Acme's board; it is Ada's, where nobody else is named."""

    def submit(*, by: Advocate = ada, title: str = "Oat milk", body: str = "Please.") -> Idea:
        return ideas.submit(business=board.business, board_id=board.pk, advocate_id=by.pk, title=title, body=body)

    return submit


@pytest.fixture
def oat_milk(suggest: Callable[..., Idea]) -> Idea:
    return suggest()


@pytest.fixture
def survey(acme: Business) -> Survey:
    return surveys.create(business=acme, title="How was your coffee?", questions=[NPS, DRINK, WHY])


@pytest.fixture
def crowd(acme: Business) -> Sequence[Advocate]:
    """Fifty people of Acme."""
    return [advocates.create(business=acme, email=f"guest{number}@example.com") for number in range(50)]
