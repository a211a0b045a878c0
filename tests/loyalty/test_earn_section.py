"""Earn rules in the programme's document: what leads nowhere is named, what is left out is archived."""

import msgspec
import pytest

from loyalty.kernel.errors import NotFound
from loyalty.models import EarnRule, EarnRuleVersion
from loyalty.services.earn_section import SECTION

PURCHASE = {
    "key": "purchase",
    "title": "Points for purchases",
    "trigger": "order_paid",
    "earn": {"points": 5, "per": "1.00", "currency": "EUR", "rounding": "down"},
    "status": "active",
    "excludeProducts": [],
    "excludeCollections": ["gift-cards"],
    "minSpend": "0.00",
    "pendingDays": 0,
    "limit": {"times": None, "period": None},
    "tierMultiplier": True,
}
SIGNUP = {"key": "signup", "title": "Welcome", "trigger": "signup", "earn": {"points": 50}, "limit": {"times": 1}}


def items(*rules):
    return msgspec.convert([*rules], SECTION.shape)


def problems(*rules, **document):
    return {problem.path: problem.message for problem in SECTION.check(items(*rules), document)}


class TestCheck:
    def test_names_two_rules_with_one_key(self):
        assert list(problems(SIGNUP, SIGNUP)) == ["earnRules.1.key"]

    def test_names_what_the_document_does_not_have(self):
        lost = {**SIGNUP, "audience": {"segments": ["beta"]}}

        assert list(problems(lost, segments=[])) == ["earnRules.0.audience.segments.0"]
        assert problems(lost) == {}

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"limit": {"times": 2}}, "limit"),
            ({"limit": {"period": "daily"}}, "limit.times"),
            ({"minSpend": "3.00"}, "minSpend"),
        ],
    )
    def test_names_terms_that_mean_nothing(self, change, path):
        assert list(problems(SIGNUP | change)) == [f"earnRules.0.{path}"]

    @pytest.mark.parametrize(
        "change",
        [
            {"earn": {"points": 0}},
            {"earn": {"points": 1.5}},
            {"earn": {"points": 5, "per": "1,00", "currency": "EUR"}},
            {"multiplier": [1, 0]},
            {"multiplier": 1.5},
            {"limit": {"times": 0}},
            {"budget": 0},
            {"pendingDays": -1},
            {"rating": 5},
        ],
    )
    def test_shapes_refuse_what_is_no_rule(self, change):
        with pytest.raises(msgspec.ValidationError):
            items(SIGNUP | change)


class TestApply:
    def test_makes_what_is_exported_again(self, acme):
        SECTION.apply(acme, items(PURCHASE, SIGNUP))
        exported = SECTION.export(acme)

        SECTION.apply(acme, exported)

        assert [item.key for item in exported] == ["purchase", "signup"]
        assert exported[0].exclude_collections == ["gift-cards"]
        assert SECTION.export(acme) == exported
        assert EarnRuleVersion.objects.for_business(acme).count() == 2

    def test_archives_what_is_left_out_and_restores_what_is_named_again(self, acme, rival):
        for business in (acme, rival):
            SECTION.apply(business, items(PURCHASE, SIGNUP))

        SECTION.apply(acme, items(SIGNUP))
        assert [item.key for item in SECTION.export(acme)] == ["signup"]
        SECTION.apply(acme, items(PURCHASE, SIGNUP | {"earn": {"points": 60}}))

        assert set(EarnRule.objects.for_business(acme).values_list("status", flat=True)) == {"active"}
        assert EarnRule.objects.for_business(acme).get(key="signup").current.number == 2
        assert len(SECTION.export(rival)) == 2

    def test_names_the_field_in_the_document(self, acme):
        with pytest.raises(NotFound) as refused:
            SECTION.apply(acme, items(PURCHASE, {**SIGNUP, "audience": {"tiers": ["iron"]}}))

        assert refused.value.field == "earnRules.1.audience.tiers.0"
