"""What the pages show, as plain data: everything is loaded here, so that no query can run while a page renders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from advocates.models import Advocate
from loyalty.kernel import clock
from loyalty.kernel.errors import Code, NotFound
from loyalty.models import Business
from loyalty.selectors import ladders, ledger, segments, stamps, tiers
from loyalty.selectors.ledger import Expiring
from rewards.models import Redemption, Reward
from rewards.selectors import offers
from rewards.selectors.offers import Offer
from rewards.services import gift_links
from widget.selectors import ways
from widget.selectors.carried import LoyaltyCard, Membership, StampCard
from widget.selectors.ways import Way

NEAREST = 3  # rewards on the home page
FEW_LEFT = 5
DRAWN = {"amount_discount", "percentage_discount", "free_shipping", "product", "donation", "gift_card", "custom"}

ENTRY_TITLES = {
    "earn": "Points earned",
    "spend": "Reward",
    "adjust": "Correction",
    "expire": "Points expired",
    "reverse": "Points given back",
    "transfer": "Transfer",
}
COUPON_STATUS = {
    Redemption.Status.PENDING_APPROVAL: "Waiting for approval",
    Redemption.Status.PENDING_ACKNOWLEDGEMENT: "In preparation",
    Redemption.Status.ISSUED: "Ready to use",
    Redemption.Status.USED: "Used",
    Redemption.Status.FULFILLED: "Done",
    Redemption.Status.CANCELLED: "Cancelled",
    Redemption.Status.EXPIRED: "Expired",
}

WAITING = {Redemption.Status.PENDING_APPROVAL, Redemption.Status.PENDING_ACKNOWLEDGEMENT}  # its code is nobody's yet


@dataclass(frozen=True, slots=True)
class TierProgress:
    """A rung of the ladder, and the way to the next one; on the highest, `next_title` is empty."""

    title: str
    next_title: str = ""
    done: int = 0
    length: int = 0

    @property
    def missing(self) -> int:
        return self.length - self.done


@dataclass(frozen=True, slots=True)
class Card:
    """A reward in the shop window. `blocked` says why points alone do not buy it."""

    id: UUID
    name: str
    description: str
    icon: str
    cost: int
    points_missing: int
    blocked: str
    note: str
    ends_at: datetime | None

    @property
    def can_be_had(self) -> bool:
        return not self.blocked and not self.points_missing

    @property
    def saved(self) -> int:
        return self.cost - self.points_missing


@dataclass(frozen=True, slots=True)
class Window:
    """All rewards, and what there is to pay them with."""

    balance: int
    cards: Sequence[Card]

    def nearest(self) -> list[Card]:
        """Those whose price is nearest to the balance, of which points are all that may be missing."""
        possible = [card for card in self.cards if not card.blocked]
        nearest = sorted(possible, key=lambda card: abs(card.cost - self.balance))[:NEAREST]
        return sorted(nearest, key=lambda card: card.cost)


@dataclass(frozen=True, slots=True)
class Choice:
    """A reward about to be redeemed."""

    card: Card
    balance: int

    @property
    def balance_after(self) -> int:
        return self.balance - self.card.cost


@dataclass(frozen=True, slots=True)
class Home:
    name: str
    loyalty_card: LoyaltyCard | None
    balance: int
    pending: int
    is_due: bool  # something waits to be posted to them
    tier: TierProgress | None
    memberships: Sequence[Membership]
    expiring: Sequence[Expiring]
    stamp_cards: Sequence[StampCard]
    cards: Sequence[Card]
    ways: Sequence[Way]


@dataclass(frozen=True, slots=True)
class Coupon:
    """Something that was redeemed. The code and the link to a gift card are empty where there is none to show."""

    name: str
    icon: str
    code: str
    status: str
    status_title: str
    points: int
    redeemed_at: datetime
    good_until: datetime | None  # a moment of its last day
    link: str

    @classmethod
    def of(cls, redemption: Redemption, *, at: datetime, link: str = "") -> Self:
        status = Redemption.Status.EXPIRED if redemption.has_expired(at=at) else redemption.status
        return cls(
            name=redemption.reward.name,
            icon=_icon(redemption.reward),
            code=redemption.coupon_code or "" if redemption.status not in WAITING else "",
            status=status,
            status_title=COUPON_STATUS[Redemption.Status(status)],
            points=redemption.points,
            redeemed_at=redemption.created_at,
            good_until=redemption.expires_at and redemption.expires_at - timedelta(seconds=1),
            link=link,
        )

    @property
    def is_open(self) -> bool:
        return self.status in Redemption.OPEN

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING


def coupons(redemptions: Sequence[Redemption], *, business: Business) -> list[Coupon]:
    links = gift_links.links_of(business=business, redemptions=redemptions)
    now = clock.now(business)
    return [Coupon.of(redemption, at=now, link=links.get(redemption.pk, "")) for redemption in redemptions]


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the history."""

    title: str
    kind: str
    is_gain: bool
    points: int
    balance_after: int
    at: datetime


def balance(*, business: Business, account_id: UUID) -> int:
    return ledger.wallets(business=business, account_ids=[account_id])[account_id].amount


def home(*, business: Business, account_id: UUID) -> Home:
    """The first page of one person.

    :raises NotFound: if nobody has this account
    """
    people = Advocate.objects.for_business(business).select_related("account__tier")
    person = people.filter(pk=account_id).first()
    if person is None:
        raise NotFound("advocate")
    wallet = ledger.wallets(business=business, account_ids=[account_id])[account_id]
    shown = window(business=business, account_id=account_id)
    return Home(
        name=person.first_name or person.name.partition(" ")[0],
        loyalty_card=LoyaltyCard.of(person),
        balance=wallet.amount,
        pending=wallet.pending,
        is_due=wallet.is_due,
        tier=_tier_progress(business, person),
        memberships=[
            Membership.of(each) for each in segments.memberships_of(business=business, account_id=account_id)
        ],
        expiring=ledger.expiring(business=business, account_id=account_id)[:NEAREST],
        stamp_cards=[StampCard.of(each) for each in stamps.standings(business=business, account_id=account_id)],
        cards=shown.nearest(),
        ways=ways.ways(business=business, account_id=account_id),
    )


def window(*, business: Business, account_id: UUID) -> Window:
    """All that the programme offers now."""
    titles = {tier.key: tier.title for tier in tiers.tiers_of(business)}
    shown = offers.shop_window(business=business, account_id=account_id)
    return Window(
        balance=balance(business=business, account_id=account_id),
        cards=[_card(offer, titles) for offer in shown],
    )


def choice(*, business: Business, account_id: UUID, reward_id: UUID) -> Choice:
    """One reward of the window.

    :raises NotFound: if it is not on offer
    """
    shown = window(business=business, account_id=account_id)
    card = next((card for card in shown.cards if card.id == reward_id), None)
    if card is None:
        raise NotFound("reward")
    return Choice(card, shown.balance)


def movements(entries: Iterable[Any]) -> list[Movement]:
    """Lines of the history, from what `ledger.entries` loaded."""
    return [
        Movement(
            title=_description(entry) or ENTRY_TITLES[entry.type],
            kind=ENTRY_TITLES[entry.type] if _description(entry) else "",
            is_gain=entry.amount > 0,
            points=abs(entry.amount),
            balance_after=entry.balance_after,
            at=entry.occurred_at,
        )
        for entry in entries
    ]


def _description(entry: Any) -> str:
    return entry.text.description if hasattr(entry, "text") else ""


def _card(offer: Offer, tier_titles: dict[str, str]) -> Card:
    reward = offer.reward
    left = reward.stock_remaining
    return Card(
        id=reward.pk,
        name=reward.name,
        description=reward.description,
        icon=_icon(reward),
        cost=reward.price_from,
        points_missing=offer.points_missing,
        blocked="" if offer.eligible else _why_blocked(offer, tier_titles),
        note=f"Only {left} left" if left is not None and 0 < left <= FEW_LEFT else "",
        ends_at=reward.ends_at,
    )


def _icon(reward: Reward) -> str:
    return reward.type if reward.type in DRAWN else "custom"


def _why_blocked(offer: Offer, tier_titles: dict[str, str]) -> str:
    match offer.reason:
        case Code.OUT_OF_STOCK:
            return "Sold out"
        case Code.LIMIT_REACHED:
            return "You have this already"
        case Code.INSUFFICIENT_FUNDS:
            return "Not to be had just now"
        case _ if not offer.reward.tier_keys:
            return "For invited members"
        case _:
            return f"For {' and '.join(tier_titles.get(key, key) for key in offer.reward.tier_keys)}"


def _tier_progress(business: Business, person: Advocate) -> TierProgress | None:
    current = person.account.tier
    if current is None:
        return None
    ladder = tiers.tiers_of(business)
    upcoming = next((tier for tier in ladder if tier.threshold > current.threshold), None)
    if upcoming is None:
        return TierProgress(current.title)
    place = next(place for place in ladders.places(business=business, account_id=person.pk) if place.is_tier)
    length = upcoming.threshold - current.threshold
    # Whom a period or an operator keeps on a tier may have less than it takes, or more.
    done = min(max(place.value - current.threshold, 0), length)
    return TierProgress(current.title, upcoming.title, done, length)
