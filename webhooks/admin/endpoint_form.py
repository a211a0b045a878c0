"""The form of an endpoint."""

from itertools import groupby
from typing import Any

from django import forms
from unfold import widgets

from loyalty.admin.forms import UrlField
from loyalty.admin.secrets import SecretForm
from webhooks.models import Endpoint
from webhooks.services import endpoints, signing, topics


def _family(topic: str) -> str:
    return topic.partition("/")[0]


# Everything, then family by family.
TOPICS: list[tuple[str, list[tuple[str, str]]]] = [("Everything", [(topics.ALL, "Everything that happens")])]
for family, group in groupby(topics.TOPICS, key=_family):
    choices = [(f"{family}/*", f"All of {family}"), *((topic, topic) for topic in group)]
    TOPICS.append((family.replace("_", " ").capitalize(), choices))

PROFILES = [(name, "Standard Webhooks" if name == "standard" else name) for name in signing.PROFILES]


class EndpointForm(SecretForm):
    url = UrlField(
        label="URL",
        max_length=2048,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="Where we post to: https, on a public address.",
    )
    topics = forms.MultipleChoiceField(
        choices=TOPICS,
        widget=widgets.UnfoldAdminSelect2MultipleWidget,
        help_text="What it hears of. Points redeemed is what a shop needs to honour coupons.",
    )
    signature_profile = forms.ChoiceField(
        label="Signature",
        choices=PROFILES,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="How the receiver can tell that a call is ours. The others are for receivers that exist already.",
    )

    class Meta:
        model = Endpoint
        fields = ("url", "topics", "signature_profile", "description")
        help_texts = {"description": "For yourself: what listens there."}

    def write(self) -> Endpoint:
        given: dict[str, Any] = self.cleaned_data
        if not self.instance._state.adding:
            return endpoints.update(business=self.business, endpoint_id=self.instance.pk, **given)
        endpoint, self.text = endpoints.create(business=self.business, **given)
        return endpoint
