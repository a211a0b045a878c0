"""Tokens that somebody made up, changed, or kept for too long: four and twenty sorts, and some besides."""

import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.request import urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from loyalty.kernel import ids
from loyalty.models import Account, Action, Business
from loyalty.services import accounts, erasure, keys, signing, tokens
from tests import cast
from tests.loyalty.test_user_tokens import bearer, claims_of
from tests.loyalty.test_user_tokens import token as token
from tests.refusals import assert_integration_refused, assert_refused
from tests.web import serving


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
