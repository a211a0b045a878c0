"""Missions on the hosted page: what there is to do, how far somebody is, and what they may claim."""

import json

import pytest
from playwright.sync_api import expect

from loyalty.models import Quest, Submission
from loyalty.services import completions, proofs, quests
from loyalty.services.quest_rules import Audience, Condition, Rules, TaskRules, in_points
from tests.loyalty.quests.conftest import do, points_of, tasks_of
from tests.races import losing_once
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

    @pytest.mark.django_db(transaction=True)
    def test_that_the_database_ends_once_is_tried_again(self, ada, quest, visitor, monkeypatch):
        waiting = quest(WAVE, auto_claim=False)
        do(waiting, ada)
        monkeypatch.setattr(completions, "claim", losing_once(completions.claim))

        assert claim(visitor, waiting).status_code == 200
        assert points_of(ada) == 5

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


FOLLOW = {
    "title": "Follow us",
    "type": "social",
    "conditions": [Condition(field="url", operator="equals", value="https://photos.example/acme")],
    "benefits": [in_points(5)],
}


def visit(visitor, quest):
    (task,) = tasks_of(quest)
    return visitor.post(f"missions/{task.pk}/visit")


class TestVisit:
    def test_is_refused_without_a_token(self, client, quest):
        (task,) = tasks_of(quest(FOLLOW))
        assert client.post(f"/w/acme/missions/{task.pk}/visit").status_code == 401

    @pytest.mark.parametrize(
        "said",
        [
            {"conditions": []},
            {"conditions": [Condition(field="url", operator="equals", value="javascript:alert(1)")]},
            {"conditions": [Condition(field="url", operator="contains", value="https://photos.example")]},
            {"type": "event", "trigger": "social_visit"},
        ],
    )
    def test_is_offered_for_web_pages_that_a_social_step_names_alone(self, ada, quest, visitor, said):
        made = quest(FOLLOW | said)

        assert "data-visit" not in visitor.get("missions").content.decode()
        assert visit(visitor, made).status_code == 200
        assert points_of(ada) == 0

    def test_of_somebody_elses_step_is_refused(self, rival, quest, visitor):
        other = quests.create(business=rival, title="Theirs", rules=Rules(tasks=[TaskRules(**FOLLOW)]))
        assert visit(visitor, other).status_code == 404

    def test_pays_once(self, ada, quest, visitor):
        made = quest(FOLLOW)
        assert 'href="https://photos.example/acme"' in visitor.get("missions").content.decode()

        first, again = visit(visitor, made), visit(visitor, made)

        assert (first.status_code, again.status_code, points_of(ada)) == (200, 200, 5)
        assert "data-visit" not in first.content.decode()


PROOF = {"title": "Show your bike", "type": "proof", "benefits": [in_points(5)]}


def hand_in(visitor, quest, **body):
    (task,) = tasks_of(quest)
    headers = {"Authorization": f"Bearer {visitor.token}"}
    address = f"/w/acme/missions/{task.pk}/proof"
    return visitor.client.post(address, json.dumps(body), content_type="application/json", headers=headers)


class TestProof:
    def test_is_refused_without_a_token(self, client, quest):
        (task,) = tasks_of(quest(PROOF))

        assert client.post(f"/w/acme/missions/{task.pk}/proof").status_code == 401
        assert client.get(f"/w/acme/missions/{task.pk}/proof").status_code == 401

    @pytest.mark.parametrize(
        "body", [{}, {"text": " "}, {"url": "nowhere"}, {"file": "PGh0bWw+"}, {"file": "?"}, {"colour": "red"}]
    )
    def test_that_is_none_is_refused_in_words(self, acme, quest, visitor, body):
        response = hand_in(visitor, quest(PROOF), **body)

        assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
        assert response.text
        assert not Submission.objects.for_business(acme).exists()

    def test_of_what_takes_none_or_is_not_theirs_is_refused(self, quest, rival, visitor):
        theirs = quests.create(business=rival, title="Theirs", rules=Rules(tasks=[TaskRules(title="x", type="proof")]))

        assert hand_in(visitor, quest(WAVE), text="Here").status_code == 400
        assert hand_in(visitor, theirs, text="Here").status_code == 404
        assert visitor.get(f"missions/{tasks_of(theirs)[0].pk}/proof").status_code == 404

    def test_waits_and_may_come_again_when_it_is_rejected(self, acme, quest, visitor):
        show = quest(PROOF)
        assert "Hand in proof of Show your bike" in shown(visitor.get("missions"))

        assert hand_in(visitor, show, text="Here").status_code == 201
        page = shown(visitor.get("missions"))
        assert ">In review</span>" in page
        assert "Hand in proof" not in page
        assert hand_in(visitor, show, text="Here").status_code == 409

        (submission,) = Submission.objects.for_business(acme)
        proofs.reject(business=acme, submission_id=submission.pk, reason="Too <dark>")
        page = shown(visitor.get("missions"))
        assert "Not accepted: Too &lt;dark&gt;" in page
        assert "Hand in proof of Show your bike" in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_address_leads_to_one_mission(acme, ada, laurel, integration_api, quest, page):
    steps = tasks_of(quest(*({"title": f"Step {number}"} for number in range(30))))
    asked = {"section": "missions", "item": str(steps[29].pk)}

    page.goto(integration_api.get("/integration/user/ada-1/widget", **asked).json()["url"])

    expect(page.locator(f"[data-mission='{steps[29].pk}']")).to_be_focused()
    expect(page.get_by_role("heading", name="Step 29")).to_be_in_viewport()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_link_opens_in_a_tab_of_its_own_and_pays(ada, laurel, quest, page):
    away = f"{laurel}/healthz"
    quest(FOLLOW | {"conditions": [Condition(field="url", operator="equals", value=away)]})
    page.goto(f"{laurel}/w/acme?section=missions#t={token_of(ada)}")

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Visit for Follow us").click()

    expect(page.locator("#balance")).to_have_text("5")
    assert opened.value.url == away


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_picture_is_handed_in_and_shows_that_it_waits(acme, ada, laurel, quest, page):
    quest(PROOF)
    page.goto(f"{laurel}/w/acme?section=missions#t={token_of(ada)}")
    page.get_by_role("button", name="Hand in proof of Show your bike").click()
    picture = page.screenshot()  # is a PNG

    page.get_by_label("A picture or a PDF").set_input_files({"name": "b.pdf", "mimeType": "text/x", "buffer": picture})
    page.get_by_role("button", name="Hand in", exact=True).click()
    expect(page.get_by_role("heading", name="Handed in")).to_be_focused()
    page.get_by_role("button", name="Done").click()

    expect(page.get_by_text("In review")).to_be_visible()
    assert Submission.objects.for_business(acme).get().file.kind == "image/jpeg"  # drawn anew


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
