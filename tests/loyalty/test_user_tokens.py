import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from loyalty.kernel import clock, ids
from loyalty.kernel.errors import NotFound
from loyalty.models import Account, Action, Business, SigningKey
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


def signed_by_stranger(token, **header):
    stranger = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims_of(token), stranger, "ES256", headers={"kid": signing.signer().key_id, **header})


def hs256_with_public_key(token):
    """The old trick: the public key as an HMAC secret."""
    public = signing.signer().private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {**jwt.get_unverified_header(token), "alg": "HS256"}
    unsigned = f"{encode(header)}.{token.split('.')[1]}"
    signature = hmac.digest(pem, unsigned.encode(), "sha256")
    return f"{unsigned}.{base64url_encode(signature).decode()}"


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


FORGERIES = {
    "alg none": lambda t: f"{encode({'alg': 'none', 'typ': 'JWT'})}.{t.split('.')[1]}.",
    "alg None": lambda t: with_header(t, alg="None"),
    "alg nOnE": lambda t: with_header(t, alg="nOnE"),
    "alg none, our signature": lambda t: with_header(t, alg="none"),
    "alg HS256, our signature": lambda t: with_header(t, alg="HS256"),
    "alg HS256 with the public key": hs256_with_public_key,
    "alg ES384": lambda t: with_header(t, alg="ES384"),
    "no kid": lambda t: with_header(t, kid=None),
    "unknown kid": lambda t: with_header(t, kid="A" * 43),
    "kid is a path": lambda t: with_header(t, kid="../../../../dev/null"),
    "kid is SQL": lambda t: with_header(t, kid="' OR 1=1 --"),
    "kid has a NUL": lambda t: with_header(t, kid="\x00" * 43),
    "kid is a list": lambda t: with_header(t, kid=[signing.signer().key_id]),
    "jku header": lambda t: signed(t, header={"jku": "http://127.0.0.1:9/jwks.json"}),
    "x5u header": lambda t: signed(t, header={"x5u": "http://127.0.0.1:9/cert"}),
    "jwk header with a stranger's key": lambda t: signed_by_stranger(t, jwk={"kty": "EC"}),
    "typ of an identity": lambda t: with_header(t, typ="id+jwt"),
    "crit header": lambda t: with_header(t, crit=["b64"], b64=False),
    "signed by a stranger": signed_by_stranger,
    "other subject, old signature": other_subject,
    "two subjects, old signature": second_subject,
    "no exp": lambda t: signed(t, without=["exp"]),
    "no iat": lambda t: signed(t, without=["iat"]),
    "no aud": lambda t: signed(t, without=["aud"]),
    "no iss": lambda t: signed(t, without=["iss"]),
    "no sub": lambda t: signed(t, without=["sub"]),
    "no biz": lambda t: signed(t, without=["biz"]),
    "no jti": lambda t: signed(t, without=["jti"]),
    "expired 61 s ago": lambda t: signed(t, exp=int(seconds(-61))),
    "not valid before tomorrow": lambda t: signed(t, nbf=int(seconds(86_400))),
    "issued tomorrow": lambda t: signed(t, iat=seconds(86_400)),
    "other audience": lambda t: signed(t, aud="another-app"),
    "list of audiences": lambda t: signed(t, aud=[tokens.AUDIENCE, "another-app"]),
    "other issuer": lambda t: signed(t, iss="https://evil.example"),
    "truncated": lambda t: t[:-10],
    "empty signature": lambda t: t.rsplit(".", 1)[0] + ".",
    "two parts": lambda t: t.rsplit(".", 1)[0],
    "empty": lambda t: "",
    "not ASCII": lambda t: t + "é",
    "a megabyte": lambda t: t + "A" * 1_000_000,
}


class TestForgedToken:
    @pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
    def test_is_refused(self, token, forge):
        assert refused(forge(token))

    @pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
    def test_tells_nothing_and_does_nothing(self, client, token, forge):
        headers = {"Authorization": f"Bearer {forge(token)}"}
        tokens.forget()

        answers = [
            client.get("/api/loyalty/profile", headers=headers),
            client.post("/api/loyalty/action", {"action": "ride"}, "application/json", headers=headers),
        ]

        assert [answer.status_code for answer in answers] == [401, 401]
        assert {answer.json()["error"]["code"] for answer in answers} == {"UNAUTHENTICATED"}
        assert not Action.objects.exists()

    def test_is_told_from_a_good_one(self, token):
        """The control: the table's tools make good tokens, too."""
        assert tokens.verify(token)
        assert tokens.verify(signed(token))
        assert tokens.verify(with_header(token))

    @pytest.mark.parametrize("claim", ["biz", "sub"])
    def test_of_another_business_is_refused(self, token, rival, eve, claim):
        assert refused(signed(token, **{claim: str(rival.pk if claim == "biz" else eve.pk)}))


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

    def test_is_no_key_to_the_backends_surfaces(self, client, token):
        headers = {"Authorization": f"Bearer {token}", "X-API-KEY": token}

        for path in ("/api/v1/me", "/api/v1/advocates", "/api/v1/integration/user/ada-1/token"):
            assert client.get(path, headers=headers).status_code in (401, 403)
        assert client.get("/admin/", headers=headers).status_code == 302  # to sign in

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
