"""Stamp cards are kept here, and what their stamps bring is given: each once, whatever is taken back and told again.

Stamps themselves are entries like all others: rules give them, and refunds take them back.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from django.db import transaction

from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Account, Business, Metric, StampCard, StampReward
from loyalty.selectors import ledger as books
from loyalty.services import benefits, naming, stamp_rules
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source
from loyalty.services.stamp_rules import CardRules, SlotReward

COLLECTED = "stamps/collected"  # a move, for followers only; the world hears `points/earned`
SOURCE = "stamp_card"
RULES = ("slots", "prefilled", "cooldown_hours", "stamp")


class MetricInUse(Conflict):
    def __init__(self, key: str) -> None:
        super().__init__(f"The programme has, or had, a metric {key!r}. Give the stamp card another key.", field="key")


def put(*, business: Business, rules: CardRules) -> StampCard:
    """Make a card what is said of it, but for what it brings; in the caller's transaction.

    :raises MetricInUse: if its key is that of a metric which is no card's
    """
    said = msgspec.structs.asdict(rules) | {"stamp": msgspec.to_builtins(rules.stamp)}
    card = StampCard.objects.for_business(business).filter(key=rules.key).first()
    if card is None:
        card = StampCard(business=business, key=rules.key, metric=_metric_of(business, rules))
    elif any(getattr(card, name) != said[name] for name in RULES):
        card.version += 1
    for name in ("title", "status", *RULES):
        setattr(card, name, said[name])
    card.archived_at = None
    card.save()
    Metric.objects.for_business(business).filter(pk=card.metric_id).update(title=card.title, archived_at=None)
    return card


def bring(*, card: StampCard, rewards: Sequence[SlotReward], field: str = "rewards") -> None:
    """Say what a card brings, by slots; in the caller's transaction.

    :param field: where that stands, for the errors
    :raises Invalid, NotFound: naming a benefit that means nothing, or what the programme does not have
    """
    brought = []
    for place, each in enumerate(rewards):
        given = benefits.checked(each.benefits, business=card.business, field=f"{field}.{place}.benefits")
        brought.append({"slot": each.slot, "title": each.title, "benefits": given})
    if card.rewards != brought:
        card.rewards, card.version = brought, card.version + 1
        card.save(update_fields=["rewards", "version"])


def archive_others(*, business: Business, keys: Collection[str]) -> None:
    """Archive the cards that have none of these keys. Their stamps stay with whoever has them."""
    gone = StampCard.objects.for_business(business).filter(archived_at=None).exclude(key__in=keys)
    now = clock.wall()
    Metric.objects.for_business(business).filter(stamp_card__in=gone).update(archived_at=now)
    gone.update(archived_at=now)


def free_key(*, business: Business, title: str) -> str:
    """A key made from a title, which no card and no other metric has."""
    taken = set(Metric.objects.for_business(business).values_list("key", flat=True))
    return naming.free_key(title, taken=taken, noun="stamp card")


@transaction.atomic
def create(*, business: Business, rules: CardRules) -> StampCard:
    """Make a card, with what it brings.

    :raises naming.KeyTaken: if a card has the key, or had
    :raises MetricInUse: as `put`
    :raises Invalid, NotFound: naming the field that makes no sense, or names what the programme does not have
    """
    business = naming.lock(business)
    if StampCard.objects.for_business(business).filter(key=rules.key).exists():
        raise naming.KeyTaken("stamp card", rules.key)
    return _write(business, rules)


@transaction.atomic
def update(*, business: Business, card_id: UUID, rules: CardRules) -> StampCard:
    """Make a card what is said of it. Its key stays.

    :raises NotFound: if the business has no such card, or it is archived
    :raises Invalid, NotFound: as `create`
    """
    business = naming.lock(business)
    card = StampCard.objects.for_business(business).filter(pk=card_id, archived_at=None).first()
    if card is None:
        raise NotFound("stamp card")
    return _write(business, msgspec.structs.replace(rules, key=card.key))


def _write(business: Business, rules: CardRules) -> StampCard:
    for field, message in stamp_rules.problems(rules):
        raise Invalid(message, field=field)
    card = put(business=business, rules=rules)
    bring(card=card, rewards=rules.rewards)
    return card


def reward(happened: Sequence[Happening]) -> None:
    """Give people what these stamps bring. Whoever recorded them has the lock of the account."""
    for one in happened:
        assert one.account_id is not None  # people have stamps, nobody else
        business = Business.objects.get(pk=one.business_id)
        entry_id = UUID(one.facts["entryId"])
        metric, amount, after = books.landings(business=business, entry_ids=[entry_id])[entry_id]
        card = StampCard.objects.for_business(business).get(metric__key=metric)
        account = Account.objects.for_business(business).get(pk=one.account_id)
        for stamp, slot in card.given_by(range(max(1, after - amount + 1), after + 1)):
            given, is_new = StampReward.objects.for_business(business).get_or_create(
                account=account,
                card=card,
                stamp=stamp,
                defaults={
                    "business": business,
                    "slot": slot,
                    "created_at": max(clock.now(business), account.last_event_at),
                },
            )
            if is_new:
                _give(given)


def _give(given: StampReward) -> None:
    """Give what a stamp brings, or write down why some of it was not given."""
    card = given.card
    what = next(each for each in card.rewards if each["slot"] == given.slot)
    occasion = Occasion(
        source=Source(SOURCE, str(given.pk)),
        action=SOURCE,
        rule=(card.pk, card.version),
        reason={"stampCard": card.key, "stamp": given.stamp, "slot": given.slot},
        description=what["title"] or card.title,
    )
    _, refused = benefits.give_following(
        what["benefits"], business=given.business, account_id=given.account_id, occasion=occasion
    )
    if refused:
        given.refusal = refused[0]
        given.save(update_fields=["refusal"])


def _metric_of(business: Business, rules: CardRules) -> Metric:
    there = Metric.objects.for_business(business).filter(key=rules.key).first()
    if there is not None:
        raise MetricInUse(rules.key)
    return Metric.objects.create(business=business, key=rules.key, title=rules.title, is_stamps=True)
