"""Lists ask as often for fifty rows as for two, and never count further than people read."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate
from loyalty.admin.filters import OfPerson
from loyalty.admin.scope import COUNTED
from loyalty.models.base import TenantModel
from tests import dashboards

LISTS = [model for model in admin.site._registry if issubclass(model, TenantModel)]


def persons_filter(model) -> str:
    """The parameter by which a list shows one person's rows, if it can."""
    specs = admin.site._registry[model].list_filter
    return next((spec.parameter_name for spec in specs if isinstance(spec, type) and issubclass(spec, OfPerson)), "")


def queries_of(browser, model) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(dashboards.listed(model)).status_code == 200
    return len(asked)


@pytest.fixture
def olga(acme):
    dashboards.fill(acme, "beans")
    return dashboards.works_for(acme)


class TestEveryList:
    def test_asks_no_more_for_more_rows(self, olga, acme):
        few = {model: queries_of(olga, model) for model in LISTS}
        for number in range(4):
            dashboards.fill_more(acme, f"more{number}")
        many = {model: queries_of(olga, model) for model in LISTS}

        assert many == few

    def test_counts_no_further_than_ten_thousand(self, olga):
        with CaptureQueriesContext(connection) as asked:
            olga.get(dashboards.listed(LISTS[0]))

        counted = [query["sql"] for query in asked if "COUNT(*)" in query["sql"]]
        assert counted
        assert all(f"LIMIT {COUNTED}" in sql for sql in counted)


class TestListsOfOnePerson:
    @pytest.mark.parametrize("model", [model for model in LISTS if persons_filter(model)])
    def test_open_from_their_page(self, olga, acme, model):
        person = Advocate.objects.for_business(acme).first()
        listed = dashboards.listed(model, **{persons_filter(model): person.pk})

        assert olga.get(listed).status_code == 200
