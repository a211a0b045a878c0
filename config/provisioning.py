"""A business with everything that a script needs: for `manage.py bootstrap` and the demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from advocates.services import sso
from loyalty.kernel import networks
from loyalty.kernel.money import money
from loyalty.models import Business
from loyalty.services import businesses, keys
from rewards.services import gift_accounts, gift_funds, gift_products

FUND = Decimal("10000")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A new business and its secrets, which are readable here and never again."""

    business: Business
    secret_key: str
    test_key: str
    integration_key: str
    sso_secret: str
    gift_email: str
    gift_access_token: str

    def as_json(self) -> dict[str, str | None]:
        return {
            "businessId": str(self.business.pk),
            "slug": self.business.slug,
            "plan": self.business.plan_id,
            "secretKey": self.secret_key,
            "testKey": self.test_key,
            "integrationKey": self.integration_key,
            "ssoSecret": self.sso_secret,
            "giftEmail": self.gift_email,
            "giftAccessToken": self.gift_access_token,
            "adminUrl": f"{settings.PUBLIC_URL}/admin/",
        }


@transaction.atomic
def provision(
    *,
    name: str,
    slug: str,
    plan: str,
    allow_ips: Sequence[str] = (),
    allow_origins: Sequence[str] = (),
    with_programme: bool = True,
    fund: Decimal = FUND,
) -> Provisioned:
    """Make a business, its sandbox twin, a key of each kind, an SSO secret, and a gift account with a deposit.

    With the programme it has three tiers and some gift cards to order, too.

    :raises ValidationError: for an address that is no network, or a page that is no origin
    :raises Invalid: for a slug, plan or deposit that cannot be
    :raises businesses.SlugTaken: if the slug is in use
    """
    business = businesses.open_business(
        name=name,
        slug=slug,
        plan=plan,
        ip_allowlist=networks.each(networks.network, allow_ips),
        allowed_origins=networks.each(networks.origin, allow_origins),
    )
    if with_programme:
        for each in (business, business.sandbox):
            businesses.load_starter_tiers(business=each)
            gift_products.load_starters(business=each)
    gift_email = f"gifts@{slug}.example"
    _, gift_access_token = gift_accounts.open_account(business=business, email=gift_email)
    for each in (business, business.sandbox):
        _fund(each, fund)
    return Provisioned(
        business=business,
        secret_key=_key(business, keys.Kind.SECRET),
        test_key=_key(business.sandbox, keys.Kind.SECRET),
        integration_key=_key(business, keys.Kind.INTEGRATION),
        sso_secret=sso.create_secret(business=business),
        gift_email=gift_email,
        gift_access_token=gift_access_token,
    )


def _fund(business: Business, amount: Decimal) -> None:
    minor = money(amount, business.currency, field="fund")
    if minor:
        funding = gift_funds.request(business=business, amount_minor=minor, reference="first deposit")
        gift_funds.apply(business=business, request_id=funding.pk)


def _key(business: Business, kind: keys.Kind) -> str:
    _, text = keys.create_key(business=business, kind=kind, name="first key")
    return text
