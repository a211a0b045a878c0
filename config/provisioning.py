"""A business with everything that a script needs: for `manage.py bootstrap` and the demo."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from advocates.services import sso
from loyalty.kernel import networks
from loyalty.models import Business
from loyalty.services import businesses, keys


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A new business and its secrets, which are readable here and never again."""

    business: Business
    secret_key: str
    test_key: str
    integration_key: str
    sso_secret: str

    def as_json(self) -> dict[str, str | None]:
        return {
            "businessId": str(self.business.pk),
            "slug": self.business.slug,
            "plan": self.business.plan_id,
            "secretKey": self.secret_key,
            "testKey": self.test_key,
            "integrationKey": self.integration_key,
            "ssoSecret": self.sso_secret,
            "giftEmail": None,  # no gift cards yet
            "giftAccessToken": None,
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
) -> Provisioned:
    """Make a business, its sandbox twin, a key of each kind, and an SSO secret; with the programme, three tiers too.

    :raises ValidationError: for an address that is no network, or a page that is no origin
    :raises Invalid: for a slug or plan that cannot be
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
    return Provisioned(
        business=business,
        secret_key=_key(business, keys.Kind.SECRET),
        test_key=_key(business.sandbox, keys.Kind.SECRET),
        integration_key=_key(business, keys.Kind.INTEGRATION),
        sso_secret=sso.create_secret(business=business),
    )


def _key(business: Business, kind: keys.Kind) -> str:
    _, text = keys.create_key(business=business, kind=kind, name="first key")
    return text
