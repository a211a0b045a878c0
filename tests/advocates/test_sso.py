import hashlib
import hmac
from datetime import timedelta

import pytest

from advocates.models import Advocate
from advocates.models.sso import SsoSecret, SsoSignature
from advocates.services import mappings, sso
from loyalty.kernel import clock
from loyalty.models import Account, Business
from loyalty.services import merges, tokens
from tests.cast import ApiClient
from tests.races import at_once

NOBODY = "01990f3e-5d2a-7c31-9a55-0b8f2a9d4e10"


@pytest.fixture
def secret(acme):
    return sso.create_secret(business=acme)


@pytest.fixture
def browser_api(db):
    return ApiClient()


def epoch(shift=0):
    return int(clock.wall().timestamp()) + shift


def claim(business, secret, *, customer="ada-1", timestamp=None, text=None, **more):
    """A claim as the merchant's backend signs it."""
    timestamp = epoch() if timestamp is None else timestamp
    person = [more["email"], more["name"]] if "email" in more and "name" in more else []
    text = text or ":".join([str(business.pk), customer, str(timestamp), *person])
    return {
        "businessId": str(business.pk),
        "externalCustomerId": customer,
        "timestamp": timestamp,
        "signature": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
        **more,
    }


def recognize(api, body, **headers):
    return api.post("/sso/recognize", body, **headers)


def error_of(response):
    return {name: value for name, value in response.json()["error"].items() if name != "requestId"}


@pytest.mark.usefixtures("at_one_moment")
class TestRefusal:
    def test_is_one_and_the_same_for_everything(self, browser_api, acme, rival, secret):
        good = claim(acme, secret)
        bad = {
            "unknown business": {**good, "businessId": NOBODY},
            "no id at all": {**good, "businessId": "acme"},
            "other business": {**good, "businessId": str(rival.pk)},
            "other customer": {**good, "externalCustomerId": "bob-1"},
            "wrong secret": claim(acme, "sso_wrong"),
            "upper-case hex": {**good, "signature": good["signature"].upper()},
            "no signature": {**good, "signature": ""},
            "not ASCII": {**good, "signature": "é" * 64},
            "too old": claim(acme, secret, timestamp=epoch(-302)),
            "too early": claim(acme, secret, timestamp=epoch(+302)),
            "milliseconds": claim(acme, secret, timestamp=epoch() * 1000),
            "negative": claim(acme, secret, timestamp=-epoch()),
        }

        answers = {name: recognize(browser_api, body) for name, body in bad.items()}

        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(bad, 401)
        assert len({str(error_of(answer)) for answer in answers.values()}) == 1
        assert not SsoSignature.objects.for_business(acme).exists()

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"timestamp": 12.5}, "timestamp"),
            ({"timestamp": "12"}, "timestamp"),
            ({"externalCustomerId": "a/b"}, "externalCustomerId"),
            ({"externalCustomerId": "ada:1"}, "externalCustomerId"),
            ({"email": "ada@example.com"}, "name"),
            ({"name": "Ada"}, "email"),
            ({"email": "ada:1@example.com", "name": "Ada"}, "email"),
            ({"points": 1_000_000}, "points"),
        ],
    )
    def test_names_a_malformed_field(self, browser_api, acme, secret, changed, field):
        response = recognize(browser_api, {**claim(acme, secret), **changed})

        assert (response.status_code, response.json()["error"]["field"]) == (400, field)

    def test_meets_an_email_that_was_not_signed(self, browser_api, acme, secret):
        body = {**claim(acme, secret), "email": "eve@example.com", "name": "Eve"}

        assert recognize(browser_api, body).status_code == 401

    def test_meets_fields_that_were_shifted(self, browser_api, acme, secret):
        """`…:12:3…` must not pass for customer 12 at time 3…, nor a name for an e-mail address."""
        body = claim(acme, secret, email="ada@example.com", name="Ada:Eve")
        shifted = {**body, "email": "ada@example.com:Ada", "name": "Eve"}
        no_person = {**body, "externalCustomerId": f"ada-1:{body['timestamp']}"}

        assert recognize(browser_api, shifted).status_code == 400
        assert recognize(browser_api, no_person).status_code == 400

    def test_meets_the_secret_of_another_business(self, browser_api, acme, rival, secret):
        theirs = sso.create_secret(business=rival)

        assert recognize(browser_api, claim(acme, theirs)).status_code == 401

    def test_meets_a_retired_secret(self, browser_api, acme, secret):
        sso.retire_secret(secret=SsoSecret.objects.for_business(acme).get())

        assert recognize(browser_api, claim(acme, secret)).status_code == 401

    @pytest.mark.parametrize("status", ["blocked", "erased"])
    def test_meets_people_who_are_not_active(self, browser_api, acme, ada, secret, status):
        Account.objects.for_business(acme).filter(pk=ada.pk).update(status=status)

        assert recognize(browser_api, claim(acme, secret)).status_code == 401

    def test_meets_customers_of_suspended_businesses(self, browser_api, acme, ada, secret):
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert recognize(browser_api, claim(acme, secret)).status_code == 401

    def test_counts_against_the_address(self, browser_api, acme, secret):
        answers = [recognize(browser_api, claim(acme, "wrong")).status_code for _ in range(61)]

        assert answers == [401] * 60 + [429]


class TestRecognition:
    def test_answers_a_token_of_the_customer(self, browser_api, acme, ada, secret):
        response = recognize(browser_api, claim(acme, secret))

        assert response.status_code == 200
        assert response.json()["advocateId"] == str(ada.pk)
        assert tokens.verify(response.json()["sessionToken"]).account_id == ada.pk

    def test_lets_a_new_customer_join(self, browser_api, acme, secret):
        body = claim(acme, secret, customer="new-9", email="Nora@Example.com", name="Nora: the new one")

        advocate_id = recognize(browser_api, body).json()["advocateId"]

        nora = Advocate.objects.for_business(acme).get(pk=advocate_id)
        assert (nora.external_id, nora.email, nora.name) == ("new-9", "nora@example.com", "Nora: the new one")

    def test_of_a_merged_customer_is_of_the_one_who_took_over(self, browser_api, acme, ada, bob, secret):
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        assert recognize(browser_api, claim(acme, secret)).json()["advocateId"] == str(bob.pk)

    def test_of_a_mapped_id_is_of_its_person(self, browser_api, acme, ada, secret):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-7")

        assert recognize(browser_api, claim(acme, secret, customer="outlet-7")).json()["advocateId"] == str(ada.pk)

    @pytest.mark.parametrize("shift", [-299, 299])
    def test_bears_five_minutes_between_the_clocks(self, browser_api, acme, secret, shift):
        assert recognize(browser_api, claim(acme, secret, timestamp=epoch(shift))).status_code == 200

    def test_takes_either_secret_while_they_change(self, browser_api, acme, secret):
        newer = sso.create_secret(business=acme)

        assert recognize(browser_api, claim(acme, secret)).status_code == 200
        assert recognize(browser_api, claim(acme, newer)).status_code == 200
        with pytest.raises(sso.TooManySecrets):
            sso.create_secret(business=acme)

    def test_is_not_held_back_by_the_limit_of_an_address(self, browser_api, acme, secret):
        answers = [recognize(browser_api, claim(acme, secret, customer=f"c-{n}")).status_code for n in range(62)]

        assert answers == [200] * 62

    def test_happens_once_per_signature(self, browser_api, acme, secret):
        body = claim(acme, secret)

        answers = [recognize(browser_api, body, Idempotency_Key="same").status_code for _ in range(3)]

        assert answers == [200, 401, 401]

    @pytest.mark.django_db(transaction=True)
    def test_happens_once_for_copies_at_once(self, acme):
        body = sso_claim(acme, sso.create_secret(business=acme))

        answers = at_once(20, lambda _: sso.sign_in(business=acme, claim=body))

        assert len([answer for answer in answers if isinstance(answer, sso.Recognized)]) == 1
        assert {type(answer) for answer in answers} == {sso.Recognized, sso.NotRecognized}

    @pytest.mark.django_db(transaction=True)
    def test_would_happen_often_without_the_row(self, acme, monkeypatch):
        """The control: the unique row is what makes it one."""
        monkeypatch.setattr(sso, "_spend", lambda business, claim: None)
        body = sso_claim(acme, sso.create_secret(business=acme))

        answers = at_once(20, lambda _: sso.sign_in(business=acme, claim=body))

        assert len([answer for answer in answers if isinstance(answer, sso.Recognized)]) > 1

    def test_forgets_signatures_that_are_too_old_anyway(self, browser_api, acme, secret, time_machine):
        recognize(browser_api, claim(acme, secret))
        assert sso.purge() == 0

        time_machine.move_to(clock.wall() + timedelta(seconds=601))

        assert sso.purge() == 1


class TestSecret:
    def test_is_kept_sealed(self, acme, secret):
        kept = SsoSecret.objects.for_business(acme).get()

        assert secret.startswith("sso_")
        assert secret.encode() not in bytes(kept.secret_sealed)


def sso_claim(business, secret):
    body = claim(business, secret)
    return sso.Claim(body["businessId"], body["externalCustomerId"], body["timestamp"], body["signature"])
