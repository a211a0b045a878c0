"""Earn rules are written here: what they are called, whether they run, and on which terms."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec import structs

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business, EarnRule, EarnRuleBudget, EarnRuleVersion
from loyalty.services import naming, quest_checks
from loyalty.services.earn_terms import Span, Terms
from loyalty.services.kinds.earning import kind_of
from loyalty.services.kinds.tasks import base as tasks

Status = EarnRule.Status


@transaction.atomic
def create(
    *, business: Business, title: str, terms: Terms, key: str | None = None, status: str = Status.ACTIVE
) -> EarnRule:
    """Make a rule, and the first version of its terms. Its key is made from its title where none is given.

    :raises Invalid: if the terms mean nothing
    :raises NotFound: if they name a tier or segment that the programme does not have
    :raises naming.KeyTaken: if another rule has the key
    """
    business = naming.lock(business)
    now = clock.now(business)
    rule = EarnRule(business=business, title=title, status=status, created_at=now, updated_at=now)
    rule.key = naming.key_for(EarnRule.objects.for_business(business), key=key, title=title, noun="rule")
    _put_terms(rule, checked(terms, business=business), number=1)
    rule.spending = EarnRuleBudget.objects.create(business=business, rule=rule)
    return rule


@transaction.atomic
def update(
    *,
    business: Business,
    rule_id: UUID,
    title: str | None = None,
    status: str | None = None,
    terms: Terms | None = None,
    changes: Mapping[str, Any] | None = None,
) -> EarnRule:
    """Change what is given; other terms than those in force make a new version.

    :param changes: of the terms in force, in place of `terms`
    :raises NotFound: if the business has no such rule, or its programme not what the terms name
    :raises Invalid: as `create`
    """
    business = naming.lock(business)
    rows = EarnRule.objects.for_business(business).select_related("current", "spending")
    rule = rows.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("rule")
    rule.business = business
    if changes:
        terms = structs.replace(terms_of(rule.current), **changes)
    rule.title = rule.title if title is None else title
    rule.status = rule.status if status is None else status
    rule.updated_at = clock.now(business)
    wanted = None if terms is None else checked(terms, business=business)
    if wanted is None or wanted == terms_of(rule.current):
        rule.save(update_fields=["title", "status", "updated_at"])
    else:
        _put_terms(rule, wanted, number=rule.current.number + 1)
    return rule


def in_force(*, business: Business, rule_id: UUID) -> tuple[UUID, int]:
    """A rule and the number of its version in force, as entries name them.

    :raises NotFound: naming `earnRuleId`, if the business has no such rule
    """
    found = EarnRule.objects.for_business(business).filter(pk=rule_id).values_list("pk", "current__number").first()
    if found is None:
        raise NotFound("rule", field="earnRuleId")
    return found


def pause_spent(rule_ids: Iterable[UUID], *, business: Business) -> None:
    """Pause rules whose budget is spent. The caller's transaction holds their budgets' locks."""
    rows = EarnRule.objects.for_business(naming.lock(business)).filter(pk__in=list(rule_ids), status=Status.ACTIVE)
    rows.update(status=Status.PAUSED, updated_at=clock.now(business))


def terms_of(version: EarnRuleVersion) -> Terms:
    """What a version says."""
    return msgspec.convert(version.terms, Terms)


def checked(terms: Terms, *, business: Business) -> Terms:
    """The terms as they are kept: with the limit of their kind, times in UTC.

    :raises Invalid: naming the field that means nothing
    :raises NotFound: naming the field with a tier or segment that the programme does not have
    """
    quest_checks.check_audience(terms.audience, business=business)
    return meaningful(terms)


def meaningful(terms: Terms) -> Terms:
    """The terms as they are kept, whoever has them.

    :raises Invalid: naming the field that means nothing
    """
    for number, condition in enumerate(terms.conditions):
        tasks.check_condition(condition, field=f"conditions.{number}.value")
    if terms.limit.period is not None and terms.limit.times is None:
        raise Invalid("Say how often in each period: limit.times.", field="limit.times")
    return structs.replace(kind_of(terms.trigger).checked(terms), window=_in_utc(terms.window))


def _in_utc(window: Span) -> Span:
    start = quest_checks.utc(window.from_, field="window.from")
    end = quest_checks.utc(window.to, field="window.to")
    if start and end and end <= start:
        raise Invalid("The window ends before it begins: window.to must be later.", field="window.to")
    return Span(from_=start, to=end)


def _put_terms(rule: EarnRule, terms: Terms, *, number: int) -> None:
    """Write a version, and the rule that goes by it from now on: the two name each other until the commit."""
    version = EarnRuleVersion(
        business_id=rule.business_id,
        rule=rule,
        number=number,
        trigger=terms.trigger,
        terms=msgspec.to_builtins(terms),
        created_at=rule.updated_at,
    )
    rule.current = version
    rule.save()
    version.save(force_insert=True)
