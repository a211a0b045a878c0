"""The section `quests` of a programme's document: written whole, read back as it was."""

from types import SimpleNamespace

import msgspec
import pytest

from loyalty.kernel.errors import DomainError
from loyalty.models import Quest
from loyalty.services import programme
from tests.loyalty.quests.conftest import do, tasks_of

COMMUTER = {
    "key": "commuter",
    "title": "Commuter",
    "subtitle": "Ten rides",
    "description": "",
    "status": "active",
    "window": {"from": None, "to": "2040-01-01T00:00:00Z", "showInUI": True},
    "recurrence": "none",
    "zone": "programme",
    "autoClaim": True,
    "required": "all",
    "ordered": False,
    "showInProfile": True,
    "showInRail": True,
    "notification": {"display": "toast", "title": "Well done", "message": "You are a commuter"},
    "audience": {"tiers": ["gold"], "segments": [], "excludeTiers": [], "excludeSegments": []},
    "tasks": [
        {
            "key": "ten",
            "title": "Ride ten times",
            "description": "",
            "type": "event",
            "trigger": "ride_completed",
            "conditions": [{"field": "km", "operator": ">=", "value": 2}],
            "measure": {"sum": "km"},
            "target": 10,
            "oncePerDay": False,
            "allowUndeclared": False,
            "benefits": [],
            "notification": {"display": "none", "title": "", "message": ""},
        }
    ],
    "benefits": [{"kind": "metric", "metric": "points", "quantity": 50}],
    "taskBenefits": True,
}
HELLO = {"key": "hello", "title": "Hello", "tasks": [{"key": "say", "title": "Say it", "type": "manual"}]}


@pytest.fixture
def section():
    return programme.sections()["quests"]


@pytest.fixture
def put(acme, section):
    def apply(*items):
        section.apply(acme, msgspec.convert(list(items), section.shape))

    return apply


def quest_of(business, key):
    return Quest.objects.for_business(business).select_related("current").get(key=key)


class TestExport:
    def test_answers_what_was_put(self, acme, section, put):
        put(COMMUTER)

        assert msgspec.to_builtins(section.export(acme)) == [COMMUTER]

    def test_leaves_out_what_is_archived_and_what_others_have(self, acme, rival, section, put):
        put(COMMUTER, HELLO)
        put(HELLO)

        assert [item.key for item in section.export(acme)] == ["hello"]
        assert section.export(rival) == []

    def test_asks_as_often_for_many_as_for_one(self, acme, section, put, django_assert_num_queries):
        for items in ([HELLO], [{**HELLO, "key": f"hello-{number}"} for number in range(5)]):
            put(*items)
            with django_assert_num_queries(2):
                assert len(section.export(acme)) == len(items)


class TestApply:
    def test_again_changes_nothing(self, acme, put):
        put(COMMUTER, HELLO)
        put(COMMUTER, HELLO)

        assert {quest_of(acme, key).current.number for key in ("commuter", "hello")} == {1}

    def test_gives_a_running_quest_a_new_version_and_keeps_progress(self, acme, put, ada):
        put(HELLO)
        first = do(quest_of(acme, "hello"), ada)
        put({**HELLO, "title": "Hi", "ordered": True})

        quest = quest_of(acme, "hello")
        assert (quest.current.number, quest.title, quest.status) == (2, "Hi", "active")
        assert do(quest, ada).completion == first.completion

    def test_archives_what_is_not_named_and_restores_what_is_named_again(self, acme, put):
        put(HELLO)
        before = quest_of(acme, "hello")
        put()
        assert quest_of(acme, "hello").status == "archived"
        put(HELLO)

        after = quest_of(acme, "hello")
        assert (after.pk, after.status, after.current.number) == (before.pk, "active", 1)

    def test_takes_points_for_benefits(self, acme, put):
        put({**HELLO, "tasks": [{"title": "Say it", "type": "manual", "points": 5}]})

        (task,) = tasks_of(quest_of(acme, "hello"))
        assert task.benefits == [{"kind": "metric", "metric": "points", "quantity": 5}]

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"tasks": [{"title": "x", "type": "event"}]}, "quests.1.tasks.0.trigger"),
            ({"audience": {"tiers": ["platinum"]}}, "quests.1.audience.tiers.0"),
            ({"required": 7}, "quests.1.required"),
            ({"tasks": []}, "quests.1.tasks"),
        ],
    )
    def test_names_the_place_in_the_document(self, put, said, field):
        with pytest.raises(DomainError) as error:
            put(COMMUTER, {**HELLO, **said})

        assert error.value.field == field


class TestCheck:
    def problems(self, section, *items, **document):
        found = section.check(msgspec.convert(list(items), section.shape), document)
        return [problem.path for problem in found]

    def test_finds_nothing_where_all_is_there(self, section):
        assert self.problems(section, COMMUTER, metrics=keyed("points"), milestoneSets=ladder("gold")) == []

    def test_finds_nothing_in_sections_that_nobody_keeps(self, section):
        assert self.problems(section, COMMUTER) == []

    @pytest.mark.parametrize(
        ("said", "path"),
        [
            ({"audience": {"tiers": ["gold", "platinum"]}}, "quests.0.audience.tiers.1"),
            ({"audience": {"segments": ["beta"]}}, "quests.0.audience.segments.0"),
            ({"audience": {"excludeTiers": ["platinum"]}}, "quests.0.audience.excludeTiers.0"),
            ({"audience": {"excludeSegments": ["vip", "beta"]}}, "quests.0.audience.excludeSegments.1"),
            ({"benefits": [{"kind": "metric", "metric": "stars", "quantity": 1}]}, "quests.0.benefits.0.metric"),
        ],
    )
    def test_names_what_leads_nowhere(self, section, said, path):
        document = {"metrics": keyed("points"), "segments": keyed("vip"), "milestoneSets": ladder("gold")}

        assert self.problems(section, {**HELLO, **said}, **document) == [path]

    def test_names_a_metric_that_a_task_gives(self, section):
        benefits = [{"kind": "metric", "quantity": 1}, {"kind": "metric", "metric": "stars", "quantity": 1}]
        task = {"title": "Say it", "type": "manual", "benefits": benefits}

        found = self.problems(section, {**HELLO, "tasks": [task]}, metrics=keyed("points"))
        assert found == ["quests.0.tasks.0.benefits.1.metric"]

    def test_names_a_key_that_comes_twice(self, section):
        assert self.problems(section, HELLO, HELLO) == ["quests.1.key"]


def keyed(*keys):
    return [SimpleNamespace(key=key) for key in keys]


def ladder(*keys):
    other = SimpleNamespace(is_tier=False, milestones=keyed("platinum"))
    return [other, SimpleNamespace(is_tier=True, milestones=keyed(*keys))]
