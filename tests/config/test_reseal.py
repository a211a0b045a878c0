"""`manage.py reseal`: another key protects the data, while everybody works on, and the old one can go."""

import base64
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from advocates.services import sso
from loyalty.kernel import clock, crypto
from loyalty.models import IdempotencyRecord, SigningKey
from loyalty.services import sealing, signing
from rewards.models import Code, GiftCard
from rewards.services import codes, gift_cards, pools
from tests.rewards.gifts.conftest import links, open_gifts
from webhooks.models import Endpoint
from webhooks.services import endpoints
from webhooks.services import signing as signatures

pytestmark = pytest.mark.django_db

NEW = base64.b64encode(b"n" * 32).decode()


@pytest.fixture
def use(settings):
    """Give this process other keys, as a restart does."""

    def restart(*keys):
        settings.ENCRYPTION_KEYS = list(keys)
        forget()

    yield restart
    forget()


def forget():
    crypto._ciphers.cache_clear()
    crypto._hash_keys.cache_clear()
    signing.forget()


@pytest.fixture
def old(settings):
    return settings.ENCRYPTION_KEYS[0]


@pytest.fixture
def endpoint(acme):
    made, _ = endpoints.create(business=acme, url="https://shop.example.com/hooks", topics=["*"])
    return made


def reseal():
    out = StringIO()
    call_command("reseal", stdout=out)
    return out.getvalue()


class TestRefuses:
    def test_to_let_a_key_go_that_somebody_still_seals_with(self, acme, endpoint, use, old, monkeypatch):
        """Another process writes with the old key whatever we have just sealed with the new one."""
        use(NEW, old)
        sealed_with_the_old_one = bytes(endpoint.secret_sealed)

        def seal_and_lose(column, row):
            Endpoint.objects.filter(pk=row.pk).update(secret_sealed=sealed_with_the_old_one)
            return 1

        monkeypatch.setattr(sealing, "_reseal", seal_and_lose)

        with pytest.raises(CommandError, match="1 values are not under the first key"):
            reseal()

    def test_to_let_a_key_go_while_something_opens_with_none(self, acme, endpoint, use, old):
        other = endpoints.create(business=acme, url="https://two.example.com/", topics=["*"])[0]
        Endpoint.objects.filter(pk=endpoint.pk).update(secret_sealed=bytes(60))
        use(NEW, old)

        with pytest.raises(CommandError, match="1 values"):
            reseal()

        other.refresh_from_db()
        assert bytes(other.secret_sealed).startswith(crypto.sealing_key_id())

    def test_to_put_back_what_was_changed_meanwhile(self, acme, endpoint, use, old):
        """The secret is rotated between the reading of its row and the writing."""
        use(NEW, old)
        secret = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)[1]

        assert sealing._reseal(signatures.SEALED[0], endpoint) == 0
        endpoint.refresh_from_db()
        assert signatures.live_secrets(endpoint, at=clock.wall())[0] == secret


class TestReseal:
    def test_leaves_nothing_that_needs_the_old_key(self, acme, api, integration_api, endpoint, use, old, give, ada):
        secrets = [
            endpoints.rotate(business=acme, endpoint_id=endpoint.pk)[1],
            signatures.live_secrets(endpoint, at=clock.wall())[0],
        ]
        sso_secret = sso.create_secret(business=acme)
        signer = signing.signer()
        pool = pools.create(business=acme, title="Cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["FILM-1"])
        gifts = open_gifts(acme)
        placed = gifts.post("/Orders", links()).json()
        first = api.post("/code-pools", {"title": "Theatre"}, Idempotency_Key="once")

        use(NEW, old)
        said = reseal()
        use(NEW)

        endpoint.refresh_from_db()
        assert signatures.live_secrets(endpoint, at=clock.wall()) == secrets
        assert sso._secrets(acme) == [sso_secret.encode()]
        assert signing.signer().key_id == signer.key_id
        assert codes.allocate(business=acme, pool_id=pool.pk, redemption_id=None) == "FILM-1"
        assert gifts.get(f"/Orders/{placed['Id']}").json()["LineItems"] == placed["LineItems"]
        assert all(gift_cards.token_of(card) for card in GiftCard.objects.all())
        again = api.post("/code-pools", {"title": "Theatre"}, Idempotency_Key="once")
        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        assert said.count(" 0 left") == len(sealing.SEALED)
        assert said.endswith("The others can be removed.\n")

    def test_lets_codes_be_known_again_by_the_new_key_alone(self, acme, api, use, old):
        pool = pools.create(business=acme, title="Cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["FILM-1"])
        use(NEW, old)
        reseal()
        use(NEW)

        answer = api.post(f"/code-pools/{pool.pk}/codes", {"codes": ["FILM-1"]})

        assert answer.status_code == 400
        assert Code.objects.count() == 1

    def test_goes_on_where_it_was_stopped(self, acme, use, old, monkeypatch):
        for number in range(5):
            endpoints.create(business=acme, url=f"https://{number}.example.com/", topics=["*"])
        monkeypatch.setattr(sealing, "PAGE", 2)
        use(NEW, old)
        with monkeypatch.context() as stopping:
            done = []
            stopping.setattr(sealing, "_reseal", stop_after(3, sealing._reseal, done))
            with pytest.raises(KeyboardInterrupt):
                reseal()

        assert "webhooks_endpoint.secret_sealed: 2 sealed anew, 0 left" in reseal()

    def test_does_nothing_the_second_time(self, endpoint, use, old):
        use(NEW, old)
        reseal()

        assert "1 sealed anew" not in reseal()

    def test_passes_over_answers_that_are_kept_in_the_ledger(self, api, ada, use, old):
        api.post(f"/advocates/{ada.pk}/points", {"amount": 5}, Idempotency_Key="once")
        assert IdempotencyRecord.objects.filter(answer=None).exists()
        use(NEW, old)

        assert "loyalty_idempotencyrecord.answer: 0 sealed anew, 0 left" in reseal()


class TestEverythingSealed:
    def test_is_registered(self):
        """By its name; an answer that is kept is sealed, too."""
        named = {
            (model, field.name)
            for model in apps.get_models()
            for field in model._meta.get_fields()
            if isinstance(field, models.BinaryField) and "sealed" in field.name
        }

        assert {(each.model, each.column) for each in sealing.SEALED} == {*named, (IdempotencyRecord, "answer")}
        assert (SigningKey, "private_sealed") in named


def stop_after(count, work, done):
    def stop(column, row):
        if len(done) == count:
            raise KeyboardInterrupt
        done.append(row)
        return work(column, row)

    return stop
