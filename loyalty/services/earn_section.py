"""The earn rules of a programme's document."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import structs

from loyalty.kernel.errors import Invalid
from loyalty.models import Business, EarnRule
from loyalty.services import earn_rules, programme
from loyalty.services.earn_terms import Terms
from loyalty.services.programme import Document, Problem, Section
from loyalty.services.quest_rules import Key, Title
from loyalty.services.quest_section import check_audience

Status = EarnRule.Status
TERMS = Terms.__struct_fields__


class RuleItem(Terms, kw_only=True):
    """A rule with its terms. Its trigger is one of the house's, or the name of any event."""

    key: Key
    title: Title
    status: Literal["active", "paused"] = "active"


def export(business: Business) -> list[RuleItem]:
    rows = EarnRule.objects.for_business(business).exclude(status=Status.ARCHIVED).select_related("current")
    return [_item(rule) for rule in rows.order_by("key")]


def apply(business: Business, items: list[RuleItem]) -> None:
    """:raises DomainError: naming the field in the document"""
    there = {rule.key: rule for rule in EarnRule.objects.for_business(business)}
    programme.each(items, lambda item: _put(business, item, there.get(item.key)), section="earnRules")
    kept = {item.key for item in items}
    for key, rule in there.items():
        if key not in kept and rule.status != Status.ARCHIVED:
            earn_rules.update(business=business, rule_id=rule.pk, status=Status.ARCHIVED)


def check(items: Iterable[RuleItem], document: Document) -> Iterator[Problem]:
    """Terms that mean nothing, what they name and the document does not have, two rules with one key."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        path = f"earnRules.{number}"
        if item.key in seen:
            yield Problem(path=f"{path}.key", message=f"Two rules have the key {item.key!r}.")
        seen.add(item.key)
        yield from check_audience(item.audience, document, path)
        try:
            earn_rules.meaningful(terms_of(item))
        except Invalid as error:
            yield Problem(path=f"{path}.{error.field}", message=str(error))


def terms_of(item: RuleItem) -> Terms:
    return Terms(**{name: getattr(item, name) for name in TERMS})


def _put(business: Business, item: RuleItem, rule: EarnRule | None) -> None:
    terms = terms_of(item)
    if rule is None:
        earn_rules.create(business=business, key=item.key, title=item.title, status=item.status, terms=terms)
    else:
        earn_rules.update(business=business, rule_id=rule.pk, title=item.title, status=item.status, terms=terms)


def _item(rule: EarnRule) -> RuleItem:
    status: Literal["active", "paused"] = "active" if rule.status == Status.ACTIVE else "paused"
    return RuleItem(key=rule.key, title=rule.title, status=status, **structs.asdict(earn_rules.terms_of(rule.current)))


SECTION = Section(
    key="earnRules",
    shape=list[RuleItem],
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "milestoneSets", "segments", "memberships", "events"),
)
