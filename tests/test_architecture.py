"""The house's rules, checked: arrows point down, no query without its tenant, no tenant column behind others."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from loyalty.models.base import TenantModel

ROOT = Path(__file__).resolve().parent.parent
STACK = ["loyalty", "advocates", "webhooks", "rewards", "referrals", "widget", "config"]
OURS = [model for model in apps.get_models() if model._meta.app_label in STACK]
TENANT = {model.__name__ for model in OURS if issubclass(model, TenantModel)}

# Rows that are part of another one, and go with it.
PARTS = {("Membership", "user"), ("ImportPart", "whole")}

# Reads of tenant rows that rightly start elsewhere: by an unguessable digest, or for the whole house.
ANYWHERE = {
    "loyalty/api/authentication.py": "a key is looked up by its digest, which names the business",
    "loyalty/services/idempotency.py": "old records are purged for everybody",
    "loyalty/services/proof_files.py": "old files are forgotten for everybody",
    "advocates/services/sso.py": "old signatures are purged for everybody",
    "referrals/services/links.py": "a link's name is unique in the house, and says which business it is",
    "referrals/services/share.py": "a worker follows the feeds of everybody who shares",
    "referrals/services/retention.py": "old signals are forgotten for everybody",
    "loyalty/services/accrual.py": "a worker shares out the minutes of everybody",
    "loyalty/services/publication.py": "the relay publishes for everybody",
    "loyalty/services/setbacks.py": "the relay counts the failures of everybody's events",
    "loyalty/selectors/listening.py": "a worker asks who of everybody listens to something",
    "advocates/services/imports.py": "a worker goes on with the files of everybody",
    "loyalty/services/simulations.py": "a worker goes on with the tries of everybody",
    "advocates/services/birthdays.py": "rounds of those who stopped listening end for everybody",
    "rewards/api/gift_view.py": "a token is looked up by its digest, which names the business",
    "rewards/services/gift_accounts.py": "an access token is looked up by its digest; ended tokens go for everybody",
    "rewards/services/gift_claims.py": "a link's token is looked up by its digest, which names the business",
    "rewards/services/gift_messages.py": "a notice names the card; whoever carries messages does so for everybody",
    "rewards/services/gift_orders.py": "a worker fills and settles orders for everybody",
    "rewards/services/gift_buying.py": "a worker buys what is due for everybody",
    "rewards/services/gift_uploads.py": "files that nobody sent are forgotten for everybody",
    "rewards/services/gift_promises.py": "a worker orders what is owed to everybody",
    "rewards/services/gift_shortages.py": "a worker tells everybody whose deposit is short",
    "rewards/services/gift_sending.py": "a worker sends what is due for everybody",
    "loyalty/services/memberships.py": "a worker ends what is over for everybody",
    "rewards/services/gift_unclaimed.py": "a worker follows up what nobody claims for everybody",
    "rewards/services/steps.py": "a worker cancels what is overdue for everybody",
    "webhooks/selectors.py": "an operator asks what is overdue, whoever's it is",
    "config/metrics.py": "an operator's monitoring counts what waits and fails, whoever's it is",
    "webhooks/services/claims.py": "a worker claims what is due for everybody",
    "webhooks/services/notices.py": "a worker mails what is due for everybody",
    "webhooks/services/outcomes.py": "a worker writes down what it sent for everybody",
    "webhooks/services/relay.py": "the relay fans out for everybody",
    "webhooks/services/retention.py": "old attempts are purged for everybody",
}


def foreign_keys() -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    for model in OURS:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label in STACK:
                yield model, field


class TestForeignKeys:
    @pytest.mark.parametrize(("model", "field"), list(foreign_keys()), ids=str)
    def test_point_down_and_leave_no_trace_across_apps(self, model, field):
        here, there = model._meta.app_label, field.related_model._meta.app_label

        assert STACK.index(there) <= STACK.index(here)
        if here != there:
            assert field.remote_field.related_name == "+"

    @pytest.mark.parametrize(("model", "field"), list(foreign_keys()), ids=str)
    def test_never_delete_what_others_need(self, model, field):
        goes_with_it = (model.__name__, field.name) in PARTS

        assert field.remote_field.on_delete is (models.CASCADE if goes_with_it else models.PROTECT)


class TestTenantModels:
    @pytest.mark.parametrize("model", [model for model in OURS if issubclass(model, TenantModel)])
    def test_have_a_uuid_and_no_ordering(self, model):
        assert isinstance(model._meta.pk, models.UUIDField)
        assert not model._meta.ordering


class TestQueries:
    def test_of_tenant_rows_start_from_their_business(self):
        found = [f"{path}:{line}" for path in sources() for line in unscoped(path) if path not in ANYWHERE]

        assert found == []

    def test_would_be_found_otherwise(self, tmp_path):
        """The control: the linter sees what it is for."""
        assert list(unscoped_in("Account.objects.filter(pk=1)")) == [1]
        assert list(unscoped_in("Account.objects.for_business(b).filter(pk=1)")) == []
        assert list(unscoped_in("Account.objects.create(business=b)")) == []


def sources() -> list[str]:
    files = [path for app in STACK for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    return [str(path.relative_to(ROOT)) for path in files]


def unscoped(path: str) -> Iterator[int]:
    return unscoped_in((ROOT / path).read_text(encoding="utf-8"))


def unscoped_in(source: str) -> Iterator[int]:
    """Lines that read `<TenantModel>.objects` by anything but `for_business`, or a call that names the business."""
    tree = ast.parse(source)
    scoped = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and names_business(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=method, value=ast.Attribute(attr="objects", value=ast.Name(id=name))) if (
                name in TENANT and method not in {"for_business", "bulk_create"} and id(node) not in scoped
            ):
                yield node.lineno


def names_business(call: ast.Call) -> bool:
    return any(keyword.arg in {"business", "business_id"} for keyword in call.keywords)
