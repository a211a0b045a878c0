"""Segments in the dashboard: declared, renamed and archived there as by the programme's document."""

import pytest

from loyalty.models import Segment
from loyalty.selectors.segments import keys_of
from loyalty.services import programme, quests, segments
from loyalty.services.quest_rules import Audience, Rules, TaskRules
from tests import dashboards
from tests.dashboards import Role

pytestmark = pytest.mark.django_db

ADD = "/admin/loyalty/segment/add/"


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def beta(acme):
    return segments.declare(business=acme, title="Beta testers", key="beta")


def document_of(business):
    return [part["key"] for part in programme.current(business).document["segments"]]


def press(browser, segment, button):
    return browser.post(dashboards.page(segment, button))


class TestRefuses:
    def test_analysts(self, acme, beta):
        ann = dashboards.works_for(acme, Role.ANALYST)

        assert ann.post(ADD, {"title": "VIP", "key": ""}).status_code == 403
        assert ann.get(dashboards.page(beta)).status_code == 200
        assert press(ann, beta, "archive").status_code == 403

    def test_another_business(self, beta, rival):
        stan = dashboards.works_for(rival)

        stan.post(dashboards.page(beta), {"title": "Mine"})
        press(stan, beta, "archive")

        beta.refresh_from_db()
        assert (beta.title, beta.archived_at) == ("Beta testers", None)

    @pytest.mark.parametrize("key", ["beta", "club", "a b", "Beta"])
    def test_a_key_that_is_none_or_taken(self, acme, olga, beta, key):
        Segment.objects.create(business=acme, key="club", title="Club", is_membership=True)

        answer = olga.post(ADD, {"title": "More", "key": key})

        assert list(answer.context["adminform"].form.errors) == ["key"]
        assert Segment.objects.count() == 2

    def test_to_archive_what_the_programme_names(self, acme, olga, beta):
        steps = [TaskRules(title="Ride", type="event", trigger="ride")]
        quests.create(business=acme, title="Tour", rules=Rules(tasks=steps, audience=Audience(segments=["beta"])))

        answer = press(olga, beta, "archive")

        assert "see quests.0.audience.segments.0" in dashboards.text_of(answer)
        assert document_of(acme) == ["beta"]

    def test_to_write_a_membership(self, acme, olga):
        club = Segment.objects.create(business=acme, key="club", title="Club", is_membership=True, perks=["Coffee"])

        assert "Coffee" in dashboards.text_of(olga.get(dashboards.page(club)))
        assert olga.post(dashboards.page(club), {"title": "Mine"}).status_code == 403
        assert press(olga, club, "archive").status_code == 403


class TestWrites:
    def test_a_segment_into_the_programme(self, acme, olga):
        olga.post(ADD, {"title": "Early birds", "key": ""})

        assert document_of(acme) == ["early-birds"]

    def test_another_title_and_no_other_key(self, olga, beta):
        olga.post(dashboards.page(beta), {"title": "Testers", "key": "testers"})

        beta.refresh_from_db()
        assert (beta.title, beta.key) == ("Testers", "beta")

    def test_that_it_is_archived_and_back_again_with_its_members(self, acme, olga, beta, ada):
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])
        press(olga, beta, "archive")
        assert (document_of(acme), keys_of(business=acme, account_ids=[ada.pk])[ada.pk]) == ([], [])

        press(olga, beta, "restore")

        assert (document_of(acme), list(keys_of(business=acme, account_ids=[ada.pk])[ada.pk])) == (["beta"], ["beta"])
