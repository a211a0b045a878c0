"""Everything that can set off a rule or a task has a door, and what comes in by it does both."""

from datetime import UTC, datetime

import pytest

from advocates import tasks
from advocates.services import advocates, boards, ideas, responses, surveys, testimonials
from advocates.services.responses import Told
from advocates.services.surveys import Asked
from loyalty.kernel import clock
from loyalty.models import QuestCompletion
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import quests as reads
from loyalty.services import app_word, completions, earn_rules, ledger, quests, reports, tokens
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.kinds.tasks import KINDS
from loyalty.services.quest_rules import Rules, TaskRules
from referrals.services import codes, conversions, signals
from referrals.services.friends import Named
from rewards.services import redemptions, rewards
from tests import cast
from tests.widget.conftest import Visitor, token_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def joins(business, ada):
    assert cast.client_of(business).post("/advocates", {"email": "new@example.com"}).status_code == 201


def has_a_birthday(business, ada):
    with clock.moved_to(NOON):
        advocates.update(business=business, advocate_id=ada.pk, birthday=NOON.date().replace(year=1990))
        tasks.tell_birthdays()


def opens_the_widget(business, ada):
    assert Visitor(token_of(ada)).post("opened").status_code == 204


def brings_a_friend(business, ada):
    code = codes.create(business=business, advocate_id=ada.pk, code="ADA-1815")
    conversions.convert(
        business=business,
        code=code.code,
        order=conversions.Order(id="1001", minor=4200, currency="EUR"),
        named=Named(email="charles@example.com"),
        seen=signals.of(business),
    )


def praises(business, ada):
    said = {"rating": 1, "title": "Well", "body": "It is coffee.", "consent": True}
    return testimonials.submit(business=business, advocate_id=ada.pk, **said)


def is_approved(business, ada):
    said = praises(business, ada)
    testimonials.decide(business=business, testimonial_id=said.pk, status="approved", by="olga@acme.example")


def has_an_idea(business, ada):
    board = boards.create(business=business, title="Wishes")
    return ideas.submit(business=business, board_id=board.pk, advocate_id=ada.pk, title="Oat milk", body="")


def sees_it_shipped(business, ada):
    idea = has_an_idea(business, ada)
    ideas.decide(business=business, idea_id=idea.pk, status="shipped", response="", by="olga@acme.example")


def answers_a_survey(business, ada):
    survey = surveys.create(business=business, title="Well?", questions=[Asked(kind="nps", text="Well?")])
    responses.answer(business=business, advocate_id=ada.pk, survey_id=survey.pk, answers=[Told("q1", 0)])


def is_moved_to_gold(business, ada):
    assert cast.client_of(business).patch(f"/advocates/{ada.pk}", {"tier": "gold"}).status_code == 200


def redeems(business, ada):
    ledger.award(business=business, account_id=ada.pk, amount=100)
    reward = rewards.create(business=business, name="Coffee", type="custom", points_cost=100)
    redemptions.redeem(business=business, reward_id=reward.pk, advocate_id=ada.pk)


def completes_a_quest(business, ada):
    rules = Rules(tasks=[TaskRules(title="Say hello", type="manual")])
    hello = quests.create(business=business, title="Hello", rules=rules)
    (task,) = reads.tasks_of(hello.current)
    completions.complete(business=business, quest_id=hello.pk, task_id=task.pk, account_id=ada.pk)


def buys(business, ada):
    told = {"id": "1001", "customer": {"externalId": "ada-1"}, "total": "5.00", "financialStatus": "paid"}
    assert cast.client_of(business).post("/orders", told).status_code == 201


def sends_it_back(business, ada):
    buys(business, ada)
    assert cast.client_of(business).patch("/orders/1001", {"financialStatus": "refunded"}).status_code == 200


def tells(name):
    def tell(business, ada):
        token = tokens.issue(business=business, account_id=ada.pk)
        app = cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")
        assert app.post("/action", {"action": name, "data": {"place": "here"}}).status_code == 200

    return tell


DOORS = {
    "signup": joins,
    "order_paid": buys,
    "order_refunded": sends_it_back,
    "birthday": has_a_birthday,
    "widget_opened": opens_the_widget,
    "referral_converted": brings_a_friend,
    "testimonial_submitted": praises,
    "testimonial_approved": is_approved,
    "idea_submitted": has_an_idea,
    "idea_shipped": sees_it_shipped,
    "survey_answered": answers_a_survey,
    "tier_reached": is_moved_to_gold,
    "reward_redeemed": redeems,
    "quest_completed": completes_a_quest,
    **{name: tells(name) for name in app_word.OF_APPS},
}
OWN_TASK = {"survey_answered": "survey", "testimonial_approved": "testimonial", "referral_converted": "referral"}
OWN_TASK |= {"social_visit": "social"}


def test_every_trigger_has_a_door():
    assert DOORS.keys() == reports.BUILT_IN | app_word.OF_APPS


def test_every_type_of_task_that_listens_by_itself_is_tried():
    for trigger, type in OWN_TASK.items():
        assert KINDS[type].checked(TaskRules(title="Do it", type=type), field="").trigger == trigger


@pytest.mark.parametrize("trigger", sorted(DOORS))
def test_what_comes_in_pays_by_a_rule_and_completes_a_task(acme, ada, trigger):
    earn_rules.create(business=acme, title="It", key="it", terms=Terms(trigger=trigger, earn=Earn(points=3)))
    type = OWN_TASK.get(trigger)
    step = TaskRules(title="Do it", type=type) if type else TaskRules(title="Do it", type="event", trigger=trigger)
    listener = quests.create(business=acme, title="Listener", rules=Rules(tasks=[step]))

    DOORS[trigger](acme, ada)

    assert LedgerEntry.objects.filter(reason__rule="it", amount=3).exists()
    assert QuestCompletion.objects.filter(quest=listener).count() == 1
