"""The Loyalty API: what an end user's app asks and tells, with the user's own token."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Prefetch
from django.http.request import split_domain_port
from msgspec import Meta

from loyalty.api import audience_shapes as shapes
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.views import Call, Reply, UserView, VisitorView, get_or_404, operation, tagged
from loyalty.kernel import clock
from loyalty.kernel.errors import Code, NotFound
from loyalty.models import Account, Business, Metric, Milestone, MilestoneSet
from loyalty.selectors import inventory, journal, ladders, playing
from loyalty.selectors import ledger as books
from loyalty.services import accounts, actions, ledger, wallets
from loyalty.services.quest_rules import Fraction, Whole
from loyalty.services.reports import Report
from loyalty.services.stamped import Stamped

OK = "OK"
POLL_SECONDS = 15  # how often an app that waits for news should ask
Said = Annotated[str, Meta(max_length=1024)] | Whole | Fraction | bool
ActionName = Annotated[str, Meta(min_length=1, max_length=64)]
FieldOfAction = Annotated[str, Meta(min_length=1, max_length=64)]
ActionData = Annotated[dict[FieldOfAction, Said], Meta(max_length=50)]
Epoch = Annotated[int, Meta(ge=0, le=253_402_300_799)]


class NewAction(Body):
    action: ActionName
    data: ActionData = {}


class Action(UserView):
    @operation(
        "Report an action",
        body=NewAction,
        errors=(Code.CONFLICT,),
        example={"action": "ride_completed", "data": {"km": 12, "city": "Ulm", "night": False}},
        description="It moves the quests that listen to it, at once. An unknown name is accepted and kept.",
    )
    def post(self, call: Call[NewAction, None]) -> None:
        account_id = _account_id(call)
        report = Report(account_id=account_id, name=call.body.action, data=call.body.data, origin="client")
        actions.take(report, business=call.business)


class WhichBusiness(Body):
    business: UUID | None = None


class Config(VisitorView):
    @operation(
        "Read the programme",
        query=WhichBusiness,
        answer=shapes.Config,
        errors=(Code.NOT_FOUND,),
        description="What the user of the token may take part in; without a token, what everybody of a business may.",
    )
    def get(self, call: Call[None, WhichBusiness]) -> Reply:
        business, account = _whose(call)
        audience = playing.audience_of(account, business=business)
        now = clock.now(business)
        running = (one for one in _challenges.of(business) if not one.rules.is_over(at=now))
        theirs: Any = [one.encoded for one in running if audience.has(one.rules)]
        metrics = Metric.objects.for_business(business).filter(archived_at=None).order_by("key")
        return tagged(
            call.request,
            shapes.Config(
                message=OK,
                data=shapes.ConfigShape(
                    metrics=[shapes.MetricShape.of(metric) for metric in metrics],
                    inventory=[shapes.InventoryShape.of(row) for row in inventory.catalogue(business=business)],
                    challenges=theirs,
                    milestones=_ladders(business),
                ),
            ),
        )


class Profile(UserView):
    @operation("Read the user's profile", answer=shapes.Profile)
    def get(self, call: Call[None, None]) -> shapes.Profile:
        account = _account(call)
        business = account.business
        offers = playing.offered(business=business, account=account)
        metrics = wallets.all_of(business=business, account_id=account.pk)
        data = shapes.ProfileShape.of(
            metrics={key: wallet.amount for key, wallet in metrics.items()},
            holdings=inventory.held_by(business=business, account_id=account.pk),
            offers=offers,
            standings=playing.standings(offers, business=business, account=account),
            milestones=ladders.milestones(business=business, account_id=account.pk),
        )
        return shapes.Profile(message=OK, data=data)


class Peek(Body):
    peek: bool = False


class Notifications(UserView):
    @operation(
        "Read what is new",
        query=Peek,
        answer=shapes.Notifications,
        description=(
            "Unread ones, oldest first; reading marks them as read, unless peek is 1. Ask again after Retry-After "
            "seconds."
        ),
    )
    def get(self, call: Call[None, Peek]) -> Reply:
        account = _account(call)
        unread = journal.unread(account, business=call.business)
        shape = shapes.Notifications(message=OK, data=[shapes.NotificationItem.of(item) for item in unread.items])
        if unread.up_to > account.read_sequence and not call.query.peek:
            accounts.mark_read(business=call.business, account_id=account.pk, sequence=unread.up_to)
        return tagged(call.request, shape, **{"Retry-After": str(POLL_SECONDS)})


class ListHistory(PageQuery):
    from_: Epoch | None = msgspec.field(default=None, name="from")
    to: Epoch | None = None


class History(UserView):
    @operation("Read the user's history", query=ListHistory, answer=shapes.History, description="Oldest first.")
    def get(self, call: Call[None, ListHistory]) -> shapes.History:
        account_id = _account_id(call)
        wallets.settle_due(business=call.business, account_id=account_id)
        rows = journal.events_of(business=call.business, account_id=account_id)
        rows = journal.between(rows, start=call.query.from_, end=call.query.to)
        page = page_by_cursor(rows, call.query, business=call.business, order=("sequence",))
        found = journal.items(page.items, business=call.business)
        return shapes.History(
            message=OK, data=[shapes.HistoryItem.of(item) for item in found], next_cursor=page.next_cursor
        )


@dataclass(frozen=True, slots=True)
class Challenge:
    """A quest as every app is shown it that may take part."""

    rules: playing.Shown
    encoded: msgspec.Raw


def _encode(business: Business, _stamp: int) -> list[Challenge]:
    return [
        Challenge(quest, msgspec.Raw(msgspec.json.encode(shapes.ChallengeShape.of(quest))))
        for quest in playing.shown(business=business)
    ]


_challenges = Stamped(_encode)


def _account_id(call: Call[Any, Any]) -> UUID:
    assert call.caller.account_id  # a user's token has one
    return call.caller.account_id


def _account(call: Call[Any, Any]) -> Account:
    """The token's, after posting what was due to it: that may have raised its tier. One query where nothing was."""
    rows = Account.objects.for_business(call.business).select_related("business", "tier")
    asked: Any = rows.annotate(is_owed=books.is_owed(call.business))
    account: Account = get_or_404(asked, noun="advocate", pk=_account_id(call))
    if not vars(account)["is_owed"]:
        return account
    ledger.settle(business_id=call.business.pk, account_id=account.pk)
    return get_or_404(rows, noun="advocate", pk=account.pk)


def _whose(call: Call[Any, WhichBusiness]) -> tuple[Business, Account | None]:
    """Whose programme: the token's, or that of the business that its host names, or else its id."""
    if getattr(call.caller, "account_id", None):  # a visitor without a token is no caller
        account = _account(call)
        return account.business, account
    active = Business.objects.filter(status=Business.Status.ACTIVE)
    host, _ = split_domain_port(call.request.get_host())
    slug = host.removesuffix(f".{urlsplit(settings.PUBLIC_URL).hostname}")
    business = active.filter(domain=host).first() if slug == host else active.filter(slug=slug).first()
    if business is None and call.query.business:
        business = active.filter(pk=call.query.business).first()
    if business is None:
        raise NotFound("business", field="business")
    return business, None


def _ladders(business: Business) -> list[shapes.LadderShape]:
    live = Milestone.objects.for_business(business).filter(archived_at=None).order_by("threshold")
    rows = MilestoneSet.objects.for_business(business).filter(archived_at=None).select_related("metric")
    return [
        shapes.LadderShape(
            id=ladder.key,
            title=ladder.title,
            metric_id=ladder.metric.key,
            basis=ladder.basis,
            milestones=[
                shapes.StepOfLadder(id=step.key, title=step.title, threshold=step.threshold, perks=step.perks)
                for step in ladder.milestones.all()
            ],
        )
        for ladder in rows.prefetch_related(Prefetch("milestones", live)).order_by("key")
    ]
