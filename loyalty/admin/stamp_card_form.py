"""The form of a stamp card: what most cards say has a field; which products count is JSON, and what slots bring."""

from typing import Any

import msgspec
from django import forms
from unfold import widgets

from loyalty.admin.forms import ListField, Money, ObjectField
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.kernel.shapes import to_struct
from loyalty.models import StampCard
from loyalty.services import stamp_cards
from loyalty.services.stamp_rules import CardRules, Stamp

PER = [("order", "Each order"), ("piece", "Each piece")]
OWN = {"per", "minSpend"}
PLAIN = msgspec.to_builtins(Stamp())


class StampCardForm(KeyedForm):
    renamed = {"stamp": "more"}

    per = forms.ChoiceField(choices=PER, widget=widgets.UnfoldAdminSelectWidget, label="A stamp for")
    min_spend = Money(label="Smallest purchase", help_text="Of what counts, in each order. Empty: any.")
    more = ObjectField(
        rows=4,
        required=False,
        label="Which products count, as JSON",
        help_text="As your programme spells it. Empty: all of them. "
        '{"includeCollections": ["coffee"], "excludeProducts": ["gift-card"]}',
    )
    rewards = ListField(
        rows=8,
        required=False,
        label="What slots bring, as JSON",
        help_text="As your programme spells it, given when the stamp comes into the slot. "
        '[{"slot": 10, "title": "A coffee", "benefits": [{"kind": "reward", "reward": "free-coffee"}]}]',
    )

    class Meta:
        model = StampCard
        fields = ("title", "key", "status", "slots", "prefilled", "cooldown_hours")
        labels = {"prefilled": "Stamped from the start", "cooldown_hours": "Hours between two stamps"}
        help_texts = {
            "title": "People read it on their card.",
            "key": KEY_HELP,
            "status": "Only active cards give stamps, and are shown. People keep what they have.",
            "slots": "A full card starts anew.",
            "prefilled": "So many slots of each new card are a gift.",
            "cooldown_hours": "After a stamp, orders give none for so long. 0: no wait.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial = {**self.initial, **_spelled(self.instance)}

    def clean_more(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cleaned_data["more"]
        if taken := sorted(OWN & found.keys()):
            raise forms.ValidationError(f"There are fields above for: {', '.join(taken)}.")
        return found

    def write(self) -> StampCard:
        row = self.instance
        if row._state.adding:
            title, key = self.cleaned_data["title"], self.cleaned_data.get("key")
            rules = self._rules(key or stamp_cards.free_key(business=self.business, title=title))
            return stamp_cards.create(business=self.business, rules=rules)
        return stamp_cards.update(business=self.business, card_id=row.pk, rules=self._rules(row.key))

    def _rules(self, key: str) -> CardRules:
        """:raises Invalid: naming the field that cannot be so"""
        given = self.cleaned_data
        spends = {}
        if given["min_spend"]:
            spends = {"currency": self.business.currency, "minSpend": f"{given['min_spend']:f}"}
        said = {name: given[name] for name in ("title", "status", "slots", "prefilled", "rewards")}
        stamp = {**spends, **given["more"], "per": given["per"]}
        return to_struct({**said, "key": key, "cooldownHours": given["cooldown_hours"], "stamp": stamp}, CardRules)


def _spelled(card: StampCard) -> dict[str, Any]:
    """What a card says, by the fields of the form."""
    stamp = msgspec.to_builtins(CardRules.of(card).stamp)
    usual = {**PLAIN, "currency": card.business.currency if float(stamp["minSpend"]) else None}
    more = {name: said for name, said in stamp.items() if name not in OWN and said != usual[name]}
    return {
        "per": stamp["per"],
        "min_spend": stamp["minSpend"] if float(stamp["minSpend"]) else None,
        "more": more,
        "rewards": card.rewards,
    }
