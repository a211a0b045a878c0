"""A metric's default, minimum and maximum: newcomers start with it, nothing leaves them, and what is cut says so."""

from datetime import timedelta

import pytest

from advocates.services import advocates, joining
from advocates.services.details import Details
from loyalty import events
from loyalty.kernel import clock
from loyalty.models import Business, Event, Metric, WithheldBenefit
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import batches, benefits, ledger, postings, programme, starting
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.postings import Taking
from tests.loyalty import declared

OCCASION = Occasion(source=ledger.Source("quest", "q1"), action="quest", reason={"questId": "q1"})
FIFTY = [{"kind": "metric", "metric": "points", "quantity": 50}]


def points_of(advocate):
    return books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


def join(business, number=1):
    return advocates.create(business=business, email=f"new-{number}@example.com", name="New")


class TestDefault:
    def test_is_given_to_whoever_joins_and_is_in_the_books(self, acme):
        declared.points(acme, default=100)

        ada = join(acme)

        entry = LedgerEntry.objects.for_business(acme).get()
        assert (points_of(ada), entry.amount, entry.type, entry.source_type) == (100, 100, "adjust", "default")
        topics = Event.objects.for_business(acme).order_by("sequence").values_list("topic", flat=True)
        assert list(topics) == ["customers/joined", "points/adjusted"]

    def test_is_not_earned(self, acme):
        declared.points(acme, default=5_000)

        ada = join(acme)

        assert ada.account.tier.key == "bronze"
        assert books.wallets(business=acme, account_ids=[ada.pk])[ada.pk].lifetime_earned == 0

    def test_is_the_minimum_where_it_is_not_said(self, acme):
        declared.points(acme, minimum=3)

        assert points_of(join(acme)) == 3

    def test_is_not_for_who_is_there_already(self, acme, ada):
        declared.points(acme, default=100)

        assert points_of(ada) == 0

    def test_is_nothing_of_an_archived_metric(self, acme):
        points = {"key": "points", "title": "Points"}
        for metrics in ([points, {"key": "lives", "title": "Lives", "default": 3}], [points]):
            programme.apply(business=acme, document=programme.parsed({"metrics": metrics}))

        join(acme)

        assert not LedgerEntry.objects.for_business(acme).exists()

    def test_is_given_to_many_in_one_statement(self, acme, django_assert_max_num_queries):
        declared.points(acme, default=7)
        people = [Details(email=f"p{number}@example.com") for number in range(50)]

        with django_assert_max_num_queries(25):
            joined = joining.join_many(business=acme, people=people)

        assert [points_of(advocate) for advocate in joined.results] == [7] * 50

    def test_costs_a_newcomer_one_statement_where_there_is_none(self, acme, django_assert_num_queries):
        joined = [events.Happening(acme.pk, "customers/joined", acme.pk)]

        with django_assert_num_queries(1):
            starting.hear(joined)

    def test_does_not_keep_a_batch_of_newcomers_from_being_undone(self, acme):
        declared.points(acme, default=7)
        joined = joining.join_many(business=acme, people=[Details(email="p@example.com")])

        done = batches.undo(business=acme, batch_id=joined.batch.pk)

        assert list(done.results) == [None]

    def test_is_shown_in_the_app(self, acme, anonymous_api):
        declared.points(acme, default=5, minimum=2, maximum=9, media="https://example.com/star.png")
        anonymous_api.base = "/api/loyalty"

        metrics = anonymous_api.get("/config", business=acme.pk).json()["data"]["metrics"]

        assert metrics == [
            {
                "id": "points",
                "title": "Points",
                "media": "https://example.com/star.png",
                "defaultValue": 5,
                "minimumValue": 2,
                "maximumValue": 9,
            }
        ]


class TestMinimum:
    def test_is_left_by_a_spend(self, acme, ada, give):
        declared.points(acme, minimum=10)
        give(ada, 30)
        ledger.spend(business=acme, account_id=ada.pk, amount=20)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=ada.pk, amount=1)

    def test_is_left_by_a_reversal(self, acme, ada, give):
        declared.points(acme, minimum=10)
        given = give(ada, 30)
        ledger.spend(business=acme, account_id=ada.pk, amount=15)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.reverse(business=acme, entry_id=given.id)

    @pytest.mark.parametrize(("policy", "left"), [("pending_only", 25), ("to_zero", 10), ("negative", -5)])
    def test_is_left_by_a_refund_unless_its_policy_goes_below(self, acme, ada, give, policy, left):
        declared.points(acme, minimum=10)
        given = give(ada, 30)
        ledger.spend(business=acme, account_id=ada.pk, amount=5)

        taking = Taking(entry_id=given.id, amount=30, source=ledger.Source("refund", "r1"), deficit=policy)
        postings.take_back([taking], business=acme)

        assert points_of(ada) == left

    def test_keeps_nobody_from_a_first_award_below_it(self, acme, ada, give):
        Metric.objects.create(business=acme, key="xp", title="XP", minimum=5, default_value=5)

        assert give(ada, 3, metric="xp").balance_after == 3


class TestMaximum:
    @pytest.fixture(autouse=True)
    def _at_most_sixty(self, acme):
        declared.points(acme, maximum=60)

    def test_refuses_a_call(self, acme, ada, give):
        with pytest.raises(ledger.BalanceLimitReached):
            give(ada, 61)

    def test_cuts_what_a_benefit_gives_and_says_so(self, acme, ada, give):
        give(ada, 40)

        given = benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        entry = LedgerEntry.objects.for_business(acme).order_by("sequence").last()
        assert (given, points_of(ada)) == (20, 60)
        assert entry.reason == {"questId": "q1", "caps": ["maximum"], "promised": 50}

    def test_counts_what_is_pending(self, acme, ada, give):
        give(ada, 55, pending_until=clock.wall() + timedelta(days=1))

        assert benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION) == 5

    def test_says_of_a_benefit_without_room_that_it_was_withheld(self, acme, ada, give):
        give(ada, 60)

        given = benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        withheld = WithheldBenefit.objects.for_business(acme).get()
        assert (given, points_of(ada)) == (0, 60)
        assert (withheld.account_id, withheld.source_id, withheld.reason) == (ada.pk, "q1:0", "at_maximum")
        assert withheld.benefit == FIFTY[0]

    @pytest.mark.parametrize(("had", "came_back"), [(0, 50), (40, 20), (60, 0)])
    def test_lets_take_back_what_was_given(self, acme, ada, give, had, came_back):
        if had:
            give(ada, had)
        benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        taken = benefits.take_back(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        assert (taken, points_of(ada)) == (came_back, had)

    @pytest.mark.parametrize("had", [0, 40, 60])
    def test_lets_recover_all_that_was_given(self, acme, ada, give, had):
        if had:
            give(ada, had)
        benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        is_back = benefits.recover(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        assert (is_back, points_of(ada)) == (True, had)

    def test_lets_recover_what_has_not_expired(self, acme, ada):
        declared.points(acme, expiry={"after": "P1D"})
        benefits.give(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

        with clock.moved_to(clock.wall() + timedelta(days=3)):
            assert benefits.recover(FIFTY, business=acme, account_id=ada.pk, occasion=OCCASION)

    def test_spoils_no_other_benefit(self, acme, ada, give):
        Metric.objects.create(business=acme, key="xp", title="XP")
        give(ada, 60)
        both = [*FIFTY, {"kind": "metric", "metric": "xp", "quantity": 8}]

        benefits.give(both, business=acme, account_id=ada.pk, occasion=OCCASION)

        assert books.metrics_of(business=acme, account_id=ada.pk)["xp"].amount == 8

    def test_costs_one_statement(self, acme, ada, give, django_assert_num_queries):
        give(ada, 40)

        with django_assert_num_queries(1):
            give(ada, 50, clamp=True)


class TestDocument:
    def test_is_read_as_it_was_written(self, acme, api):
        points = {
            "key": "points",
            "title": "Points",
            "media": "https://example.com/star.png",
            "default": 5,
            "minimum": 2,
            "maximum": 900,
            "expiry": {"after": "P12M", "basis": "inactivity", "warnDays": [30, 7], "zone": "programme"},
        }

        api.put("/programme", {"metrics": [points]})

        assert api.get("/programme").json()["metrics"] == [points]
        assert api.put("/programme", {"metrics": [points]}).json()["changes"] == []

    @pytest.mark.parametrize(
        ("written", "read"), [("P1Y", "P12M"), ("P1Y6M", "P18M"), ("P2W", "P14D"), ("P1M15D", "P1M15D")]
    )
    def test_spells_durations_in_one_way(self, acme, api, written, read):
        api.put("/programme", {"metrics": [{"key": "points", "title": "Points", "expiry": {"after": written}}]})

        expiry = api.get("/programme").json()["metrics"][0]["expiry"]

        assert expiry == {"after": read, "basis": "lot", "warnDays": [], "zone": "programme"}
        assert Business.objects.get(pk=acme.pk).programme_stamp == 2
