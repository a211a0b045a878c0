"""`manage.py seed_demo`: a business with a year behind it, made once, and papers that open it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from advocates import models  # by the module: names that begin with Test look like tests
from advocates.models import Advocate, Idea
from config.demo import papers, world
from loyalty.kernel import clock
from loyalty.models import Business, Event, InventoryItem, Quest, Submission, User
from loyalty.models.ledger import Balance, LedgerEntry, Lot
from loyalty.services import ledger, verification
from rewards.models import Redemption, Reward
from tests.cast import ApiClient, open_acme
from webhooks.models import Delivery, Endpoint
from webhooks.services import relay

PAPERS = {
    *("publicUrl", "adminUrl", "shopUrl", "email", "password", "businessId", "slug", "secretKey", "testKey"),
    *("integrationKey", "ssoSecret", "webhookSecret", "advocateId", "externalId"),
}


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue().strip()


@pytest.fixture(scope="module")
def _seeded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One world for all tests here, gone when they have ended."""
    data = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), override_settings(DATA_DIR=data), transaction.atomic():
        assert seed() == "The demo is made."
        yield
        transaction.set_rollback(True)


@pytest.fixture
def acme(_seeded: None) -> Iterator[Business]:
    """The demo's business. What a test does to it is undone."""
    kept = papers.path().read_bytes()
    before = transaction.savepoint()
    yield Business.objects.get(slug="acme")
    assert verification.verify() == []
    transaction.savepoint_rollback(before)
    papers.path().write_bytes(kept)


def found() -> papers.Papers:
    known = papers.read()
    assert known
    return known


def mode_of(key: str) -> str | None:
    """The mode of a secret key that works."""
    answer: dict[str, str] = ApiClient({"Authorization": f"Bearer {key}"}).get("/me").json()
    return answer.get("mode")


class TestRefuses:
    def test_to_touch_a_business_that_is_not_the_demo(self, db: None):
        open_acme()

        with pytest.raises(CommandError, match="There is a business 'acme' already, and it is not the demo"):
            seed()

        assert Advocate.objects.count() == 0

    def test_to_leave_half_a_demo_behind(self, db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        monkeypatch.setattr(world, "CROWD", [])

        with (
            override_settings(DATA_DIR=tmp_path, WEBHOOKS_ALLOW_HTTP=False),
            pytest.raises(CommandError, match="https"),
        ):
            seed()

        assert Business.objects.count() == 0
        assert list(tmp_path.iterdir()) == []


class TestLeaves:
    def test_papers_that_nobody_else_can_read(self, acme: Business):
        assert papers.path().stat().st_mode & 0o777 == 0o600
        assert set(found()) == PAPERS

    def test_keys_that_work(self, acme: Business):
        integration = ApiClient({"X-API-KEY": found()["integrationKey"]})

        assert (mode_of(found()["secretKey"]), mode_of(found()["testKey"])) == ("live", "test")
        widget = integration.get(f"/integration/user/{found()['externalId']}/widget")
        assert widget.json()["url"].startswith("http://testserver/w/acme#t=")

    def test_an_owner_who_can_sign_in(self, acme: Business):
        owner = User.objects.get(email=found()["email"])

        assert owner.check_password(found()["password"])
        assert list(owner.memberships.values_list("business__slug", "role")) == [("acme", "owner")]

    def test_a_customer_to_try(self, acme: Business):
        customer = Advocate.objects.get(pk=found()["advocateId"])

        assert (customer.external_id, customer.business_id) == (found()["externalId"], acme.pk)
        assert Balance.objects.get(account_id=customer.pk).amount > 800  # enough for a reward at once

    def test_a_business_that_its_shop_can_reach(self, acme: Business):
        assert (acme.timezone, acme.currency, acme.ip_allowlist) == (
            "Europe/Berlin",
            "EUR",
            ["127.0.0.1/32", "::1/128"],
        )
        assert acme.allowed_origins == ["http://127.0.0.1:8001", "http://localhost:8001"]
        assert Endpoint.objects.get().url == "http://127.0.0.1:8001/webhooks"


class TestAgain:
    def test_changes_nothing(self, acme: Business):
        before = papers.path().read_bytes(), Event.objects.count(), Endpoint.objects.get().updated_at

        assert seed() == "The demo is there already."

        assert (papers.path().read_bytes(), Event.objects.count(), Endpoint.objects.get().updated_at) == before

    @pytest.mark.parametrize("left", [None, "{", json.dumps({"businessId": "another"})])
    def test_makes_new_secrets_when_the_papers_are_lost(self, acme: Business, left: str | None):
        lost = found()
        papers.path().unlink()
        if left is not None:
            papers.path().write_text(left)

        assert "new keys and a new password" in seed()

        secrets = {name for name in PAPERS if found()[name] != lost[name]}
        assert secrets == {"password", "secretKey", "testKey", "integrationKey", "ssoSecret", "webhookSecret"}
        assert (mode_of(found()["secretKey"]), mode_of(lost["secretKey"])) == ("live", None)
        assert User.objects.get(email=lost["email"]).check_password(found()["password"])

    def test_makes_a_new_endpoint_when_that_is_lost_too(self, acme: Business):
        Endpoint.objects.all().delete()
        papers.path().unlink()

        seed()

        assert Endpoint.objects.get().url == "http://127.0.0.1:8001/webhooks"

    def test_follows_to_other_ports(self, acme: Business, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SHOP_URL", "http://127.0.0.1:9901")

        with override_settings(PUBLIC_URL="http://127.0.0.1:9900"):
            assert "its addresses have changed" in seed()

        acme.refresh_from_db()
        assert (found()["shopUrl"], found()["publicUrl"]) == ("http://127.0.0.1:9901", "http://127.0.0.1:9900")
        assert acme.allowed_origins == ["http://127.0.0.1:9901", "http://localhost:9901"]
        assert Endpoint.objects.get().url == "http://127.0.0.1:9901/webhooks"


class TestTells:
    def test_of_sixty_people_on_every_tier(self, acme: Business):
        people = Advocate.objects.for_business(acme)

        assert people.count() == 60
        assert set(people.values_list("account__tier__key", flat=True)) == {"bronze", "silver", "gold"}
        assert all(person.email and person.email.endswith(".example") for person in people)

    def test_of_rewards_in_every_state(self, acme: Business):
        rewards = list(Reward.objects.for_business(acme))

        assert len(rewards) == 8
        assert len({reward.type for reward in rewards}) >= 5
        assert [reward.name for reward in rewards if reward.status == "draft"] == ["Home barista workshop"]
        assert [reward.name for reward in rewards if reward.tier_keys] == ["Cupping evening for two"]
        assert [reward.name for reward in rewards if reward.ends_at and reward.ends_at < clock.now(acme)]
        assert [reward.name for reward in rewards if reward.stock_remaining == 2] == ["Acme Mug"]

    def test_of_what_people_say_and_what_waits_for_an_answer(self, acme: Business):
        said = models.Testimonial.objects.for_business(acme).order_by("created_at").values_list("status", flat=True)

        assert sorted(said) == ["approved", "approved", "pending"]
        assert set(Idea.objects.for_business(acme).values_list("status", flat=True)) == {"open", "planned", "shipped"}
        assert Submission.objects.for_business(acme).get().status == "pending"
        assert set(Quest.objects.for_business(acme).values_list("key", flat=True)) == {"regular", "friends"}
        assert LedgerEntry.objects.for_business(acme).filter(source_type="earn_rule").count() == 6
        badges = InventoryItem.objects.for_business(acme).filter(set__key="badges")
        assert set(badges.values_list("key", flat=True)) == {"regular", "first-cup"}

    def test_of_a_year_and_not_of_tomorrow(self, acme: Business):
        moments = LedgerEntry.objects.for_business(acme).order_by("occurred_at").values_list("occurred_at", flat=True)
        months = {moment.month for moment in moments}

        assert len(months) == 12
        assert clock.now(acme) - timedelta(days=366) < moments[0] < clock.now(acme) - timedelta(days=300)
        assert clock.now(acme) - timedelta(days=7) < list(moments)[-1] <= clock.now(acme)

    def test_of_everything_that_can_happen_to_points(self, acme: Business):
        assert set(LedgerEntry.objects.for_business(acme).values_list("type", flat=True)) == {
            *("earn", "spend", "adjust", "expire", "reverse")
        }
        assert Redemption.objects.for_business(acme).filter(status="cancelled").exists()
        assert Balance.objects.for_business(acme).filter(pending__gt=0).exists()
        soon = clock.now(acme) + timedelta(days=30)
        assert Lot.objects.for_business(acme).filter(remaining__gt=0, expires_at__lt=soon).exists()

    def test_the_shop_of_nothing_but_what_happens_next(self, acme: Business):
        assert Delivery.objects.count() == 0
        assert not Event.objects.filter(position=None).exists()

        ledger.award(business=acme, account_id=Advocate.objects.all()[0].pk, amount=5)
        relay.relay()

        assert [delivery.topic for delivery in Delivery.objects.all()] == ["points/earned"]


def test_needs_a_directory_that_it_may_make(acme: Business, tmp_path: Path):
    with override_settings(DATA_DIR=tmp_path / "not" / "yet"):
        seed()

        assert found()["slug"] == "acme"
