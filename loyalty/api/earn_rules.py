"""Earn rules for a merchant's backend: what people get points for, one rule at a time."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType, structs

from loyalty.api.examples import EARN_RULE
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.views import Call, KeyView, Shape, get_or_404, operation
from loyalty.kernel.errors import Code
from loyalty.models import EarnRule
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Terms
from loyalty.services.quest_rules import Key, Title

Running = Literal["active", "paused"]
Status = Literal["active", "paused", "archived"]
TERMS = Terms.__struct_fields__


class NewRule(Terms, kw_only=True):
    """A rule with its terms, spelled as in the programme's document."""

    title: Title
    key: Key | None = None
    status: Running = "active"


# Every term of a rule, each of which may be left out; what it listens to stays.
ChangedRule: Any = msgspec.defstruct(
    "ChangedRule",
    [
        ("title", Title | None, None),
        ("status", Status | None, None),
        *((each.name, each.type | UnsetType, UNSET) for each in structs.fields(Terms) if each.name != "trigger"),
    ],
    module=__name__,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
)


class ListRules(PageQuery):
    status: Status | None = None


class EarnRuleShape(Shape):
    example = EARN_RULE

    id: UUID
    key: str
    title: str
    status: str
    version: int
    budget_spent: int
    terms: Terms
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: EarnRule) -> Self:
        return cls(
            id=rule.pk,
            key=rule.key,
            title=rule.title,
            status=rule.status,
            version=rule.current.number,
            budget_spent=rule.spending.spent,
            terms=earn_rules.terms_of(rule.current),
            created_at=rule.created_at,
            updated_at=rule.updated_at,
        )


class RuleAnswer(Shape):
    earn_rule: EarnRuleShape


class RulePage(Shape):
    earn_rules: list[EarnRuleShape]
    next_cursor: str | None


class EarnRules(KeyView):
    @operation("List earn rules, newest first", query=ListRules, answer=RulePage)
    def get(self, call: Call[None, ListRules]) -> RulePage:
        rows: Any = EarnRule.objects.for_business(call.business).select_related("current", "spending")
        if call.query.status is not None:
            rows = rows.filter(status=call.query.status)
        page = page_by_cursor(rows, call.query, business=call.business)
        return RulePage(earn_rules=[EarnRuleShape.of(rule) for rule in page.items], next_cursor=page.next_cursor)

    @operation(
        "Create an earn rule",
        body=NewRule,
        answer=RuleAnswer,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example={
            "title": "Points for purchases",
            "trigger": "order_paid",
            "earn": {"points": 5, "per": "1.00", "currency": "EUR"},
        },
        description="Its terms are spelled as in the programme's document. Without key one is made of the title.",
    )
    def post(self, call: Call[NewRule, None]) -> RuleAnswer:
        body = call.body
        rule = earn_rules.create(
            business=call.business,
            title=body.title,
            key=body.key,
            status=body.status,
            terms=Terms(**{name: getattr(body, name) for name in TERMS}),
        )
        return RuleAnswer(earn_rule=EarnRuleShape.of(rule))


class OneEarnRule(KeyView):
    @operation("Read an earn rule", answer=RuleAnswer)
    def get(self, call: Call[None, None], rule_id: UUID) -> RuleAnswer:
        rows = EarnRule.objects.for_business(call.business).select_related("current", "spending")
        return RuleAnswer(earn_rule=EarnRuleShape.of(get_or_404(rows, noun="rule", pk=rule_id)))

    @operation(
        "Change an earn rule",
        body=ChangedRule,
        answer=RuleAnswer,
        errors=(Code.NOT_FOUND,),
        example={"status": "paused", "multiplier": [2, 1]},
        description="What is left out stays. Other terms make a new version: what was paid keeps the one it was paid "
        "by. What a rule listens to stays as it is.",
    )
    def patch(self, call: Call[Any, None], rule_id: UUID) -> RuleAnswer:
        body = call.body
        named = {name: value for name in TERMS if (value := getattr(body, name, UNSET)) is not UNSET}
        rule = earn_rules.update(
            business=call.business, rule_id=rule_id, title=body.title, status=body.status, changes=named
        )
        return RuleAnswer(earn_rule=EarnRuleShape.of(rule))
