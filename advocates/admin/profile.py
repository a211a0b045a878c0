"""The forms about one person."""

from typing import Any

from django import forms
from unfold import widgets

from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import advocates
from advocates.services.details import Details
from loyalty.admin.forms import ServiceForm
from loyalty.kernel import ids, periods, points
from loyalty.models import Business, Metric, Segment
from loyalty.selectors.segments import keys_of
from loyalty.selectors.tiers import tiers_of
from loyalty.services import segments
from loyalty.services.ledger import POINTS

TIMEZONES = [("", "As the business")] + [(name, name.replace("_", " ")) for name in sorted(periods.zones())]
AS_EARNED = ("", "As earned")
LIKE_AN_ADDRESS = (
    "This looks like an e-mail address. It works, until the person changes theirs: an id that stays, and that says "
    "nothing of them, is better."
)


class ProfileForm(ServiceForm):
    """Writes through the service: a taken address is said beside it, and webhooks hear of a change."""

    renamed = {"external_id": "external"}  # the model's is not for model forms

    external = forms.CharField(
        label="External id",
        required=False,
        empty_value=None,
        max_length=128,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="The id that your shop knows them by.",
    )
    timezone = forms.ChoiceField(
        choices=TIMEZONES, required=False, widget=widgets.UnfoldAdminSelectWidget, label="Time zone"
    )

    segments = forms.MultipleChoiceField(
        required=False,
        widget=widgets.UnfoldAdminSelectMultipleWidget,
        help_text="Groups that rewards and quests can be kept for, and memberships.",
    )

    class Meta:
        model = Advocate
        fields = ("name", "email", "phone", "birthday", "locale")
        labels = {"email": "E-mail", "locale": "Language"}
        help_texts = {
            "email": "Unique among your people, in any spelling of capitals.",
            "phone": "In international form, as in +4930123456.",
            "locale": "As in en or pt-BR.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = Segment.objects.for_business(self.business).filter(archived_at=None)
        choose(self, "segments", list(live.order_by("title").values_list("key", "title")))
        if not self.instance._state.adding:
            keys = keys_of(business=self.business, account_ids=[self.instance.pk])
            self.initial = {
                **self.initial,
                "segments": list(keys.get(self.instance.pk, ())),
                "external": self.instance.external_id,
                "timezone": self.instance.account.timezone,
            }
            if "@" in (self.instance.external_id or ""):
                self.fields["external"].help_text = LIKE_AN_ADDRESS

    def write(self) -> Advocate:
        given = Details(
            name=self.cleaned_data["name"],
            email=self.cleaned_data["email"] or None,
            phone=self.cleaned_data["phone"],
            birthday=self.cleaned_data["birthday"],
            locale=self.cleaned_data["locale"],
            external_id=self.cleaned_data["external"],
            timezone=self.cleaned_data["timezone"],
        )
        if self.instance._state.adding:
            written = advocates.create(business=self.business, **given)
        else:
            written = advocates.update(business=self.business, advocate_id=self.instance.pk, **given)
        segments.put(business=self.business, account_id=written.pk, keys=self.cleaned_data["segments"])
        return written


class PointsForm(forms.Form):
    direction = forms.ChoiceField(
        label="What to do",
        choices=[("award", "Award"), ("deduct", "Deduct")],
        initial="award",
        widget=widgets.UnfoldAdminRadioSelectWidget,
    )
    amount = forms.IntegerField(
        min_value=1,
        max_value=points.MAX_MOVE,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="A whole number. A deduction takes what expires soonest, and never more than there is.",
    )
    metric = forms.ChoiceField(label="Of", initial=POINTS, widget=widgets.UnfoldAdminSelectWidget)
    description = forms.CharField(
        label="Why",
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="They can read it in their history.",
    )
    once = forms.UUIDField(initial=ids.new_id, widget=forms.HiddenInput)  # a double click posts once

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        metrics = Metric.objects.for_business(business).filter(archived_at=None).order_by("title")
        choose(self, "metric", list(metrics.values_list("key", "title")))


class MembershipForm(forms.Form):
    direction = forms.ChoiceField(
        label="Do",
        choices=[("give", "Give it, or let it last for longer"), ("take", "Take it away")],
        initial="give",
        widget=widgets.UnfoldAdminRadioSelectWidget,
    )
    membership = forms.ChoiceField(widget=widgets.UnfoldAdminSelectWidget)
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=widgets.UnfoldAdminDateWidget,
        help_text="Empty: as long as the membership lasts.",
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = Segment.objects.for_business(business).filter(archived_at=None, is_membership=True)
        choose(self, "membership", list(live.order_by("title").values_list("key", "title")))


class MergeForm(forms.Form):
    into = forms.CharField(
        label="Merge into",
        max_length=254,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="The e-mail address, the external id or the id of the advocate who stays.",
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business = business

    def clean_into(self) -> Advocate:
        text = self.cleaned_data["into"].strip()
        id = ids.parse_id(text)
        people = Advocate.objects.for_business(self.business)
        found = (
            people.filter(pk__in=[id] if id else []).first()
            or identity.by_email(business=self.business, email=text)
            or identity.by_external_id(business=self.business, external_id=text)
        )
        if found is None:
            raise forms.ValidationError("There is no such advocate. Check the spelling.")
        return found


class ErasureForm(forms.Form):
    sure = forms.BooleanField(
        label="I know that this cannot be undone",
        widget=widgets.UnfoldBooleanWidget,
    )


class TierForm(forms.Form):
    tier = forms.ChoiceField(
        required=False,
        widget=widgets.UnfoldAdminRadioSelectWidget,
        help_text="A tier that you choose here stays until you choose “As earned” again.",
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "tier", [AS_EARNED, *((tier.key, tier.title) for tier in tiers_of(business))])


def choose(form: forms.BaseForm, name: str, choices: list[tuple[str, Any]]) -> None:
    """Offer these: each with its title, or a title with a list of such."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
