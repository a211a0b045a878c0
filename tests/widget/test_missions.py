"""Missions on the hosted page: what there is to do, how far somebody is, and what they may claim."""

import pytest
from playwright.sync_api import expect

from loyalty.models import Quest
from loyalty.services import quests
from loyalty.services.quest_rules import Audience, Rules, TaskRules, in_points
from tests.loyalty.quests.conftest import do, points_of, tasks_of
from tests.widget.conftest import token_of
from tests.widget.test_fragments import shown


@pytest.fixture
def quest(acme):
    def make(*steps, title="Welcome", **said) -> Quest:
        tasks = [TaskRules(**{"type": "manual", **step}) for step in steps]
        return quests.create(
            business=acme, title=title, rules=Rules(tasks=tasks, **said), description="Get to know us"
        )

    return make


WAVE, RIDE = (
    {"title": "Wave", "benefits": [in_points(5)]},
    {"title": "Ride", "type": "event", "trigger": "ride", "target": 3},
)


def claim(visitor, quest, number=0):
    return visitor.post(f"missions/{tasks_of(quest)[number].pk}/claim")


class TestList:
    def test_says_that_there_is_nothing(self, visitor):
        assert "No missions yet" in shown(visitor.get("missions"))

    def test_shows_how_far_somebody_is(self, ada, api, quest, visitor):
        quest(WAVE, RIDE, benefits=[in_points(50)])
        api.post("/batch/events", {"items": [{"externalId": "ada-1", "event": "ride"}] * 2})

        page = shown(visitor.get("missions"))

        assert "<h2>Welcome</h2>" in page
        assert "+50 points" in page
        assert '<p class="note">2 of 3</p>' in page
        assert '<progress max="3"value="2.00"' in page.replace('" value', '"value')
        assert page.count('<span class="chip">To do</span>') == 2

    def test_shows_what_is_done_and_what_comes_later(self, ada, quest, visitor):
        done = quest(WAVE, {"title": "Say hello"}, {"title": "Smile"}, ordered=True)
        do(done, ada)

        page = shown(visitor.get("missions"))

        assert [page.count(f">{title}</span>") for title in ("Done", "To do", "Later")] == [1, 1, 1]

    def test_shows_what_people_wrote_as_text(self, quest, visitor):
        quest({"title": "<script>alert(1)</script>"})

        assert "<script>" not in shown(visitor.get("missions"))

    def test_leaves_out_what_is_for_others(self, quest, visitor):
        quest(WAVE, audience=Audience(tiers=["gold"]))

        assert "No missions yet" in shown(visitor.get("missions"))


class TestClaim:
    def test_is_refused_without_a_token(self, client, ada, quest):
        (step,) = tasks_of(quest(WAVE, auto_claim=False))

        assert client.post(f"/w/acme/missions/{step.pk}/claim").status_code == 401

    def test_is_refused_for_what_is_no_mission_of_the_programme(self, ada, rival, visitor):
        theirs = quests.create(
            business=rival, title="Theirs", rules=Rules(tasks=[TaskRules(title="x", type="manual")], auto_claim=False)
        )

        assert claim(visitor, theirs).status_code == 404

    def test_pays_once_and_shows_the_new_balance(self, ada, quest, visitor):
        waiting = quest(WAVE, auto_claim=False)
        do(waiting, ada)
        assert "Claim Wave" in shown(visitor.get("missions"))

        first, again = claim(visitor, waiting), claim(visitor, waiting)

        assert (first.status_code, again.status_code, points_of(ada)) == (200, 200, 5)
        assert 'data-balance="5"' in shown(first)
        assert "Claim Wave" not in shown(first)

    def test_of_what_is_not_done_pays_nothing(self, ada, quest, visitor):
        assert claim(visitor, quest(WAVE, auto_claim=False)).status_code == 200
        assert points_of(ada) == 0


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_address_of_an_integration_leads_there_and_claiming_pays(acme, ada, laurel, integration_api, quest, page):
    waiting = quest(WAVE, RIDE, auto_claim=False)
    do(waiting, ada)
    url = integration_api.get("/integration/user/ada-1/widget", section="missions").json()["url"]

    page.goto(url)
    expect(page.get_by_role("link", name="Missions")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Claim Wave").click()

    expect(page.locator("#balance")).to_have_text("5")
    expect(page.get_by_role("button", name="Claim Wave")).to_have_count(0)
    assert token_of(ada) not in page.url
