"""Every topic is described: what its body looks like, and an example that is sent as such."""

import copy
import re

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # without stubs

from config import runtime
from webhooks.services import topics
from webhooks.services.payloads import PAYLOADS

# As the contract has them; the product may have more.
PROMISED = """
    points/earned points/redeemed points/pending points/adjusted points/reversed points/expiring points/expired
    customers/joined customers/updated customers/tier_changed customers/tier_entry_reward_earned customers/erased
    tasks/completed quests/completed
    redemptions/created redemptions/issued redemptions/fulfilled redemptions/cancelled redemptions/used
    redemptions/expired referrals/started referrals/completed referrals/rejected
    testimonials/submitted testimonials/approved testimonials/rejected ideas/submitted ideas/status_changed
    surveys/answered gift_orders/completed gift_orders/failed gift_cards/delivered gift_cards/bounced gift_cards/viewed
    endpoints/disabled
""".split()  # noqa: SIM905  # a paragraph reads better


@pytest.fixture(scope="module")
def schema(django_db_setup, django_db_blocker):
    from django.test import Client  # noqa: PLC0415  # the plain one is enough, once for all topics

    with django_db_blocker.unblock():
        return yaml.safe_load(Client().get("/api/schema/").content)


def content_of(schema, topic):
    return schema["webhooks"][topic]["post"]["requestBody"]["content"]["application/json"]


def complaints(schema, topic, body):
    whole = {**content_of(schema, topic)["schema"], "components": schema["components"]}
    return [error.message for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(body)]


def test_none_that_was_promised_is_missing():
    assert set(PROMISED) <= set(topics.TOPICS)


def test_all_are_on_their_page():
    page = (runtime.ROOT / "docs/developers/webhooks.md").read_text()
    families = re.findall(r"^\| `(\w+)` \| (`[^|]+`) \|", page, re.MULTILINE)

    told = [f"{family}/{topic}" for family, listed in families for topic in re.findall(r"`(\w+)`", listed)]
    assert sorted(told) == sorted(topics.TOPICS)


def test_all_are_described_and_have_an_example(schema):
    assert list(schema["webhooks"]) == list(PAYLOADS) == list(topics.TOPICS)


@pytest.mark.parametrize("topic", topics.TOPICS)
class TestTopic:
    def test_has_an_example_that_is_as_its_schema_says(self, schema, topic):
        assert complaints(schema, topic, content_of(schema, topic)["example"]) == []

    def test_has_a_schema_that_refuses_more_less_and_other_topics(self, schema, topic):
        example = content_of(schema, topic)["example"]
        more, less = copy.deepcopy(example), copy.deepcopy(example)
        more["data"]["unheardOf"] = 1
        less["data"].popitem()

        assert complaints(schema, topic, more)
        assert complaints(schema, topic, less)
        assert complaints(schema, topic, {**example, "type": "points/stolen"})
