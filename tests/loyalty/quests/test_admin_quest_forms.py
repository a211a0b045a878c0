"""Quests are written in the dashboard: their rules in a form, their tasks one by one."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from loyalty.admin.quest_forms import ConditionsField
from loyalty.models import Business, Metric, Quest, QuestVersion
from loyalty.selectors import quests as reads
from loyalty.services import actions, programme, quest_rows, quests
from loyalty.services.quest_rules import Audience, Condition, Notification, Sum, Window, in_points
from loyalty.services.reports import Report
from tests import dashboards
from tests.loyalty.quests.conftest import do, points_of, step, tasks_of

KEPT = st.characters(codec="utf-8", exclude_characters="\0")
NAMES = st.sampled_from(["km", "km in all", '"km"', "km\nin", " km"]) | st.text(KEPT, min_size=1, max_size=9)
VALUES = st.text(KEPT, max_size=9) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
CONDITIONS = st.one_of(
    st.tuples(NAMES, st.sampled_from(["exists", "not_exists"]), st.none()),
    st.tuples(NAMES, st.sampled_from(["in", "not_in"]), st.lists(VALUES, max_size=3)),
    st.tuples(NAMES, st.sampled_from(["equals", "not_equals", "contains", ">", ">=", "<", "<="]), VALUES),
).map(lambda said: dict(zip(("field", "operator", "value"), said, strict=True)))
ADD = "/admin/loyalty/quest/add/"
PLAIN = {"title": "Commuter", "status": "draft", "recurrence": "none", "zone": "programme", "display": "none"}
TASK = {"title": "Ride", "type": "event", "trigger": "ride", "measure": "count", "target": "10", "display": "none"}


@pytest.fixture
def olga(acme):
    events = [{"name": "ride", "title": "Ride", "fields": {"km": "number", "city": "string"}}]
    programme.apply(business=acme, document=programme.parsed({"events": events}))
    return dashboards.works_for(acme)


@pytest.fixture
def draft(quest):
    return quest(status="draft", title="Commuter")


def rules_of(quest):
    quest.refresh_from_db()
    return quest_rows.rules_of(quest.current, reads.tasks_of(quest.current))


def task_page(quest, key, page="change_task"):
    return reverse(f"admin:loyalty_quest_{page}", args=[quest.pk, key])


def add_task(browser, quest, **said):
    return browser.post(dashboards.page(quest, "add_task"), {**TASK, **said})


class TestRefuses:
    def test_analysts(self, acme, quest):
        ann, made = dashboards.works_for(acme, dashboards.Role.ANALYST), quest(step("Wave"), status="draft")

        assert ann.get(ADD).status_code == 403
        assert ann.post(dashboards.page(made, "add_task"), TASK).status_code == 403
        assert ann.post(task_page(made, "wave", "remove_task")).status_code == 403
        assert rules_of(made).tasks

    def test_another_business(self, rival, quest):
        made, stan = quest(step("Wave"), status="draft"), dashboards.works_for(rival)

        pages = [task_page(made, "wave", page) for page in ("change_task", "remove_task")]
        for url in (*pages, dashboards.page(made, "add_task")):
            assert stan.post(url, TASK).status_code in (302, 404), url
        assert [task.title for task in rules_of(made).tasks] == ["Wave"]

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"title": ""}, "title"),
            ({"key": "Commuter!"}, "key"),
            ({"key": "welcome"}, "key"),
            ({"status": "active"}, "status"),
            ({"required": "1"}, "required"),
            ({"recurrence": "hourly"}, "recurrence"),
            ({"tiers": ["ruby"]}, "tiers"),
            ({"window_from_0": "2026-05-02", "window_from_1": ""}, "window_from"),
            (
                {"window_from_0": "2026-05-02", "window_from_1": "09:00", "window_to_0": "2026-05-01"}
                | {"window_to_1": "09:00"},
                "window_to",
            ),
            ({"points": "-1"}, "points"),
            ({"benefits": "[5]"}, "benefits"),
            ({"benefits": '[{"kind": "metric", "metric": "points", "quantity": 5}]'}, "benefits"),
            ({"benefits": '[{"kind": "item", "set": "badges", "item": "none"}]'}, "benefits"),
            ({"message": "x" * 501}, "message"),
        ],
    )
    def test_rules_that_make_no_sense_beside_their_field(self, olga, welcome, said, field):
        answer = olga.post(ADD, {**PLAIN, **said})

        assert list(answer.context["adminform"].form.errors) == [field]
        assert list(Quest.objects.all()) == [welcome]

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"title": ""}, "title"),
            ({"key": "Ride!"}, "key"),
            ({"key": "wave"}, "key"),
            ({"type": "dream"}, "type"),
            ({"trigger": ""}, "trigger"),
            ({"trigger": "swim"}, "trigger"),
            ({"type": "manual"}, "trigger"),
            ({"type": "manual", "trigger": ""}, "target"),
            ({"target": "0"}, "target"),
            ({"target": "x"}, "target"),
            ({"measure": "sum"}, "summed"),
            ({"conditions": "km"}, "conditions"),
            ({"conditions": "km >="}, "conditions"),
            ({"conditions": "km in 5"}, "conditions"),
            ({"conditions": f"km >= {'9' * 30}"}, "conditions"),
            ({"conditions": "city equals Bo\x00nn"}, "conditions"),
            ({"conditions": r'city equals "Bo\u0000nn"'}, "conditions"),
            ({"conditions": r'city in ["\ud800"]'}, "conditions"),
            ({"points": "-1"}, "points"),
            ({"benefits": '[{"kind": "item", "set": "badges", "item": "none"}]'}, "benefits"),
            ({"benefits": r'[{"kind": "metric", "metric": "\u0000", "quantity": 1}]'}, "benefits"),
        ],
    )
    def test_tasks_that_make_no_sense_beside_their_field(self, olga, quest, said, field):
        draft = quest(step("Wave"), status="draft")

        answer = add_task(olga, draft, **said)

        assert list(answer.context["form"].errors) == [field]
        assert [task.title for task in rules_of(draft).tasks] == ["Wave"]

    def test_other_rules_while_people_are_in_it(self, olga, welcome):
        before = rules_of(welcome)
        form = dashboards.shown(olga, welcome)

        answer = olga.post(dashboards.page(welcome), form | {"points": "60"})
        tasks = add_task(olga, welcome), olga.post(task_page(welcome, "say-hello", "remove_task"))

        assert "Pause it" in str(answer.context["adminform"].form.errors["status"])
        assert all("Pause it" in dashboards.text_of(page) for page in tasks)
        assert rules_of(welcome) == before

    def test_more_tasks_than_a_document_takes(self, olga, quest):
        full = quest(*(step(f"Wave {n}") for n in range(100)), status="draft")

        answer = add_task(olga, full)

        assert "at most 100 tasks" in dashboards.text_of(answer)
        assert len(rules_of(full).tasks) == 100

    def test_a_task_that_is_not_there(self, olga, welcome):
        assert olga.get(task_page(welcome, "gone")).status_code == 404


class TestQuests:
    def test_are_written_and_lead_to_their_tasks(self, olga, acme):
        Business.objects.filter(pk=acme.pk).update(timezone="Europe/Berlin")
        answer = olga.post(
            ADD,
            {
                **PLAIN,
                "subtitle": "Ten rides",
                "description": "By bike.",
                "window_from_0": "2026-05-01",
                "window_from_1": "09:00",
                "recurrence": "weekly",
                "zone": "user",
                "tiers": ["gold"],
                "ordered": "on",
                "points": "50",
                "auto_claim": "on",
                "show_in_ui": "on",
                "show_in_rail": "on",
                "display": "toast",
                "heading": "Well done",
                "message": "You are a commuter",
            },
        )

        made = Quest.objects.get()
        assert answer.url == dashboards.page(made)
        assert (made.key, made.status, made.subtitle) == ("commuter", "draft", "Ten rides")
        assert rules_of(made) == quests.Rules(
            window=Window(from_=datetime(2026, 5, 1, 7, tzinfo=UTC)),
            recurrence="weekly",
            zone="user",
            audience=Audience(tiers=["gold"]),
            ordered=True,
            show_in_profile=False,
            notification=Notification(display="toast", title="Well done", message="You are a commuter"),
            benefits=[in_points(50)],
            task_benefits=False,
        )

    def test_stay_as_they_are_where_the_form_is_sent_as_it_is_shown(self, olga, quest):
        made = quest(
            step("Ride", type="event", trigger="ride"),
            window=Window(from_=datetime(2026, 5, 1, 7, 0, 1, 5, tzinfo=UTC)),
            audience=Audience(tiers=["gold"], exclude_tiers=["silver"]),
            notification=Notification(display="toast", title=" Well done", message="Ten rides!\nCome again. "),
            reward=50,
        )

        olga.post(dashboards.page(made), dashboards.shown(olga, made) | {"subtitle": "Anew"})

        made.refresh_from_db()
        assert (made.subtitle, made.status, made.current.number) == ("Anew", "active", 1)

    def test_change_while_they_pause_and_go_on_with_what_was_done(self, olga, welcome, ada):
        do(welcome, ada)
        form = dashboards.shown(olga, welcome)

        olga.post(dashboards.page(welcome), form | {"status": "paused", "points": "60"})
        olga.post(dashboards.page(welcome), form | {"status": "active", "points": "60"})
        do(welcome, ada, 1)

        assert (points_of(ada), QuestVersion.objects.count()) == (5 + 7 + 60, 2)

    def test_have_a_name_for_each_of_their_fields(self, olga):
        text = dashboards.text_of(olga.get(ADD))

        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', text))
        fields = re.findall(r'<(?:input|select|textarea)[^>]* id="id_[^>]+>', text)
        unnamed = [field for field in fields if "aria-label=" not in field]
        assert len(fields) > 20
        assert {re.findall(r' id="([^"]+)"', field)[0] for field in unnamed} <= labelled

    def test_say_beside_the_status_why_they_cannot_start(self, olga, draft):
        form = dashboards.shown(olga, draft)

        answer = olga.post(dashboards.page(draft), form | {"status": "active"})

        assert "at least one task" in str(answer.context["adminform"].form.errors["status"])

    def test_ask_no_more_for_more_tasks(self, olga, quest):
        few, many = quest(step("Wave"), key="few"), quest(*(step(f"Wave {n}") for n in range(30)), key="many")
        asked = []
        for made in (few, few, many):
            with CaptureQueriesContext(connection) as captured:
                olga.get(dashboards.page(made))
            asked.append(len(captured))

        assert asked[1] == asked[2]


class TestConditions:
    @given(st.lists(CONDITIONS, max_size=3, unique_by=repr))
    def test_are_read_as_they_are_shown(self, conditions):
        field = ConditionsField(required=False)

        assert field.clean(field.prepare_value(conditions)) == conditions

    def test_may_name_a_field_of_several_words_without_quotes(self):
        (read,) = ConditionsField().clean("total km >= 2")

        assert read == {"field": "total km", "operator": ">=", "value": 2}


class TestTasks:
    def test_are_added_and_done_by_what_happens(self, olga, draft, ada):
        conditions = 'km >= 2\ncity in ["Berlin", "Bonn"]\ncity not_equals "2"\nkm exists'
        answer = add_task(olga, draft, conditions=conditions, measure="sum", summed="km", points="5", place="1")

        assert answer.url == dashboards.page(draft)
        (task,) = rules_of(draft).tasks
        assert (task.key, task.measure, task.target) == ("ride", Sum(sum="km"), 10)
        assert task.conditions == [
            Condition(field="km", operator=">=", value=2),
            Condition(field="city", operator="in", value=["Berlin", "Bonn"]),
            Condition(field="city", operator="not_equals", value="2"),
            Condition(field="km", operator="exists"),
        ]
        quests.set_status(business=draft.business, quest_id=draft.pk, status=quests.Status.ACTIVE)
        for data in ({"km": 11, "city": "Rome"}, {"km": 11, "city": "Bonn"}):
            report = Report(account_id=ada.pk, name="ride", data=data, origin="client")
            actions.take(report, business=draft.business)
        assert points_of(ada) == 5

    @pytest.mark.parametrize("type", ["manual", "proof", "social", "survey", "testimonial", "referral"])
    def test_of_every_other_kind_need_no_more_than_a_title(self, olga, draft, type):
        add_task(olga, draft, type=type, trigger="", target="1")

        assert [task.type for task in rules_of(draft).tasks] == [type]

    def test_stay_as_they_are_where_the_form_is_sent_as_it_is_shown(self, acme, olga, quest):
        prize = {"kind": "metric", "metric": "stars", "quantity": 1}
        Metric.objects.create(business=acme, key="stars", title="Stars")
        conditions = [
            Condition(field="a in b", operator="equals", value=" x "),
            Condition(field="city", operator="contains", value="true"),
            Condition(field="km", operator="not_exists"),
        ]
        listens = {"type": "event", "trigger": "swum", "conditions": conditions, "allow_undeclared": True}
        made = quest(
            step("Swim", measure=Sum(sum="km"), target=7, once_per_day=True, points=5, **listens),
            step(" Follow", type="social", notification=Notification(display="modal", message="Thanks!\n")),
            step("Nod", description="Up,\ndown.", benefits=[in_points(5), in_points(2), prize]),
        )
        before = rules_of(made)

        for task in before.tasks:
            url = task_page(made, task.key)
            assert olga.post(url, dashboards.shown(olga, url)).status_code == 302

        assert rules_of(made) == before
        assert made.current.number == 1

    def test_change_and_move_and_keep_what_people_did(self, acme, olga, quest, ada):
        made = quest(step("Wave", points=5), step("Nod"), reward=50)
        do(made, ada)
        quests.set_status(business=acme, quest_id=made.pk, status=quests.Status.PAUSED)
        url = task_page(made, "wave")

        olga.post(url, dashboards.shown(olga, url) | {"title": "Wave twice", "points": "9", "place": "2"})
        quests.set_status(business=acme, quest_id=made.pk, status=quests.Status.ACTIVE)
        do(made, ada)

        assert [task.title for task in tasks_of(made)] == ["Nod", "Wave twice"]
        assert points_of(ada) == 55

    def test_are_removed_unless_so_many_are_needed(self, olga, quest):
        made = quest(step("Wave"), step("Nod"), required=1, status="draft")

        olga.post(task_page(made, "wave", "remove_task"))
        answer = olga.post(task_page(made, "nod", "remove_task"))

        assert [task.title for task in rules_of(made).tasks] == ["Nod"]
        assert "no more can be required" in dashboards.text_of(answer)

    def test_lead_from_the_quest_to_their_pages(self, olga, quest):
        made = quest(step("Wave"), status="draft")

        text = dashboards.text_of(olga.get(dashboards.page(made)))

        assert task_page(made, "wave") in text
        assert task_page(made, "wave", "remove_task") in text
