"""What an app says moves what was told to take it: names that the programme knows, and each event once."""

import pytest

from loyalty.kernel.errors import Invalid
from loyalty.models import Action, EventType
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, earn_rules, quests, reports
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from loyalty.services.reports import Report


@pytest.fixture
def ada(acme):
    return accounts.open_account(business=acme)


def told(account, name="ride", *, origin="client", **data):
    report = Report(account_id=account.pk, name=name, data=data, origin=origin)
    return actions.take(report, business=account.business)


def quest(business, *, trigger="ride", points=50, **said):
    step = TaskRules(title="Do it", type="event", trigger=trigger, **said)
    return quests.create(business=business, title=trigger, rules=Rules(tasks=[step], benefits=[in_points(points)]))


def rule(business, *, trigger="ride"):
    terms = Terms(trigger=trigger, earn=Earn(points=10))
    return earn_rules.create(business=business, title=trigger, terms=terms)


def declare(business, name="ride", **said):
    return EventType.objects.create(business=business, name=name, title=name, **said)


def points_of(account):
    return books.wallets(business=account.business, account_ids=[account.pk])[account.pk].amount


class TestANameThatNobodyDeclared:
    def test_moves_no_task_and_pays_by_no_rule(self, acme, ada):
        quest(acme)
        rule(acme)

        assert told(ada).outcome == "unmatched"
        assert points_of(ada) == 0

    def test_costs_one_statement_even_if_something_listens(self, acme, ada, django_assert_num_queries):
        quest(acme)
        told(ada)

        with django_assert_num_queries(1):
            told(ada)

    def test_moves_a_task_that_allows_it(self, acme, ada):
        quest(acme, allow_undeclared=True)
        rule(acme)

        taken = told(ada)

        assert (taken.outcome, points_of(ada)) == ("matched", 50)
        assert [payout.reason for payout in taken.paid] == ["undeclared"]

    def test_counts_from_a_backend(self, acme, ada):
        quest(acme)
        rule(acme)

        assert (told(ada, origin="server").outcome, points_of(ada)) == ("matched", 60)

    def test_counts_once_it_is_declared_and_no_more_when_it_is_archived(self, acme, ada):
        rule(acme)
        declared = declare(acme)
        assert told(ada).points == 10

        declared.archived_at = declared.business.created_at
        declared.save()

        assert told(ada).points == 0

    def test_is_told_dry_with_its_reason(self, acme, ada):
        quest(acme)
        report = Report(account_id=ada.pk, name="ride", data={}, origin="client")

        tried = actions.dry_run(report, business=acme)

        assert (tried.outcome, [verdict.reason for verdict in tried.verdicts]) == ("unmatched", ["undeclared"])


class TestWhatAppsAloneCanTell:
    NAMES = ("social_visit", "page_visit", "newsletter", "file_uploaded")

    @pytest.mark.parametrize("name", NAMES)
    def test_pays_by_a_rule_and_completes_a_task(self, acme, ada, name):
        rule(acme, trigger=name)
        quest(acme, trigger=name)

        assert told(ada, name).points == 60

    @pytest.mark.parametrize("name", NAMES)
    def test_is_paid_no_oftener_than_its_kind_says(self, acme, ada, name):
        rule(acme, trigger=name)

        assert [told(ada, name).points for _ in range(3)] == [10, 0, 0]

    def test_completes_a_social_task(self, acme, ada):
        step = TaskRules(title="Follow us", type="social")
        quests.create(business=acme, title="Follow", rules=Rules(tasks=[step], benefits=[in_points(5)]))

        assert told(ada, "social_visit", link="https://social.example/acme").points == 5

    def test_may_be_kept_to_the_backend_by_declaring_it_so(self, acme, ada):
        rule(acme, trigger="newsletter")
        declare(acme, "newsletter", origin="server")

        with pytest.raises(reports.NotForClients):
            told(ada, "newsletter")


class TestAnEventWithAnIdOfItsApp:
    @pytest.fixture(autouse=True)
    def _declared(self, acme):
        declare(acme, once_by_event_id=True)
        rule(acme)

    @pytest.mark.parametrize("given", [{}, {"eventId": ""}, {"eventId": 7}, {"eventId": "a b"}, {"eventId": "x" * 65}])
    def test_is_refused_without_one(self, ada, given):
        with pytest.raises(Invalid) as refused:
            told(ada, **given)

        assert refused.value.field == "data.eventId"
        assert not Action.objects.exists()

    def test_counts_once(self, ada):
        taken = [told(ada, eventId="r1") for _ in range(3)]

        assert [one.is_repeat for one in taken] == [False, True, True]
        assert points_of(ada) == 10

    def test_counts_under_another_id_for_another_person_and_as_another_event(self, acme, ada):
        declare(acme, "swim", once_by_event_id=True)
        rule(acme, trigger="swim")
        bob = accounts.open_account(business=acme)

        paid = [
            *(told(ada, eventId="r1"), told(ada, eventId="r2")),
            *(told(bob, eventId="r1"), told(ada, "swim", eventId="r1")),
        ]

        assert [one.points for one in paid] == [10] * 4

    def test_needs_none_from_a_backend(self, ada):
        assert [told(ada, origin="server").points for _ in range(2)] == [10, 10]

    def test_is_just_a_field_where_the_programme_says_nothing(self, acme, ada):
        declare(acme, "swim")
        rule(acme, trigger="swim")

        assert [told(ada, "swim", eventId="r1").points for _ in range(2)] == [10, 10]
