"""Awards made many at a time leave what the same awards leave one by one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock, points
from loyalty.models import Account, Climb, Event, Metric, Milestone, MilestoneSet
from loyalty.models.ledger import Balance, EntryText, LedgerEntry, Lot
from loyalty.services import accounts, ledger, postings, verification
from loyalty.services.ledger import Source
from loyalty.services.postings import Move

PEOPLE = 3
STRANGER = UUID(int=1)
NEXT_MONTH = clock.wall() + timedelta(days=40)
AN_AWARD = {"amount": 1, "metric": "miles", "days": None, "expires": None, "description": "", "is_new": True}


@pytest.fixture
def cast(acme):
    """Some people, the last of whom is blocked, and who gain, in a programme where much may happen to an award."""
    Metric.objects.for_business(acme).filter(key="points").update(maximum=100, expiry_basis="lot", expiry_months=2)
    Metric.objects.create(business=acme, key="miles", title="Miles", minimum=-10)
    Milestone.objects.for_business(acme).filter(key="silver").update(threshold=30)
    _club(acme)
    people = [accounts.open_account(business=acme) for _ in range(PEOPLE)]
    accounts.set_blocked(business=acme, account_id=people[-1].pk, blocked=True)
    ledger.award(business=acme, account_id=people[0].pk, amount=20, source=Source("order", "o-1"))
    return people


def _club(business):
    """A ladder by what is earned in a month, whose month is over for everybody."""
    points = Metric.objects.for_business(business).get(key="points")
    club = MilestoneSet.objects.create(
        business=business, key="club", title="Club", metric=points, basis="periodEarned", period_months=1
    )
    Milestone.objects.create(business=business, set=club, key="in", title="In", threshold=15)


AWARDS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.integers(0, PEOPLE),
            "amount": st.sampled_from([1, 20, 45, 200]),
            "metric": st.sampled_from(["points", "points", "miles", "stars"]),
            "days": st.sampled_from([None, None, 3]),
            "expires": st.sampled_from([None, 9]),
            "description": st.sampled_from(["", "Well done"]),
            "is_new": st.booleans(),
        }
    ),
    min_size=1,
    max_size=12,
)


def moves_of(wanted, cast):
    ids, now = [*(each.pk for each in cast), STRANGER], clock.wall()
    return [
        Move(
            account_id=ids[one["who"]],
            amount=one["amount"],
            metric=one["metric"],
            source=Source("order", f"o-{number + 2 if one['is_new'] else 1}"),
            facts={"action": "ride"},
            reason={"why": number},
            description=one["description"],
            pending_until=one["days"] and now + timedelta(days=one["days"]),
            expires_at=one["expires"] and now + timedelta(days=one["expires"]),
        )
        for number, one in enumerate(wanted)
    ]


def post(function, business, moves):
    rows = orjson.dumps([postings._row(move) for move in moves]).decode()
    return postings.call(function, [business.pk, rows, clock.wall(), points.MAX_BALANCE])


def together(business, moves):
    return post("laurel_award_all", business, moves)


def one_by_one(business, moves):
    return [posting for move in moves for posting in post("laurel_batch", business, [move])]


def left(business):
    """All that awards leave, without what is new each time."""
    entry = ("account_id", "sequence", "metric__key", "type", "amount", "balance_after", "source_id", "reason")
    facts = Event.objects.for_business(business).filter(account__isnull=False).order_by("account_id", "sequence")
    lots = Lot.objects.for_business(business).values_list("account_id", "amount", "ripens_at", "expires_at")
    return [
        list(LedgerEntry.objects.for_business(business).order_by("account_id", "sequence").values_list(*entry)),
        list(
            Balance.objects.for_business(business)
            .exclude(amount=0, pending=0)
            .order_by("account_id", "metric__key")
            .values_list("account_id", "metric__key", "amount", "pending", "lifetime_earned", "floor")
        ),
        sorted(lots, key=str),
        sorted(EntryText.objects.for_business(business).values_list("description", flat=True)),
        [
            (one.account_id, one.sequence, one.topic, {k: v for k, v in one.facts.items() if not k.endswith("Id")})
            for one in facts
        ],
        list(Account.objects.for_business(business).order_by("pk").values_list("pk", "event_sequence", "tier__key")),
        list(Climb.objects.for_business(business).order_by("account_id").values_list("milestone__key", "base")),
    ]


def told(posting):
    return (posting.outcome, posting.details, posting.account_id, posting.sequence, posting.amount, posting.metric)


def attempted(post, business, moves):
    """What became of moves, and what they left, in a world that is gone."""
    with transaction.atomic():
        became = [told(posting) for posting in post(business, moves)]
        found = (became, left(business), verification.verify())
        transaction.set_rollback(True)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=AWARDS)
def test_many_leave_what_one_after_the_other_leaves(acme, cast, time_machine, wanted):
    time_machine.move_to(NEXT_MONTH, tick=False)
    moves = moves_of(wanted, cast)

    became, state, broken = attempted(together, acme, moves)

    assert (became, state, broken) == (*attempted(one_by_one, acme, moves)[:2], [])


def test_take_as_many_statements_as_one(acme, cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        postings.post(moves_of([AN_AWARD | {"who": number % 2} for number in range(50)], cast), business=acme)

    assert LedgerEntry.objects.for_business(acme).count() == 51
