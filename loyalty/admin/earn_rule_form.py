"""The form of an earn rule: what most rules say has a field; all else that terms can say is JSON below."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from django import forms
from unfold import widgets

from loyalty.admin.forms import Money, ObjectField
from loyalty.admin.hold import Figures
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.kernel.points import MAX_BALANCE
from loyalty.models import Business, EarnRule, EventType
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.kinds.earning import KINDS

PLAIN: Mapping[str, Any] = msgspec.to_builtins(Terms(trigger="", earn=Earn(points=1)))
PERIODS = [("", "For ever"), ("daily", "Daily"), ("weekly", "Weekly"), ("monthly", "Monthly"), ("yearly", "Yearly")]
OWN = {"trigger", "limit", "budget", "pendingDays", "expiresAfterDays", "tierMultiplier", "minSpend"}
# Whatever else a service blames stands in the JSON.
BLAMED = {"earn": "points", "limit": "times", **dict.fromkeys(("audience", "conditions", "window"), "more")}


class EarnRuleForm(KeyedForm):
    renamed = BLAMED

    trigger = forms.ChoiceField(
        widget=widgets.UnfoldAdminSelectWidget,
        label="Pays for",
        help_text="What people do. Events of your own are declared under Event types. It stays as it is.",
    )
    points = Figures(label="Points")
    per = Money(
        label="For each", help_text="Of purchases: so much money, as in 1.00. Empty: so many points each time."
    )
    min_spend = Money(label="Smallest purchase", help_text="Of what the rule is about. Empty: any.")
    tier_multiplier = forms.BooleanField(
        required=False, widget=widgets.UnfoldBooleanSwitchWidget, label="Times their tier's multiplier"
    )
    times = Figures(
        most=1_000_000, required=False, label="At most, times a person", help_text="Empty: as often as it happens."
    )
    period = forms.ChoiceField(
        required=False, choices=PERIODS, widget=widgets.UnfoldAdminSelectWidget, label="In each period"
    )
    budget = Figures(
        most=MAX_BALANCE,
        required=False,
        help_text="Points for all people together, after which the rule pauses. Empty: no bound.",
    )
    pending_days = Figures(
        most=3650, required=False, label="Days until they ripen", help_text="Such as how long goods may be sent back."
    )
    expires_after_days = Figures(
        most=36500, required=False, label="Days until they expire", help_text="Empty: as the metric says."
    )
    more = ObjectField(
        rows=8,
        required=False,
        label="All else, as JSON",
        help_text="Conditions, audience, window, multiplier, priority, stacking, products and collections, as your "
        'programme spells them: {"audience": {"tiers": ["gold"]}}',
    )

    class Meta:
        model = EarnRule
        fields = ("title", "key", "status")
        help_texts = {
            "title": "People read it in their history.",
            "key": KEY_HELP,
            "status": "Only active rules pay. Archive one instead of deleting it: what it paid stays explained.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            events = EventType.objects.for_business(self.business).filter(archived_at=None).order_by("title")
            own = list(events.values_list("name", "title"))
            kinds = [(name, kind.TITLE) for name, kind in KINDS.items()]
            cast("forms.ChoiceField", self.fields["trigger"]).choices = [*kinds, *own]
        else:
            del self.fields["trigger"]
            self.initial = {**self.initial, **_spelled(earn_rules.terms_of(self.instance.current), self.business)}

    def clean_more(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cleaned_data["more"]
        earn = found.get("earn", {})
        if not isinstance(earn, dict):
            raise forms.ValidationError("earn is an object.")
        if taken := sorted(OWN & found.keys() | {"points", "per"} & earn.keys()):
            raise forms.ValidationError(f"There are fields above for: {', '.join(taken)}.")
        return found

    def clean(self) -> dict[str, Any]:
        """With the terms that all fields make together."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                given["terms"] = msgspec.convert(self._said(given), Terms)
            except msgspec.ValidationError as error:
                self.add_error("points" if "$.earn.points" in str(error) else "more", str(error))
        return given

    def write(self) -> EarnRule:
        given, row = self.cleaned_data, self.instance
        said = {name: given[name] for name in ("title", "status", "terms")}
        if row._state.adding:
            return earn_rules.create(business=self.business, key=given.get("key") or None, **said)
        return earn_rules.update(business=self.business, rule_id=row.pk, **said)

    def _said(self, given: Mapping[str, Any]) -> dict[str, Any]:
        earn = {**given["more"].get("earn", {}), "points": given["points"]}
        if given["per"] is not None:
            earn = {"currency": self.business.currency, **earn, "per": f"{given['per']:f}"}
        trigger = given["trigger"] if self.instance._state.adding else self.instance.current.trigger
        said = {"trigger": trigger, "tierMultiplier": given["tier_multiplier"], "budget": given["budget"]}
        said |= {"limit": {"times": given["times"], "period": given["period"] or None}}
        said |= {"pendingDays": given["pending_days"] or 0, "expiresAfterDays": given["expires_after_days"]}
        spend = "0.00" if given["min_spend"] is None else f"{given['min_spend']:f}"
        return {**given["more"], **said, "earn": earn, "minSpend": spend}


def _spelled(terms: Terms, business: Business) -> dict[str, Any]:
    """What terms say, by the fields of the form."""
    said = msgspec.to_builtins(terms)
    usual = {"each": "order", "currency": business.currency if terms.earn.per else None}
    earn = {name: said["earn"][name] for name, value in usual.items() if said["earn"][name] != value}
    more = {name: value for name, value in said.items() if name not in {*OWN, "earn"} and value != PLAIN[name]}
    more |= {"earn": earn} if earn else {}
    return {
        "points": terms.earn.points,
        "per": terms.earn.per,
        "min_spend": terms.min_spend if float(terms.min_spend) else None,
        "tier_multiplier": terms.tier_multiplier,
        "times": terms.limit.times,
        "period": terms.limit.period or "",
        "budget": terms.budget,
        "pending_days": terms.pending_days or None,
        "expires_after_days": terms.expires_after_days,
        "more": more,
    }
