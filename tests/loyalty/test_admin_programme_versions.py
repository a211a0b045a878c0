"""The page of the programme's versions: what each changed, and the way back."""

import pytest

from loyalty.models import ProgrammeVersion, Segment
from loyalty.services import programme
from tests import dashboards
from tests.dashboards import Role

pytestmark = pytest.mark.django_db


def put(business, **document):
    return programme.apply(business=business, document=programme.parsed(document), author="deploy")


@pytest.fixture
def beta(acme):
    put(acme, segments=[{"key": "beta", "title": "<b>Beta</b>"}])
    return ProgrammeVersion.objects.for_business(acme).get(number=2)


@pytest.fixture
def first(acme, beta):
    return ProgrammeVersion.objects.for_business(acme).get(number=1)


class TestShows:
    def test_what_a_version_changed_escaped(self, acme, beta):
        text = dashboards.text_of(dashboards.works_for(acme, Role.ANALYST).get(dashboards.page(beta)))

        assert "segments.beta" in text
        assert "deploy" in text
        assert "<b>Beta</b>" not in text

    def test_that_nothing_came_before_the_first(self, acme, first):
        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(first)))

        assert "Nothing came before it." in text


class TestRestore:
    def test_asks_with_what_it_would_change(self, acme, first):
        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(first, "restore")))

        assert "segments.beta (removed)" in text
        assert Segment.objects.for_business(acme).get().archived_at is None

    def test_makes_the_next_version_with_a_name(self, acme, first):
        browser = dashboards.works_for(acme)

        browser.post(dashboards.page(first, "restore"))

        latest = ProgrammeVersion.objects.for_business(acme).get(number=3)
        assert (latest.author, latest.document) == ("owner@acme.example", first.document)
        assert Segment.objects.for_business(acme).get().archived_at

    def test_says_when_it_would_change_nothing(self, acme, beta):
        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(beta, "restore")))

        assert "nothing would change" in text

    def test_is_not_for_analysts_nor_strangers(self, acme, rival, first):
        for browser, status in (
            (dashboards.works_for(acme, Role.ANALYST), 403),
            (dashboards.works_for(rival), 404),
        ):
            assert browser.post(dashboards.page(first, "restore")).status_code == status
        assert ProgrammeVersion.objects.for_business(acme).count() == 2
