"""Tokens of end users: whose they are, for how long, how they end, and the keys that sign them."""

import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Business, SigningKey
from loyalty.services import accounts, signing, tokens
from loyalty.services.tokens import InvalidToken
from tests.races import at_once

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def token(acme, ada):
    return tokens.issue(business=acme, account_id=ada.pk)


def refused(token):
    tokens.forget()
    with pytest.raises(InvalidToken):
        tokens.verify(token)
    return True


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def bearer(token):
    return {"Authorization": f"Bearer {token}", "X-API-KEY": token}


class TestToken:
    def test_says_whose_it_is(self, acme, ada, token):
        found = tokens.verify(token)

        assert (found.business, found.account_id, found.scope) == (acme, ada.pk, "widget")
        assert set(claims_of(token)) == {"iss", "aud", "sub", "biz", "scope", "iat", "exp", "jti"}

    def test_lives_a_day_and_no_longer(self, token, time_machine):
        time_machine.move_to(clock.wall() + timedelta(hours=23, minutes=59))
        assert tokens.verify(token)

        time_machine.move_to(clock.wall() + timedelta(minutes=2))
        assert refused(token)

    def test_is_not_issued_to_strangers(self, acme, eve):
        with pytest.raises(NotFound):
            tokens.issue(business=acme, account_id=eve.pk)

    def test_is_not_issued_to_the_blocked(self, acme, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(tokens.NoTokenForAccount):
            tokens.issue(business=acme, account_id=ada.pk)

    def test_opens_no_dashboard(self, client, token):
        assert client.get("/admin/", headers=bearer(token)).status_code == 302  # to sign in

    def test_costs_no_query_the_second_time(self, token, django_assert_num_queries):
        tokens.verify(token)

        with django_assert_num_queries(0):
            tokens.verify(token)


class TestRevocation:
    def test_of_a_person_ends_their_tokens(self, acme, ada, bob, token):
        bobs = tokens.issue(business=acme, account_id=bob.pk)

        accounts.revoke_tokens(business=acme, account_id=ada.pk)

        assert refused(token)
        assert tokens.verify(bobs)

    def test_of_a_business_ends_all(self, acme, ada, eve, rival, token):
        eves = tokens.issue(business=rival, account_id=eve.pk)

        tokens.revoke_all(business=acme)

        assert refused(token)
        assert tokens.verify(eves)

    def test_tells_tokens_of_one_second_apart(self, acme, ada, time_machine):
        time_machine.move_to(NOON, tick=False)
        before = tokens.issue(business=acme, account_id=ada.pk)
        time_machine.move_to(NOON + timedelta(milliseconds=300), tick=False)
        accounts.revoke_tokens(business=acme, account_id=ada.pk)
        time_machine.move_to(NOON + timedelta(milliseconds=600), tick=False)
        after = tokens.issue(business=acme, account_id=ada.pk)

        assert refused(before)
        assert tokens.verify(after)

    @pytest.mark.breaks_the_books  # nobody is merged without a merge
    @pytest.mark.parametrize("status", ["blocked", "merged", "erased"])
    def test_follows_from_the_persons_status(self, acme, ada, token, status):
        Account.objects.for_business(acme).filter(pk=ada.pk).update(status=status)

        assert refused(token)

    def test_follows_from_a_suspension(self, acme, token):
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert refused(token)

    def test_holds_within_five_seconds_where_the_token_was_just_used(self, acme, ada, token, monkeypatch):
        start = time.monotonic()
        tokens.verify(token)
        accounts.revoke_tokens(business=acme, account_id=ada.pk)

        monkeypatch.setattr("loyalty.kernel.recent.time.monotonic", lambda: start + 4.9)

        with pytest.raises(InvalidToken):
            tokens.verify(token)


class TestSigningKey:
    def test_verifies_until_its_tokens_are_dead(self, acme, ada, token, time_machine):
        old = signing.signer().key_id
        signing.rotate()
        tokens.forget()
        new = tokens.issue(business=acme, account_id=ada.pk)

        assert jwt.get_unverified_header(new)["kid"] != old
        assert tokens.verify(token)
        assert tokens.verify(new)

        time_machine.move_to(clock.wall() + timedelta(hours=26))
        assert [key["kid"] for key in signing.public_keys()] == [jwt.get_unverified_header(new)["kid"]]

    def test_verifies_nothing_more_once_it_was_stolen(self, token):
        signing.rotate(overlap=timedelta(0))

        assert refused(token)

    def test_verifies_nothing_more_within_five_seconds_where_the_token_was_just_used(self, token, monkeypatch):
        start = time.monotonic()
        tokens.verify(token)
        signing.rotate(overlap=timedelta(0))

        monkeypatch.setattr("loyalty.kernel.recent.time.monotonic", lambda: start + 4.9)

        with pytest.raises(InvalidToken):
            tokens.verify(token)

    def test_verifies_a_token_once_in_minutes(self, token, monkeypatch, django_assert_num_queries):
        start = time.monotonic()
        tokens.verify(token)
        monkeypatch.setattr("loyalty.kernel.recent.time.monotonic", lambda: start + 4.9)
        monkeypatch.setattr(jwt, "decode", None)

        with django_assert_num_queries(3):  # the key, the business, the person
            assert tokens.verify(token)

    def test_is_not_readable_in_the_database(self, token):
        key = SigningKey.objects.get()

        assert set(key.public_jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        number = signing.signer().private_key.private_numbers().private_value.to_bytes(32, "big")
        assert number not in bytes(key.private_sealed)

    @pytest.mark.django_db(transaction=True)
    def test_is_made_once_by_many(self, slow_making):
        signers = at_once(8, lambda _: _signer_of_another_process())

        assert {signer.key_id for signer in signers} == {SigningKey.objects.get().kid}

    @pytest.mark.django_db(transaction=True)
    def test_would_be_made_often_without_the_lock(self, slow_making, monkeypatch):
        """The control: the lock is what makes it one."""
        monkeypatch.setattr(signing, "_lock", lambda: None)

        at_once(8, lambda _: _signer_of_another_process())

        assert SigningKey.objects.count() > 1


@pytest.fixture
def slow_making(monkeypatch):
    """Between seeing that there is no key and making one, everybody else has time to see it, too."""
    make = signing._make
    monkeypatch.setattr(signing, "_make", lambda: time.sleep(0.1) or make())


def _signer_of_another_process():
    return signing._newest("") or signing._first_signer()


class TestKeySet:
    def test_verifies_tokens_elsewhere(self, client, token):
        response = client.get("/.well-known/jwks.json")

        keys = jwt.PyJWKSet.from_dict(response.json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        assert jwt.decode(token, key, algorithms=["ES256"], audience="laurel-user")["sub"] == claims_of(token)["sub"]
        assert response["Cache-Control"] == "public, max-age=300"

    def test_shows_no_private_half(self, client, token):
        (key,) = client.get("/.well-known/jwks.json").json()["keys"]

        assert "d" not in key
