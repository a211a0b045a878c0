"""A token for an e-mail address and an access token: what opens the Gift Card API."""

import pytest

from loyalty.api import authentication
from loyalty.kernel import clock, crypto
from rewards.models import GiftAccount, GiftToken
from rewards.services import gift_accounts
from tests import cast
from tests.races import beside
from tests.rewards.gifts.conftest import assert_refused

pytestmark = pytest.mark.django_db

AT_GATE = cast.ApiClient(base="/v1")


@pytest.fixture
def opened(acme):
    return gift_accounts.open_account(business=acme, email="Gifts@acme.example")


def ask(email, access_token):
    return AT_GATE.post("/Tokens", Email=email, AccessToken=access_token)


class TestIsRefused:
    @pytest.mark.parametrize("email", ["", "other@acme.example"])
    def test_with_another_address(self, opened, email):
        assert_refused(ask(email, opened[1]), 401, "UNAUTHENTICATED")

    @pytest.mark.parametrize("text", ["", "ga_guessed"])
    def test_with_another_access_token(self, opened, text):
        assert_refused(ask("gifts@acme.example", text), 401, "UNAUTHENTICATED")

    def test_to_a_disabled_account_until_it_is_enabled_again(self, opened):
        account, text = opened
        gift_accounts.disable(account=account)
        assert_refused(ask(account.email, text), 403, "FORBIDDEN")

        gift_accounts.enable(account=account)
        assert ask(account.email, text).status_code == 200

    def test_to_a_suspended_business(self, acme, opened):
        acme.status = acme.Status.SUSPENDED
        acme.save()

        assert_refused(ask(opened[0].email, opened[1]), 403, "FORBIDDEN")

    def test_to_who_asks_too_often(self, opened):
        with clock.moved_to(clock.wall()):  # within one minute
            answers = [ask(opened[0].email, f"ga_{number}").status_code for number in range(70)]

        assert answers.count(401) == 60
        assert answers.count(429) == 10


class TestToken:
    def test_opens_the_api_for_an_hour(self, opened):
        answer = ask("GIFTS@acme.example", opened[1]).json()

        assert answer["ExpiresIn"] == 3600
        client = cast.ApiClient({"Authorization": f"Bearer {answer['Value']}"}, base="/v1")
        assert client.get("/Balance").status_code == 200
        GiftToken.objects.update(expires_at=clock.wall())
        authentication.forget()
        assert_refused(client.get("/Balance"), 401, "UNAUTHENTICATED")
        assert gift_accounts.purge() == 1

    def test_ends_with_its_access_token(self, opened):
        account, text = opened
        client = cast.ApiClient({"Authorization": f"Bearer {ask(account.email, text).json()['Value']}"}, base="/v1")

        renewed = gift_accounts.renew(account=account)

        authentication.forget()
        assert client.get("/Balance").status_code == 401
        assert ask(account.email, text).status_code == 401
        assert ask(account.email, renewed).status_code == 200

    def test_lies_nowhere_in_the_clear(self, opened):
        value = ask(opened[0].email, opened[1]).json()["Value"]

        for secret, model in ((opened[1], GiftAccount), (value, GiftToken)):
            (row,) = model.objects.values_list()
            stored = b"|".join(bytes(it) if isinstance(it, memoryview | bytes) else str(it).encode() for it in row)
            assert crypto.digest(secret) in stored
            assert secret.encode() not in stored

    def test_is_one_of_one_account_for_each_address(self, acme, opened):
        with pytest.raises(gift_accounts.EmailTaken):
            gift_accounts.open_account(business=acme, email="gifts@acme.example")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [gift_accounts.renew, gift_accounts.disable])
def test_none_outlives_what_it_was_made_with(opened, monkeypatch, end):
    """Also one that is being made at that moment."""
    account, text = opened

    with beside(monkeypatch, gift_accounts.crypto, "is_same", lambda: end(account=account)):
        gift_accounts.issue_token(email=account.email, access_token=text)

    assert not GiftToken.objects.exists()
