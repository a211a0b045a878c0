"""Whoever works for Rival finds nothing of Acme in the dashboard, wherever they look: every page, every way in.

The pages come from the admin's own registry: a new one is covered by itself, and fails here until it has a row.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.test import Client
from django.urls import reverse

from loyalty.models import Business, Membership, Metric
from loyalty.models.base import TenantModel
from tests import dashboards

MARK = "zzacme7q"
NEAR = "zzac"  # finds it, and is not it
TENANT = [model for model in apps.get_models() if issubclass(model, TenantModel)]
SHOWN = [model for model in admin.site._registry if model in TENANT]
NAMES = [model.__name__ for model in SHOWN]
ACTIONS = (
    *("delete_selected", "archive", "retry_all", "activate"),
    *("approve_all", "reject_all", "approve_chosen", "reject_chosen"),
)

# What these columns say is a word of ours, not of Acme's people: pages need it to make sense.
OUR_WORDS = {
    ("Account", "timezone"),
    ("Batch", "made"),
    ("Batch", "reached"),
    ("Conversion", "currency"),
    ("Conversion", "friend_benefits"),
    ("Conversion", "reason"),
    ("Conversion", "referrer_benefits"),
    ("Delivery", "topic"),
    ("Endpoint", "signature_profile"),
    ("Event", "topic"),
    ("Order", "currency"),
    ("Order", "earned"),
    ("Product", "currency"),
    ("Import", "kind"),
    ("Import", "columns"),
    ("Import", "layout"),
    ("ImportPart", "problems"),
    ("ImportPart", "rows"),
    ("Milestone", "benefits"),
    ("FundingRequest", "currency"),
    ("GiftLine", "address"),
    ("GiftOrder", "currency"),
    ("GiftOrder", "source_id"),
    ("GiftOrder", "source_type"),
    ("GiftUpload", "currency"),
    ("GiftUpload", "problems"),
    ("GiftUpload", "rows"),
    ("GiftProduct", "currency"),
    ("GiftProduct", "delivery_types"),
    ("GiftProduct", "provider"),
    ("ShippingMethod", "countries"),
    ("ImportPart", "money"),
    ("Question", "kind"),
    ("Redemption", "terms"),
    ("ReferralProgramme", "currency"),
    ("ReferralProgramme", "friend_benefits"),
    ("ReferralProgramme", "referrer_benefits"),
    ("Reward", "currency"),
    ("Reward", "type"),
    ("Simulation", "point_value"),
    ("StampCard", "rewards"),
    ("StampCard", "stamp"),
}
# Nobody may change these, so they are marked when they are written, or hold no text of Acme's at all.
WRITTEN_ONCE = {
    "EarnRuleVersion",
    "GiftPosting",
    "HoldingChange",
    "LedgerEntry",
    "IdempotencyRecord",
    "QuestVersion",
    "Task",
}


def texts(model: type[models.Model]) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField, models.JSONField, ArrayField))
        and not field.choices
        and not field.generated
        and not isinstance(getattr(field, "base_field", None), models.IntegerField)  # an array of numbers
        and (model.__name__, field.name) not in OUR_WORDS
    ]


def marked(field: Any, number: str) -> Any:
    """A value with the mark in it, different for every row."""
    text = f"{MARK}-{number}"[: getattr(field, "max_length", None) or 80]
    match field:
        case models.EmailField():
            return f"{text}@example.com"
        case models.JSONField():
            return {MARK: text}
        case ArrayField():
            return [text]
    return text


@pytest.fixture
def marked_acme(acme: Business) -> Business:
    """Acme, with the mark in every text of every row."""
    dashboards.fill(acme, MARK)
    olga = dashboards.works_for(acme)
    olga.post(dashboards.page(acme), dashboards.SETTINGS | {"name": MARK})  # leaves a line in the log
    Business.objects.filter(pk=acme.pk).update(name=MARK, contact_email=f"{MARK}@example.com")
    for model in TENANT:
        fields = [] if model.__name__ in WRITTEN_ONCE else texts(model)
        for number, row in enumerate(model._default_manager.filter(business=acme)):
            changes = {field.name: marked(field, f"{number}{model.__name__[0]}") for field in fields}
            if changes:
                model._default_manager.filter(pk=row.pk).update(**changes)
    return acme


@pytest.fixture
def stan(rival: Business, marked_acme: Business) -> Client:
    """The browser of Rival's owner, whose programme has a row of everything, too."""
    dashboards.fill(rival, "tea")
    return dashboards.works_for(rival)


def rows_of(model: type[models.Model], business: Business) -> Any:
    return model._default_manager.filter(business=business)


def state_of(business: Business) -> dict[str, list[Any]]:
    return {model.__name__: list(rows_of(model, business).order_by("pk").values()) for model in TENANT}


def addresses(model: type[models.Model], own: models.Model, other: models.Model) -> Iterator[str]:
    listed = dashboards.listed(model)
    yield from (listed, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"))
    yield from (f"{listed}?{urlencode(query)}" for query in queries(model, other))
    for row in (own, other):
        yield from (dashboards.page(row, name) for name in ("change", "history", "delete"))
        yield from (dashboards.page(row, name) for name in buttons(model))
        yield dashboards.page(row) + "?" + urlencode({"_changelist_filters": f"q={NEAR}", "_popup": 1})
    for field in model._meta.fields:
        if field.remote_field:
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            for term in ("", NEAR):
                yield f"/admin/autocomplete/?{urlencode({**asked, 'field_name': field.name, 'term': term})}"


def queries(model: type[models.Model], other: Any) -> Iterator[dict[str, Any]]:
    yield from ({"q": NEAR}, {"q": other.pk}, {"o": 1}, {"o": -2}, {"p": 2}, {"all": ""}, {"_popup": 1}, {"e": 1})
    yield from ({"account": other.pk}, {"advocate": other.pk}, {"id__exact": other.pk}, {"pk__in": other.pk})
    yield from ({"business__name__startswith": NEAR}, {"business": other.business_id}, {"business__id__exact": "x"})
    for field in model._meta.concrete_fields:
        yield from ({f"{field.name}__startswith": NEAR}, {f"{field.name}__isnull": 0})
        if field.remote_field:
            yield from ({f"{field.name}__id__exact": getattr(other, field.attname)}, {f"{field.name}__title__gt": ""})


def buttons(model: type[models.Model]) -> list[str]:
    page: Any = admin.site._registry[model]
    return list(page._extract_action_names(page.actions_detail))


def assert_unmarked(response: Any, address: str) -> None:
    assert response.status_code < 500, address
    seen = dashboards.text_of(response) + response.headers.get("Location", "").replace(NEAR, "")
    assert MARK not in seen.lower(), address


@pytest.mark.breaks_the_books
class TestWhoeverWorksForRival:
    @pytest.mark.parametrize("model", SHOWN, ids=NAMES)
    def test_reads_nothing_of_acme(self, model, stan, marked_acme, rival):
        own, other = rows_of(model, rival).first(), rows_of(model, marked_acme).first()
        assert None not in (own, other), "fill() makes no row of this model"

        for address in addresses(model, own, other):
            assert_unmarked(stan.get(address), address)
        for link in set(re.findall(r'href="(\?[^"]*)"', dashboards.text_of(stan.get(dashboards.listed(model))))):
            assert_unmarked(stan.get(dashboards.listed(model) + link.replace("&amp;", "&")), link)
        for name in ("change", "history", "delete", *buttons(model)):
            assert stan.get(dashboards.page(other, name)).status_code in (302, 403, 404), name

    def test_changes_nothing_of_acme(self, stan, marked_acme):
        before = state_of(marked_acme)

        for model in SHOWN:
            other = rows_of(model, marked_acme).first()
            for action in ACTIONS:
                sent = {**SENT, "action": action, "_selected_action": [other.pk], "post": "yes"}
                stan.post(dashboards.listed(model), sent)
            for name in ("change", "delete", *buttons(model)):
                stan.post(dashboards.page(other, name), {**SENT, "post": "yes", "_save": "1"})

        assert state_of(marked_acme) == before

    def test_reads_nothing_of_acme_around_the_pages(self, stan):
        for path in ("", "loyalty/", f"search/?extended=1&s={NEAR}", "search/?s=metric", "jsi18n/", "forgotten/"):
            assert_unmarked(stan.get(f"/admin/{path}"), path)

    def test_cannot_switch_to_acme(self, stan, marked_acme):
        stan.post("/admin/loyalty/business/switch/", {"business": str(marked_acme.pk)})

        assert_unmarked(stan.get("/admin/"), "after the switch")
        assert stan.get(dashboards.page(marked_acme)).status_code == 302

    def test_is_not_offered_rows_of_acme_in_a_forged_form(self, stan, marked_acme):
        metric = rows_of(Metric, marked_acme).first()
        form = {"title": "Ladder", "key": "ladder", "metric": metric.pk, **NO_STEPS}

        answer = stan.post("/admin/loyalty/milestoneset/add/", form)

        assert "not one of the available choices" in dashboards.text_of(answer)


@pytest.mark.breaks_the_books
class TestTheSearchItself:
    """The control: what is looked for is there, and those who may see it do."""

    def test_has_the_mark_in_every_text_of_acme(self, marked_acme):
        for field in chain.from_iterable(map(texts, SHOWN)):
            values = rows_of(field.model, marked_acme).values_list(field.name, flat=True)
            assert any(MARK in str(value) for value in values), field

    def test_finds_the_mark_as_acmes_owner(self, marked_acme):
        owner = rows_of(Membership, marked_acme).filter(role="owner").first().user
        olga = dashboards.browser_of(owner)

        for model in SHOWN:
            if texts(model):
                pages = [olga.get(dashboards.page(row)) for row in rows_of(model, marked_acme)]
                assert any(MARK in dashboards.text_of(page).lower() for page in pages), model

    def test_covers_every_page_of_tenant_rows(self):
        plain = {model.__name__ for model in admin.site._registry if model not in TENANT}

        assert plain == {"Business", "Plan", "RedeliveredTask", "User"}


SENT = {
    **{
        "name": "Taken",
        "title": "Taken",
        "email": "taken@example.com",
        "role": "owner",
        "url": "https://taken.example",
    },
    **{"reason": "Taken", "direction": "award", "amount": "5", "metric": "points", "description": "Taken", "tier": ""},
    **{"once": "0192e4a0-0000-7000-8000-000000000000", "topic": "points/earned", "topics": "*"},
}
NO_STEPS = {"milestones-TOTAL_FORMS": "0", "milestones-INITIAL_FORMS": "0"}
