"""What each kind of earning accepts and is worth; and docs/rules/earning.md, whose tables are worked out here."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from loyalty.kernel import ids, points
from loyalty.kernel.errors import Invalid
from loyalty.services import earn_rules, payouts
from loyalty.services.compiled import Rule
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.kinds.earning import KINDS, event, kind_of, order_paid
from loyalty.services.quest_rules import Condition

PAGE = (Path(__file__).resolve().parents[2] / "docs/rules/earning.md").read_text(encoding="utf-8")
RATES = {"EUR": Fraction(1), "GBP": Fraction("1.15")}
LIMITS = {
    "": Limit(),
    "once": Limit(times=1),
    "once a year": Limit(times=1, period="yearly"),
    "once, unless the rule says": Limit(times=1),
    "once a day, unless the rule says": Limit(times=1, period="daily"),
}


def table(first_heading):
    """The cells of the rows of a table of the page."""
    _, _, rest = PAGE.partition(f"| {first_heading} |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def terms(trigger="order_paid", *, points=5, per="1.00", currency="EUR", each="order", **rest):
    paid = Earn(points=points, per=per, currency=currency, each=each)
    earn = paid if trigger == "order_paid" else Earn(points=points)
    return earn_rules.meaningful(Terms(trigger=trigger, earn=earn, **rest))


def rule(of):
    everybody = {"opens_at": None, "closes_at": None, "tier_ids": None, "segment_keys": frozenset()}
    return Rule(rule_id=ids.new_id(), key="r", title="R", version=1, terms=of, **everybody)


def order(*amounts, currency="EUR"):
    return {"currency": currency, "lines": [{"amount": str(amount)} for amount in amounts]}


def outcome(of, facts, tier=Fraction(1)):
    base = kind_of(of.trigger).base(of, facts, RATES)
    return payouts.Payout(rule(of), base) if isinstance(base, str) else payouts.worth(rule(of), base, tier)


def in_words(payout):
    return str(payout.points) if payout.pays else f"nothing: `{payout.reason}`"


class TestRefuses:
    @pytest.mark.parametrize(
        ("earn", "field"),
        [
            (Earn(points=5, per="1.00"), "earn.currency"),
            (Earn(points=5, per="0.00", currency="EUR"), "earn.per"),
            (Earn(points=5, per="0.001", currency="EUR"), "earn.per"),
            (Earn(points=5, per="1.00", currency="EUR", each="piece"), "earn.each"),
        ],
    )
    def test_orders_that_do_not_say_per_how_much(self, earn, field):
        with pytest.raises(Invalid) as refused:
            earn_rules.meaningful(Terms(trigger="order_paid", earn=earn))

        assert refused.value.field == field

    def test_a_minimum_finer_than_the_currency(self):
        with pytest.raises(Invalid) as refused:
            terms(min_spend="0.001")

        assert refused.value.field == "minSpend"

    @pytest.mark.parametrize("trigger", [trigger for trigger in [*KINDS, "ride"] if trigger != "order_paid"])
    def test_amounts_where_there_are_none(self, trigger):
        for wrong in ({"min_spend": "5.00"}, {"exclude_products": ["mug"]}, {"exclude_collections": ["mugs"]}):
            with pytest.raises(Invalid):
                terms(trigger, **wrong)
        with pytest.raises(Invalid):
            earn_rules.meaningful(Terms(trigger=trigger, earn=Earn(points=1, per="1.00", currency="EUR")))
        with pytest.raises(Invalid):
            earn_rules.meaningful(Terms(trigger=trigger, earn=Earn(points=1, each="piece")))

    @pytest.mark.parametrize("trigger", ["signup", "newsletter", "birthday"])
    def test_another_limit_than_the_kinds_own(self, trigger):
        with pytest.raises(Invalid) as refused:
            terms(trigger, limit=Limit(times=2))

        assert refused.value.field == "limit"

    def test_conditions_that_make_no_sense(self):
        with pytest.raises(Invalid):
            terms(conditions=[Condition(field="total", operator="in", value=3)])


class TestThePage:
    def test_has_a_row_for_every_kind(self):
        rows = {trigger.strip("`"): (title, limit) for trigger, title, limit in table("trigger")}

        assert rows.pop("any other name") == (event.TITLE, "")
        assert list(rows) == list(KINDS)
        for trigger, (title, limit) in rows.items():
            assert (KINDS[trigger].TITLE, terms(trigger).limit) == (title, LIMITS[limit])

    def test_says_which_limits_a_rule_may_choose(self):
        for trigger, _, limit in table("trigger"):
            if limit.endswith("unless the rule says"):
                assert terms(trigger.strip("`"), limit=Limit(times=7)).limit == Limit(times=7)

    @pytest.mark.parametrize("row", table("points"), ids=" ".join)
    def test_multiplies_as_it_says(self, row):
        base, multiplier, tier, uses_tier, exact, paid = row
        top, bottom = map(int, multiplier.split("/"))
        of = terms("ride", points=int(base), multiplier=[top, bottom], tier_multiplier=uses_tier == "yes")

        payout = outcome(of, {}, Fraction(tier))

        assert (str(payout.exact), in_words(payout)) == (exact, paid)

    @pytest.mark.parametrize("row", table("order"), ids=" ".join)
    def test_pays_for_orders_as_it_says(self, row):
        bought, said, exact, paid = row

        payout = outcome(rule_of(said), order_of(bought))

        assert (str(payout.exact), in_words(payout)) == (exact, paid)

    def test_has_as_many_examples_as_it_had(self):
        """The control: the tables are found."""
        assert (len(table("points")), len(table("order")), len(table("bound"))) == (6, 18, 10)


def order_of(words):
    currency, _, rest = words.partition(" ")
    lines = []
    for amount, in_collection, name in re.findall(r"([0-9.]+)(?: \((in )?([a-z-]+)\))?", rest):
        lines.append({"amount": amount, "productId": "" if in_collection else name})
        lines[-1]["collections"] = [name] if in_collection else []
    return {"currency": currency, "lines": lines}


def rule_of(words):
    number, per, currency, each = re.match(r"(\d+) per (?:([0-9.]+) ([A-Z]+)|(order|piece))", words).groups()
    only = re.findall(r"only ([a-z-]+)", words)
    without = re.findall(r"without ([a-z-]+)", words)
    least = re.findall(r"from ([0-9.]+)", words)
    return terms(
        points=int(number),
        per=per,
        currency=currency,
        each=each or "order",
        include_products=only,
        include_collections=only,
        exclude_products=without,
        exclude_collections=without,
        min_spend=least[0] if least else "0.00",
    )


CENTS = st.integers(0, 10**9)
FACTORS = st.lists(st.integers(1, 1000), min_size=2, max_size=2)


def money_of(cents):
    return str(Decimal(cents).scaleb(-2))


class TestExactness:
    @given(cents=CENTS, per=st.integers(1, 10**6), earned=st.integers(1, 10**4), factor=FACTORS, tier=FACTORS)
    def test_the_points_are_the_whole_part_and_nothing_is_lost_on_the_way(self, cents, per, earned, factor, tier):
        of = terms(points=earned, per=money_of(per), multiplier=factor, tier_multiplier=True)

        payout = outcome(of, order(money_of(cents)), Fraction(*tier))

        top, bottom = cents * earned * factor[0] * tier[0], per * factor[1] * tier[1]
        assert payout.points == min(top // bottom, points.MAX_MOVE)
        assert payout.exact == Fraction(top, bottom)

    @given(lines=st.lists(CENTS, min_size=1, max_size=20))
    def test_an_order_is_worth_the_same_however_it_is_cut_into_lines(self, lines):
        whole = order_paid.base(terms(), order(money_of(sum(lines))), RATES)

        assert order_paid.base(terms(), order(*map(money_of, lines)), RATES) == whole

    @given(first=CENTS, more=CENTS)
    def test_more_money_never_earns_less(self, first, more):
        of = terms()

        assert outcome(of, order(money_of(first))).points <= outcome(of, order(money_of(first + more))).points

    @given(cents=CENTS, excluded=CENTS)
    def test_what_is_excluded_earns_nothing(self, cents, excluded):
        of = terms(exclude_products=["mug"])
        facts = order(money_of(cents), money_of(excluded))
        facts["lines"][1]["productId"] = "mug"

        assert outcome(of, facts).points == outcome(of, order(money_of(cents))).points

    @pytest.mark.parametrize(
        "facts",
        [
            {},
            {"currency": "EUR"},
            {"currency": "EUR", "lines": [{"amount": 19.99}]},
            {"currency": "EUR", "lines": [{"amount": "-1.00"}]},
            {"currency": "EUR", "lines": [{"amount": "0.001"}]},
            {"currency": "EUR", "lines": [{"amount": "NaN"}]},
            {"currency": "EUR", "lines": [{"amount": "many"}]},
        ],
    )
    def test_what_is_no_order_earns_nothing(self, facts):
        assert outcome(terms(), facts).reason == "no_order"

    def test_one_award_has_a_bound(self):
        payout = outcome(structs.replace(terms(points=10**12, per="0.01")), order("99.00"))

        assert (payout.points, payout.caps) == (points.MAX_MOVE, ("largest_award",))
