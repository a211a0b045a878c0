"""`stampCards`: a stamp for each order or piece, and something at chosen slots. Each has a metric of its own."""

from collections.abc import Iterator

from loyalty.kernel.errors import DomainError
from loyalty.models import Business, StampCard
from loyalty.services import benefits, stamp_cards, stamp_rules
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.stamp_rules import CardRules


def export(business: Business) -> list[CardRules]:
    live = StampCard.objects.for_business(business).filter(archived_at=None).order_by("key")
    return [CardRules.of(card) for card in live]


def apply(business: Business, part: list[CardRules]) -> None:
    """:raises DomainError: naming the field in the document"""
    stamp_cards.archive_others(business=business, keys=[item.key for item in part])
    for number, item in enumerate(part):
        try:
            stamp_cards.put(business=business, rules=item)
        except DomainError as error:
            error.field = f"stampCards.{number}.{error.field}"
            raise


def finish(business: Business, part: list[CardRules]) -> None:
    """What slots bring may be named in any section, so it is looked up last.

    :raises DomainError: naming the field in the document
    """
    live = StampCard.objects.for_business(business).filter(archived_at=None).select_related("business")
    cards = {card.key: card for card in live}
    for number, item in enumerate(part):
        stamp_cards.bring(card=cards[item.key], rewards=item.rewards, field=f"stampCards.{number}.rewards")


def check(part: list[CardRules], document: Document) -> Iterator[Problem]:
    metrics = {metric.key for metric in document["metrics"]}
    for number, item in enumerate(part):
        path = f"stampCards.{number}"
        if item.key in metrics:
            message = f"There is a metric {item.key!r}: a stamp card counts its own. Give it another key."
            yield Problem(path=f"{path}.key", message=message)
        for field, message in stamp_rules.problems(item):
            yield Problem(path=f"{path}.{field}", message=message)
        for place, each in enumerate(item.rewards):
            yield from benefits.dangling(each.benefits, document, path=f"{path}.rewards.{place}.benefits")


SECTION = Section(
    key="stampCards",
    shape=list[CardRules],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "inventorySets"),
    finish=finish,
)
