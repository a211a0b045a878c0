from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from loyalty.kernel import clock
from loyalty.models import Business
from rewards.models import GiftAccount, GiftCard, GiftOrder, GiftProduct
from rewards.services import (
    card_codes,
    codes,
    gift_accounts,
    gift_buying,
    gift_cards,
    gift_claims,
    gift_funds,
    gift_orders,
    gift_policies,
    gift_products,
    gift_remotes,
    gift_sending,
    gift_unclaimed,
)
from rewards.services.gift_lines import Asked
from tests import cast
from tests.rewards.gifts import remote as remotes

EMAIL = "gifts@acme.example"
Order = Callable[..., GiftOrder]


def fund(business: Business, amount_minor: int) -> None:
    asked = gift_funds.request(business=business, amount_minor=amount_minor)
    gift_funds.apply(business=business, request_id=asked.pk)


def client_of(account: GiftAccount, access_token: str) -> cast.ApiClient:
    value, _ = gift_accounts.issue_token(email=account.email, access_token=access_token)
    return cast.ApiClient({"Authorization": f"Bearer {value}"}, base="/v1")


def open_gifts(business: Business) -> cast.ApiClient:
    """Everything that a business needs to send gift cards, and a client of its account."""
    gift_products.load_starters(business=business)
    fund(business, 1_000_00)
    return client_of(*gift_accounts.open_account(business=business, email=f"gifts@{business.slug}.example"))


def available(business: Business) -> int:
    return gift_funds.funds_of(business).available_minor


def buy_and_send() -> None:
    gift_buying.buy_due()
    gift_sending.send_due()


def open_link(card: GiftCard) -> int:
    return Client().get(f"/g/{gift_cards.token_of(card)}").status_code


def claim(card: GiftCard) -> None:
    assert gift_claims.reveal(gift_cards.token_of(card))


def line(**said: Any) -> dict[str, Any]:
    """A line of an order: a store card of 20 for Ada, where nothing else is said."""
    ada = {"ProductId": "STORE-CARD", "Value": 20, "DigitalDeliveryAddress": {"Email": "ada@example.com"}}
    return {name: value for name, value in {**ada, **said}.items() if value is not None}


def body(*lines: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"Type": "DigitalDelivery", "PONumber": "PO-1", "LineItems": list(lines or [line()]), **said}


def links(quantity: int = 1, **said: Any) -> dict[str, Any]:
    """An order of so many links."""
    asked = line(Quantity=quantity, DigitalDeliveryAddress=None, Value=said.pop("Value", 20))
    return body(asked, **{"Type": "Links", **said})


@pytest.fixture
def gifts(acme: Business) -> cast.ApiClient:
    return open_gifts(acme)


@pytest.fixture
def account(acme: Business, gifts: cast.ApiClient) -> GiftAccount:
    return GiftAccount.objects.for_business(acme).get()


@pytest.fixture
def order(acme: Business, account: GiftAccount) -> Order:
    """Place an order past the API: `order(quantity=3, value=50)`. Links, where nothing else is said."""
    numbers = iter(range(1, 1_000_000))

    def place(*, type: str = "Links", po_number: str = "", **said: Any) -> GiftOrder:
        asked = Asked(**{"product": "STORE-CARD", "value": Decimal(20), **said})
        number = po_number or f"PO-{next(numbers)}"
        placed = gift_orders.place(business=acme, account_id=account.pk, type=type, po_number=number, asked=[asked])
        return placed.order

    return place


@pytest.fixture
def vault(acme: Business, gifts: cast.ApiClient) -> GiftProduct:
    """Cards that somebody else issued, worth 25, of which three codes were uploaded."""
    product = gift_products.create(
        business=acme, key="CINEMA", name="Cinema", provider="vault", denominations_minor=[25_00]
    )
    pool = gift_products.stock(business=acme, product_id=product.pk, value_minor=25_00)
    codes.add(business=acme, pool_id=pool.pk, codes=["CINEMA-1", "CINEMA-2", "CINEMA-3"])
    return product


@pytest.fixture
def remote(settings: Any) -> Iterator[remotes.Remote]:
    settings.WEBHOOKS_ALLOW_HTTP = True
    settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.1/32"]
    with remotes.opened() as opened:
        yield opened


@pytest.fixture
def books(acme: Business, gifts: cast.ApiClient, remote: remotes.Remote) -> GiftProduct:
    """Cards of a bookshop, which its own API sells."""
    product = GiftProduct(business=acme, key="BOOKS", name="Books", provider="http", currency="EUR")
    product.min_minor, product.max_minor, product.delivery_types = 5_00, 100_00, ["Email", "Link"]
    gift_remotes.put(product, url=remote.url, sku="BK", token=remotes.TOKEN)
    return gift_products.check(product)


def code_of(card: GiftCard) -> str:
    return card_codes.on_card(business=card.business, card_id=card.pk) or ""


def assert_refused(response: Any, status: int, code: str, field: str | None = None) -> None:
    said = response.json()
    assert (response.status_code, said["Code"], said["Field"]) == (status, code, field), said


@pytest.fixture
def policy(acme: Business) -> Callable[..., Any]:
    """Remind weekly, twice; take back after a month; where nothing else is said."""

    def save(**said: Any) -> Any:
        return gift_policies.save(
            business=acme, **{"remind_after_days": 7, "most_reminders": 2, "give_back_after_days": 30, **said}
        )

    return save


@pytest.fixture
def card(order: Order) -> GiftCard:
    placed = order(type="DigitalDelivery", email="ada@example.com")
    gift_sending.send_due()
    return GiftCard.objects.select_related("business", "line__product").get(order=placed)


@pytest.fixture
def after() -> Callable[[float], None]:
    """Do all that is due so many days from now, and what was sent until then."""
    now = clock.wall()

    def wait(days: float) -> None:
        with clock.moved_to(now + timedelta(days=days, minutes=1)):
            for _ in range(2):
                gift_unclaimed.follow_up()
                gift_sending.send_due()

    return wait
