"""Giving people what a quest, a rule or a referral promised them, and taking it back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, DomainError, Invalid
from loyalty.models import Business, WithheldBenefit
from loyalty.services import climbing
from loyalty.services.kinds.benefits import kind_of, metric
from loyalty.services.kinds.benefits.base import Benefit, Document, NothingGiven, Occasion
from loyalty.services.postings import Move
from loyalty.services.programme import Problem

Benefits = Sequence[Mapping[str, Any]]  # as bodies, documents and JSON columns hold them


def checked(benefits: Benefits, *, business: Business, field: str) -> list[dict[str, Any]]:
    """Benefits as they are stored.

    :param field: where they stand in the caller's body, for the errors
    :raises Invalid, NotFound: naming the field that means nothing, or names what the programme does not have
    """
    found = []
    for number, data in enumerate(benefits):
        place = f"{field}.{number}"
        benefit = _read(data, field=place)
        kind_of(data["kind"]).check(benefit, business=business, field=place)
        found.append(msgspec.to_builtins(benefit))
    return found


def dangling(benefits: Benefits, document: Document, *, path: str) -> Iterator[Problem]:
    """What benefits name and a programme's document does not have; those that mean nothing."""
    for number, data in enumerate(benefits):
        place = f"{path}.{number}"
        try:
            benefit = _read(data, field=place)
        except DomainError as error:
            yield Problem(path=error.field or place, message=error.message)
            continue
        for field, message in kind_of(data["kind"]).dangling(benefit, document):
            yield Problem(path=f"{place}.{field}", message=message)


def points_of(benefits: Benefits) -> int:
    """How many points they give, where there is room."""
    return sum(kind_of(data["kind"]).points_of(_read(data, field="")) for data in benefits)


def give(
    benefits: Benefits, *, business: Business, account_id: UUID, occasion: Occasion, withholds: bool = False
) -> int:
    """Give all of them, once per occasion. Answers how many points that was.

    What there is only some room for is given in part, and its entry says so. What there is none for is written down as
    withheld.

    :param withholds: whether what cannot be given, because it is sold out, is written down like that too
    :raises ledger.AlreadyPosted: if the occasion was paid before
    :raises ledger.AccountNotActive: as `ledger.award`
    :raises DomainError: if one of them cannot be given, unless it is withheld; then nothing is given
    """
    with transaction.atomic() if len(benefits) > 1 else nullcontext():  # one is all or nothing by itself
        return sum(
            _give(
                data,
                business=business,
                account_id=account_id,
                occasion=occasion.numbered(number),
                withholds=withholds,
            )
            for number, data in enumerate(benefits)
        )


def give_following(
    benefits: Benefits, *, business: Business, account_id: UUID, occasion: Occasion
) -> tuple[int, Sequence[str]]:
    """As `give` what can be given of them, to somebody who is being followed up.

    Answers how many points that was, and of each that was not given a code that says why.
    """
    try:
        with climbing.attempt():
            points = give(benefits, business=business, account_id=account_id, occasion=occasion, withholds=True)
            climbing.count(account_id, points)
    except DomainError as error:
        return 0, [error.code] * len(benefits)
    sources = [str(occasion.numbered(number).source.id) for number in range(len(benefits))]
    withheld = WithheldBenefit.objects.for_business(business).filter(
        source_type=occasion.source.type, source_id__in=sources
    )
    return points, list(withheld.order_by("pk").values_list("reason", flat=True))


def moves(benefits: Benefits, *, account_id: UUID, occasion: Occasion) -> list[Move] | None:
    """What `give` gives for the same occasion where there is room, as awards; None if some of it is something else."""
    found = []
    for number, data in enumerate(benefits):
        benefit = _read(data, field="")
        if not isinstance(benefit, metric.MetricBenefit):
            return None
        found.append(metric.move_of(benefit, account_id=account_id, occasion=occasion.numbered(number)))
    return found


def _give(
    data: Mapping[str, Any], *, business: Business, account_id: UUID, occasion: Occasion, withholds: bool
) -> int:
    benefit = _read(data, field="")
    try:
        return kind_of(data["kind"]).give(benefit, business=business, account_id=account_id, occasion=occasion)
    except NothingGiven as nothing:
        reason = nothing.reason
    except Conflict:  # it was given before, or to somebody who may have nothing
        raise
    except DomainError as refusal:
        if not withholds:
            raise
        reason = refusal.code
    WithheldBenefit.objects.create(
        business=business,
        account_id=account_id,
        source_type=occasion.source.type,
        source_id=str(occasion.source.id),
        benefit=msgspec.to_builtins(benefit),
        reason=reason,
        created_at=clock.now(business),
    )
    return 0


@transaction.atomic
def take_back(benefits: Benefits, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """Take back what `give` gave for the same occasion. Answers how many points came back.

    :raises ledger.AlreadyReversed: the second time
    :raises ledger.InsufficientPoints: if it is spent already
    """
    return sum(
        kind_of(data["kind"]).take_back(
            _read(data, field=""), business=business, account_id=account_id, occasion=occasion.numbered(number)
        )
        for number, data in enumerate(benefits)
    )


@transaction.atomic
def recover(benefits: Benefits, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    """As `take_back`, as far as it goes: of points, what the policy on refunds says; of all else, what is still there.

    Answers whether nothing of it stays with them.
    """
    came_back = [
        kind_of(data["kind"]).recover(
            _read(data, field=""), business=business, account_id=account_id, occasion=occasion.numbered(number)
        )
        for number, data in enumerate(benefits)
    ]
    return all(came_back)


def _read(data: Mapping[str, Any], *, field: str) -> Benefit:
    kind = kind_of(str(data.get("kind")), field=f"{field}.kind")
    try:
        return msgspec.convert(data, kind.SHAPE)
    except msgspec.ValidationError as error:
        raise Invalid(f"{field}: {error}", field=field) from error
