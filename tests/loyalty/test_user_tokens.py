import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from urllib.request import urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from loyalty.kernel import clock, ids
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Action, Business, SigningKey
from loyalty.services import accounts, erasure, keys, signing, tokens
from loyalty.services.tokens import InvalidToken
from tests import cast
from tests.races import at_once
from tests.refusals import assert_integration_refused, assert_refused
from tests.web import serving

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


def encode(part):
    return base64url_encode(json.dumps(part).encode()).decode()


def with_header(token, **changed):
    """The token under another header, signed with our own key whatever the header says."""
    header = {name: value for name, value in {**jwt.get_unverified_header(token), **changed}.items() if value}
    unsigned = f"{encode(header)}.{token.split('.')[1]}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(unsigned.encode(), signing.signer().private_key)
    return f"{unsigned}.{base64url_encode(signature).decode()}"


def signed(token, *, without=(), header=None, **changed):
    """A token that our own key signed, with other claims."""
    claims = {name: value for name, value in {**claims_of(token), **changed}.items() if name not in without}
    signer = signing.signer()
    return jwt.encode(claims, signer.private_key, "ES256", headers={"kid": signer.key_id, **(header or {})})


STRANGER = ec.generate_private_key(ec.SECP256R1())
THEIR_KEY = ECAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)


def signed_by_stranger(token, **header):
    return jwt.encode(claims_of(token), STRANGER, "ES256", headers={"kid": signing.signer().key_id, **header})


def hs256(token, secret, **changed):
    header = {**jwt.get_unverified_header(token), "alg": "HS256", **changed}
    unsigned = f"{encode(header)}.{token.split('.')[1]}"
    signature = hmac.digest(secret, unsigned.encode(), "sha256")
    return f"{unsigned}.{base64url_encode(signature).decode()}"


def hs256_with_public_key(token):
    """The old trick: the public key as an HMAC secret."""
    public = signing.signer().private_key.public_key()
    return hs256(token, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def other_subject(token):
    header, _, signature = token.split(".")
    return f"{header}.{encode({**claims_of(token), 'sub': str(ids.new_id())})}.{signature}"


def second_subject(token):
    """Two subjects in one token: the first one for whoever checks, the last one for whoever reads."""
    header, _, signature = token.split(".")
    claims = json.dumps(claims_of(token))[:-1] + f', "sub": "{ids.new_id()}"}}'
    return f"{header}.{base64url_encode(claims.encode()).decode()}.{signature}"


def seconds(shift):
    return time.time() + shift


@dataclass
class World:
    """A good token, and what forgers know or have."""

    token: str
    acme: Business
    ada: Account
    rival: Business
    eve: Account
    listener: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/keys"

    def calls(self) -> int:
        """How often somebody connected to the listener since this was asked."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
                count += 1
        return count

    def rivals_key(self, kind: keys.Kind) -> tuple[str, str]:
        key, text = keys.create_key(business=self.rival, kind=kind, name="theirs")
        return str(key.pk), text

    def after(self, act: Callable[..., object], **said: object) -> str:
        act(business=self.acme, **said)
        return self.token


@pytest.fixture
def world(acme, ada, rival, eve, token) -> Iterator[World]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield World(token, acme, ada, rival, eve, listener)


def suspend(business):
    Business.objects.filter(pk=business.pk).update(status=Business.Status.SUSPENDED)


def less(claim):
    return lambda w: signed(w.token, without=[claim])


BACKENDS = "a user's token where backends call"
# Twenty-four sorts, a row each, in all their spellings.
FORGERIES: dict[str, list[Callable[[World], str]]] = {
    "alg none, None or nOnE": [
        lambda w: f"{encode({'alg': 'none', 'typ': 'JWT'})}.{w.token.split('.')[1]}.",
        lambda w: with_header(w.token, alg="none"),
        lambda w: with_header(w.token, alg="None"),
        lambda w: with_header(w.token, alg="nOnE"),
    ],
    "alg HS256": [lambda w: hs256_with_public_key(w.token), lambda w: with_header(w.token, alg="HS256")],
    "a kid that is a path": [lambda w: with_header(w.token, kid="../../../../dev/null")],
    "a kid that is SQL": [lambda w: with_header(w.token, kid="' OR 1=1 --")],
    "an unknown kid": [lambda w: with_header(w.token, kid="A" * 43)],
    "a jku header": [
        lambda w: signed_by_stranger(w.token, jku=w.url),
        lambda w: signed_by_stranger(w.token, jku=w.url, kid="theirs"),
        lambda w: signed(w.token, header={"jku": w.url}),
    ],
    "an x5u header": [
        lambda w: signed_by_stranger(w.token, x5u=w.url),
        lambda w: signed_by_stranger(w.token, x5u=w.url, kid="theirs"),
        lambda w: signed(w.token, header={"x5u": w.url}),
    ],
    "a jwk header": [
        lambda w: signed_by_stranger(w.token, jwk=THEIR_KEY),
        lambda w: signed_by_stranger(w.token, jwk=THEIR_KEY | {"x5u": w.url}, kid="theirs"),
        lambda w: signed(w.token, header={"jwk": THEIR_KEY | {"x5u": w.url}}),
    ],
    "no exp": [lambda w: signed(w.token, without=["exp"])],
    "exp 61 s ago": [lambda w: signed(w.token, exp=int(seconds(-61)))],
    "nbf tomorrow": [lambda w: signed(w.token, nbf=int(seconds(86_400)))],
    "iat tomorrow": [lambda w: signed(w.token, iat=seconds(86_400))],
    "another aud": [
        lambda w: signed(w.token, aud="another-app"),
        lambda w: signed(w.token, aud=[tokens.AUDIENCE, "another-app"]),
    ],
    "another iss": [lambda w: signed(w.token, iss="https://evil.example")],
    "another business's key": [
        lambda w: with_header(w.token, kid=w.rivals_key(keys.Kind.SECRET)[0]),
        lambda w: hs256(w.token, w.rivals_key(keys.Kind.SECRET)[1].encode()),
        lambda w: w.rivals_key(keys.Kind.SECRET)[1],
        lambda w: w.rivals_key(keys.Kind.INTEGRATION)[1],
        lambda w: signed(w.token, biz=str(w.rival.pk)),
        lambda w: signed(w.token, sub=str(w.eve.pk)),
    ],
    BACKENDS: [lambda w: w.token],
    "an identity in place of a token": [
        lambda w: signed(w.token, without=["biz", "scope"], nonce="n1", email="ada@example.com"),
        lambda w: with_header(w.token, typ="id+jwt"),
    ],
    "a truncated signature": [lambda w: w.token[:-10]],
    "an empty signature": [lambda w: w.token.rsplit(".", 1)[0] + "."],
    "a claim twice": [lambda w: second_subject(w.token)],
    "a megabyte": [
        lambda w: w.token + "A" * 1_000_000,
        lambda w: signed(w.token, more="A" * 1_000_000),
    ],
    "revoked": [lambda w: w.after(accounts.revoke_tokens, account_id=w.ada.pk)],
    "of a person who was erased": [lambda w: w.after(erasure.erase, account_id=w.ada.pk)],
    "of a business that was suspended": [lambda w: w.after(suspend)],
}
BESIDES: dict[str, list[Callable[[World], str]]] = {
    "alg ES384": [lambda w: with_header(w.token, alg="ES384")],
    "no kid": [lambda w: with_header(w.token, kid=None)],
    "a kid with a NUL": [lambda w: with_header(w.token, kid="\x00" * 43)],
    "a kid that is a list": [lambda w: with_header(w.token, kid=[signing.signer().key_id])],
    "a crit header": [lambda w: with_header(w.token, crit=["b64"], b64=False)],
    "signed by a stranger": [lambda w: signed_by_stranger(w.token)],
    "another sub, the old signature": [lambda w: other_subject(w.token)],
    "a claim less": [less(claim) for claim in ("iat", "aud", "iss", "sub", "biz", "jti", "scope")],
    "two parts": [lambda w: w.token.rsplit(".", 1)[0]],
    "nothing": [lambda w: ""],
    "no ASCII": [lambda w: w.token + "é"],
}
EVERY_FORGERY = pytest.mark.parametrize(
    ("row", "forge"),
    [pytest.param(row, forge, id=row) for row, forges in (FORGERIES | BESIDES).items() for forge in forges],
)


def asked(api, row):
    if row == BACKENDS:
        return [api.get(f"/api/v1{path}") for path in ("/me", "/advocates", "/integration/user/ada-1/token")]
    return [api.get("/api/loyalty/profile"), api.post("/api/loyalty/action", {"action": "ride"})]


def assert_unauthenticated(answer):
    """In the form of the surface that was asked."""
    path = answer.request["PATH_INFO"]
    check = assert_integration_refused if "integration" in path else assert_refused
    check(answer, "UNAUTHENTICATED", None, status=401)
    if path.startswith("/api/loyalty"):
        assert answer.json()["message"] == answer.json()["error"]["message"]


def bearer(token):
    return {"Authorization": f"Bearer {token}", "X-API-KEY": token}


class TestForgedToken:
    def test_is_one_of_twenty_four(self):
        assert len(FORGERIES) == 24

    @EVERY_FORGERY
    def test_is_refused_and_does_nothing(self, world, row, forge):
        api = cast.ApiClient(bearer(forge(world)), base="")
        tokens.forget()

        for answer in asked(api, row):
            assert_unauthenticated(answer)
        assert not Action.objects.exists()
        assert world.calls() == 0

    def test_would_be_seen_to_make_us_call(self, world):
        """The control: somebody who goes where the header says."""
        (forge, *_) = FORGERIES["a jku header"]
        with suppress(TimeoutError):
            urlopen(jwt.get_unverified_header(forge(world))["jku"], timeout=0.1)

        assert (world.calls(), world.calls()) == (1, 0)

    def test_is_told_from_a_good_one(self, world):
        """The control: the table's tools make good tokens, too."""
        for good in (world.token, signed(world.token), with_header(world.token)):
            answers = asked(cast.ApiClient(bearer(good), base=""), "good")
            assert [answer.status_code for answer in answers] == [200, 200]

    @pytest.mark.django_db(transaction=True)
    def test_meets_the_web_server_first_when_it_is_very_long(self, tmp_path):
        with serving(tmp_path) as server:
            assert [status_of("A" * length, server) for length in (100_000, 1_000_000)] == [401, 431]


def status_of(token, server):
    connection = HTTPConnection(server.options.address, server.options.port, timeout=10)
    connection.request("GET", "/api/loyalty/profile", headers={"Authorization": f"Bearer {token}"})

    return connection.getresponse().status


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
