"""Quests and what people hand in, in the dashboard."""

import pytest

from loyalty.models import Submission
from loyalty.models.ledger import LedgerEntry
from loyalty.services import accounts, proofs
from tests import dashboards
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def ann(acme):
    return dashboards.works_for(acme, dashboards.Role.ANALYST)


@pytest.fixture
def proof(acme, quest, ada) -> Submission:
    show = quest(step("Show your bike", type="proof", points=5))
    given = {"business": acme, "quest_id": show.pk, "account_id": ada.pk}
    return proofs.submit(task_id=tasks_of(show)[0].pk, text="Me <on> it", link="https://example.com/bike", **given)


def chosen(browser, action, *rows):
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return browser.post(dashboards.listed(type(rows[0])), form, follow=True)


def state_of(row):
    row.refresh_from_db()
    return row.status


class TestQuests:
    @pytest.mark.parametrize(("action", "status"), [("pause", "paused"), ("archive", "archived")])
    def test_are_moved_together(self, olga, quest, welcome, action, status):
        other = quest(step("Wave"), key="other")
        third = quest(step("Nod"), key="third")

        chosen(olga, action, welcome, other)
        assert [state_of(each) for each in (welcome, other, third)] == [status, status, "active"]

    def test_that_cannot_start_say_why_and_hold_up_no_other(self, olga, quest):
        empty, ready = quest(status="draft", title="Empty"), quest(step("Wave"), key="ready", status="paused")

        answer = chosen(olga, "activate", empty, ready)
        assert (state_of(empty), state_of(ready)) == ("draft", "active")
        assert "Empty: A quest needs at least one task" in dashboards.text_of(answer)

    def test_are_not_for_analysts_to_move(self, ann, welcome):
        chosen(ann, "archive", welcome)

        assert state_of(welcome) == "active"
        assert ann.post(dashboards.page(welcome), {"title": "Mine", "status": "paused"}).status_code == 403

    def test_show_their_rules_and_tasks_by_version(self, olga, ann, api, welcome):
        tasks = [{"title": "Ride far", "type": "event", "trigger": "ride", "measure": {"sum": "km"}, "target": 1000}]
        tasks[0]["conditions"] = [{"field": "km", "operator": "in", "value": [2, 3]}]
        tasks[0] |= {"oncePerDay": True, "allowUndeclared": True}
        rules = {"audience": {"tiers": ["gold"]}, "zone": "user", "taskBenefits": False}
        api.patch(f"/quests/{welcome.pk}", {"status": "paused", "tasks": tasks, **rules})

        for browser in (olga, ann):
            text = dashboards.text_of(browser.get(dashboards.page(welcome)))
            for said in (
                "version 2",
                "ride: sum of km 1,000, km in [2, 3], once a day, also undeclared",
                "version 1",
                "Say hello",
                "7 × points",
            ):
                assert said in text, said
        for said in ("own time zone", "Nothing themselves", "Tiers: gold", "50 × points"):
            assert said in text, said  # whoever may write finds them in the form


class TestTasksOfAPerson:
    """*Mark a task done* on the person's page."""

    def test_are_done_once_and_pay(self, olga, ada, welcome):
        form = {"task": tasks_of(welcome)[0].pk}

        first, again = (olga.post(dashboards.page(ada, "complete_task"), form, follow=True) for _ in range(2))

        assert "Say hello is done: 5 points were given" in dashboards.text_of(first)
        assert "was done before" in dashboards.text_of(again)
        assert points_of(ada) == 5

    def test_are_of_active_quests_and_not_done_by_events_alone(self, olga, ada, quest, welcome):
        quest(step("Ride", type="event", trigger="ride"), key="ride")
        quest(step("Wait"), key="later", status="draft")

        form = olga.get(dashboards.page(ada, "complete_task")).context["form"]

        _, (title, offered) = form.fields["task"].choices
        assert (title, [name for _, name in offered]) == ("Welcome", ["Say hello", "Fill in your profile"])

    def test_say_why_they_cannot_be_done(self, olga, ada, quest):
        second = tasks_of(quest(step("Wave"), step("Nod"), ordered=True))[1]

        answer = olga.post(dashboards.page(ada, "complete_task"), {"task": second.pk})

        assert answer.context["form"].errors
        assert points_of(ada) == 0

    def test_of_another_business_or_for_analysts_are_not_done(self, ann, ada, rival, quest, welcome):
        theirs = tasks_of(quest(step("Wave", points=5), business=rival, key="theirs"))[0]
        olga = dashboards.works_for(ada.business)

        assert olga.post(dashboards.page(ada, "complete_task"), {"task": theirs.pk}).context["form"].errors["task"]
        assert ann.post(dashboards.page(ada, "complete_task"), {"task": tasks_of(welcome)[0].pk}).status_code == 403
        assert points_of(ada) == 0


class TestSubmissions:
    def test_are_approved_and_pay(self, olga, proof, ada):
        answer = olga.post(dashboards.page(proof, "approve"), follow=True)

        assert (state_of(proof), points_of(ada)) == ("approved", 5)
        assert "5 points were given" in dashboards.text_of(answer)

    def test_are_rejected_with_a_reason(self, olga, proof, ada):
        olga.post(dashboards.page(proof, "reject"), {"reason": " "})
        assert state_of(proof) == "pending"
        olga.post(dashboards.page(proof, "reject"), {"reason": "Too dark"})

        assert (state_of(proof), proof.reason, points_of(ada)) == ("rejected", "Too dark", 0)

    @pytest.mark.parametrize("button", ["approve", "reject"])
    def test_are_decided_once(self, acme, olga, proof, button):
        proofs.approve(business=acme, submission_id=proof.pk)

        assert olga.post(dashboards.page(proof, button), {"reason": "No"}).status_code == 403

    def test_say_what_the_service_refuses(self, acme, olga, proof, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        answer = olga.post(dashboards.page(proof, "approve"))
        assert "blocked" in dashboards.text_of(answer)
        assert "blocked" in dashboards.text_of(chosen(olga, "approve_chosen", proof))
        assert state_of(proof) == "pending"

    def test_are_approved_together(self, acme, olga, proof, ada, bob):
        given = {"business": acme, "quest_id": proof.quest_id, "task_id": proof.task_id}
        other = proofs.submit(account_id=bob.pk, text="Me too", **given)

        chosen(olga, "approve_chosen", proof, other)
        assert (state_of(proof), state_of(other), points_of(bob)) == ("approved", "approved", 5)

    def test_are_not_for_analysts_to_decide(self, ann, proof):
        chosen(ann, "approve_chosen", proof)

        assert ann.post(dashboards.page(proof, "approve")).status_code == 403
        assert state_of(proof) == "pending"

    def test_wait_in_front_the_oldest_first(self, acme, olga, proof, quest, ada, bob):
        given = {"business": acme, "quest_id": proof.quest_id, "task_id": proof.task_id}
        second = proofs.submit(account_id=bob.pk, text="Me too", **given)
        proofs.reject(business=acme, submission_id=proof.pk, reason="No")
        third = proofs.submit(account_id=ada.pk, text="Again", **given)

        shown = olga.get(dashboards.listed(Submission)).context["cl"].result_list
        assert [row.pk for row in shown] == [second.pk, third.pk, proof.pk]

    def test_show_what_was_written_escaped_and_link_out_safely(self, olga, proof):
        text = dashboards.text_of(olga.get(dashboards.page(proof)))

        assert "Me &lt;on&gt; it" in text
        assert 'rel="noopener noreferrer nofollow"' in text
        assert "<on>" not in text


def test_what_a_quest_paid_leads_from_its_entry_to_the_quest(olga, ada, welcome):
    do(welcome, ada)

    text = dashboards.text_of(olga.get(dashboards.page(LedgerEntry.objects.get())))

    assert f'<a href="{dashboards.page(welcome)}" class="text-link">Welcome</a>, version 1' in text
