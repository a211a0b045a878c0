"""Makes the demo, once: the business with its year, the endpoint of its shop, and the papers that open it all."""

import time

from django.db import transaction

from advocates.models import Advocate
from advocates.models.sso import SsoSecret
from advocates.services import sso
from config import provisioning
from config.demo import connection, papers, story, world
from config.demo.papers import Papers
from config.demo.shop.catalogue import CUSTOMERS
from config.provisioning import Provisioned
from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Conflict
from loyalty.models import ApiKey, Business, Membership, User
from loyalty.services import keys, members, publication
from rewards.models import GiftAccount
from rewards.services import gift_accounts
from webhooks.services import relay

LOOPBACK = ["127.0.0.1/32", "::1/128"]
FIRST_KEY = "first key"  # as `provision` names them
PATIENCE = 30  # seconds


class NotTheDemo(Conflict):
    def __init__(self) -> None:
        super().__init__(f"There is a business {world.SLUG!r} already, and it is not the demo. Nothing was changed.")


def seed() -> str:
    """Make the demo, or what is missing of it, and say which.

    :raises NotTheDemo: if another business has its slug
    """
    business = Business.objects.filter(slug=world.SLUG).first()
    if business is None:
        papers.write(_make())
        return "The demo is made."
    if not Membership.objects.for_business(business).filter(user__email=world.OWNER_EMAIL).exists():
        raise NotTheDemo
    known = papers.read()
    if known is None or known.get("businessId") != str(business.pk):
        papers.write(_renew(business))
        return "The demo was there already, but not its papers: it has new keys and a new password."
    if known | connection.addresses() != known:
        connection.move(business)
        papers.write(known | connection.addresses())
        return "The demo was there already; its addresses have changed."
    return "The demo is there already."


@transaction.atomic
def _make() -> Papers:
    now = clock.wall()
    with clock.moved_to(now - world.PAST):
        made = provisioning.provision(name=world.NAME, slug=world.SLUG, plan="enterprise", allow_ips=LOOPBACK)
        members.add(business=made.business, email=world.OWNER_EMAIL, role=members.Role.OWNER)
    for tenant in (made.business, made.business.sandbox):
        tenant.timezone, tenant.contact_email = world.TIMEZONE, world.OWNER_EMAIL
        tenant.save(update_fields=["timezone", "contact_email"])
    story.tell(made.business, now=now)
    _publish()
    return _papers(made)


@transaction.atomic
def _renew(business: Business) -> Papers:
    """New secrets for a demo whose papers are lost: nobody can have the old ones."""
    for secret in SsoSecret.objects.for_business(business).live():
        sso.retire_secret(secret=secret)
    renewed = Provisioned(
        business=business,
        secret_key=_renew_key(business, keys.Kind.SECRET),
        test_key=_renew_key(business.sandbox, keys.Kind.SECRET),
        integration_key=_renew_key(business, keys.Kind.INTEGRATION),
        sso_secret=sso.create_secret(business=business),
        **_renewed_gift_account(business),
    )
    return _papers(renewed)


def _renewed_gift_account(business: Business) -> dict[str, str]:
    account = GiftAccount.objects.for_business(business).earliest("created_at")
    return {"gift_email": account.email, "gift_access_token": gift_accounts.renew(account=account)}


def _renew_key(business: Business, kind: keys.Kind) -> str:
    for lost in ApiKey.objects.for_business(business).filter(name=FIRST_KEY, kind=kind, revoked_at=None):
        keys.revoke(key=lost)
    _, text = keys.create_key(business=business, kind=kind, name=FIRST_KEY)
    return text


def _papers(made: Provisioned) -> Papers:
    customer = next(iter(CUSTOMERS))
    advocate = Advocate.objects.for_business(made.business).get(external_id=customer)
    return {
        **connection.addresses(),
        "email": world.OWNER_EMAIL,
        "password": _new_password(),
        "businessId": str(made.business.pk),
        "slug": made.business.slug,
        "secretKey": made.secret_key,
        "testKey": made.test_key,
        "integrationKey": made.integration_key,
        "ssoSecret": made.sso_secret,
        "webhookSecret": connection.renew(made.business),
        "advocateId": str(advocate.pk),
        "externalId": customer,
    }


def _new_password() -> str:
    """One that can be read out, and is not to be guessed."""
    password = "-".join(crypto.new_code(5) for _ in range(3)).lower()
    owner = User.objects.get(email=world.OWNER_EMAIL)
    owner.name = world.OWNER_NAME
    owner.set_password(password)
    owner.save(update_fields=["name", "password"])
    return password


def _publish() -> None:
    """What has happened is told before the shop listens: it hears of what happens from now on."""
    deadline = time.monotonic() + PATIENCE
    relay.relay()
    while publication.is_waiting() and time.monotonic() < deadline:  # another relay is at work
        time.sleep(0.1)
        relay.relay()
