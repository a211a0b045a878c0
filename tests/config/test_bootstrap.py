"""`manage.py bootstrap --json` prints a business with everything that a script needs, and all of it works."""

import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from typing import Any

import pytest
from django.core.management import ManagementUtility, call_command
from django.db import connections

from loyalty.models import Business
from loyalty.selectors import tiers
from rewards.models import GiftFunds
from tests.cast import ApiClient
from tests.rewards.gifts.test_orders import EXAMPLE

pytestmark = pytest.mark.django_db

Made = dict[str, Any]
Run = Callable[..., int]


def bootstrap(*arguments: str, slug: str = "corner") -> str:
    out = StringIO()
    call_command("bootstrap", "--name", "Corner Shop", "--slug", slug, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """What a shell would see: `run("--slug", "corner")` answers the exit code."""
    monkeypatch.setattr(connections, "close_all", lambda: None)  # it would end the transaction of the test

    def execute(*arguments: str) -> int:
        with pytest.raises(SystemExit) as end:
            ManagementUtility(["manage.py", "bootstrap", *arguments]).execute()
        return int(str(end.value.code))

    return execute


@pytest.fixture
def made(db: None) -> Made:
    found: Made = json.loads(bootstrap("--plan", "professional", "--allow-ip", "127.0.0.1", "--json"))
    return found


def secret(key: str) -> ApiClient:
    return ApiClient({"Authorization": f"Bearer {key}"})


class TestRefuses:
    def test_a_slug_that_is_taken(self, made: Made, run: Run, capsys: pytest.CaptureFixture[str]):
        code = run("--name", "Another", "--slug", "corner", "--json")

        out, complaint = capsys.readouterr()
        assert (code, out) == (1, "")
        assert complaint == "CommandError: There is a business with the slug 'corner' already.\n"
        assert Business.objects.filter(name="Another").count() == 0

    @pytest.mark.parametrize("slug", ["", "Corner", "corner-", "corner shop", "c" * 51])
    def test_a_slug_that_is_none(self, slug: str, run: Run, capsys: pytest.CaptureFixture[str]):
        assert run("--name", "Corner", "--slug", slug) == 1
        assert capsys.readouterr().err.startswith("CommandError: A slug has a-z, 0-9 and inner hyphens")

    @pytest.mark.parametrize("address", ["127.0.0.256", "everywhere", "10.0.0.0/33"])
    def test_an_address_that_is_none(self, address: str, run: Run, capsys: pytest.CaptureFixture[str]):
        assert run("--name", "Corner", "--slug", "corner", "--allow-ip", address) == 1
        assert capsys.readouterr().err.startswith(f"CommandError: “{address}” is not an address. Write one like")

    def test_a_page_that_is_no_origin(self, run: Run, capsys: pytest.CaptureFixture[str]):
        assert run("--name", "Corner", "--slug", "corner", "--allow-origin", "shop.example") == 1
        assert "is not an origin" in capsys.readouterr().err

    @pytest.mark.parametrize("amount", ["much", "NaN", "-5", "0.001", "100000000000000"])
    def test_a_deposit_that_is_none(self, amount: str, run: Run, capsys: pytest.CaptureFixture[str]):
        assert run("--name", "Corner", "--slug", "corner", f"--fund={amount}") in (1, 2)
        assert capsys.readouterr().err
        assert not Business.objects.exists()

    def test_a_plan_that_is_none(self, run: Run, capsys: pytest.CaptureFixture[str]):
        assert run("--name", "Corner", "--slug", "corner", "--plan", "gold") == 2
        assert "invalid choice: 'gold'" in capsys.readouterr().err


class TestPrints:
    def test_these_keys_and_no_others(self, made: Made):
        assert set(made) == {
            *("businessId", "slug", "plan", "secretKey", "testKey", "integrationKey", "ssoSecret"),
            *("giftEmail", "giftAccessToken", "adminUrl"),
        }
        assert (made["slug"], made["plan"]) == ("corner", "professional")
        assert made["adminUrl"] == "http://testserver/admin/"
        assert made["giftEmail"] == "gifts@corner.example"

    def test_a_line_for_each_of_them_without_json(self):
        assert [line.split()[0] for line in bootstrap().splitlines()] == [
            *("businessId", "slug", "plan", "secretKey", "testKey", "integrationKey", "ssoSecret"),
            *("giftEmail", "giftAccessToken", "adminUrl"),
        ]


class TestMakes:
    @pytest.mark.parametrize(("key", "mode"), [("secretKey", "live"), ("testKey", "test")])
    def test_keys_of_the_business_and_its_sandbox(self, made: Made, key: str, mode: str):
        answer = secret(made[key]).get("/me")

        assert answer.status_code == 200
        assert (answer.json()["mode"], answer.json()["plan"]) == (mode, "professional")
        assert (answer.json()["businessId"] == made["businessId"]) == (mode == "live")

    def test_an_integration_key_for_listed_addresses(self, made: Made):
        answer = ApiClient({"X-API-KEY": made["integrationKey"]}).get("/integration/user/someone/token")

        assert answer.status_code == 200

    def test_an_integration_key_for_no_other_address(self):
        elsewhere = json.loads(bootstrap("--allow-ip", "203.0.113.0/24", "--json"))

        answer = ApiClient({"X-API-KEY": elsewhere["integrationKey"]}).get("/integration/user/someone/token")

        assert (answer.status_code, answer.json()["code"]) == (403, "IP_NOT_ALLOWED")

    def test_a_secret_that_signs_customers_in(self, made: Made):
        claim = {"businessId": made["businessId"], "externalCustomerId": "c-1", "timestamp": int(time.time())}
        text = ":".join(map(str, claim.values()))
        signature = hmac.new(made["ssoSecret"].encode(), text.encode(), sha256).hexdigest()

        answer = ApiClient().post("/sso/recognize", claim | {"signature": signature})

        assert answer.status_code == 200
        assert answer.json()["sessionToken"]

    def test_an_account_that_sends_gift_cards_out_of_a_deposit(self, made: Made):
        gate = ApiClient({"Email": made["giftEmail"], "AccessToken": made["giftAccessToken"]}, base="/v1")
        gifts = ApiClient({"Authorization": f"Bearer {gate.post('/Tokens').json()['Value']}"}, base="/v1")

        answer = gifts.post("/Orders", EXAMPLE)

        assert (answer.status_code, answer.json()["Status"]) == (201, "Processing")
        assert gifts.get("/Balance").json() == {"Pending": 0.0, "Available": 9980.0, "CurrencyCode": "EUR"}

    def test_a_deposit_of_another_size(self):
        bootstrap("--fund", "250.50")

        assert {funds.available_minor for funds in GiftFunds.objects.all()} == {250_50}

    def test_an_allowlist_for_both_businesses(self):
        bootstrap("--allow-ip", "10.0.0.0/8", "--allow-ip", "::1", "--allow-origin", "https://corner.example/")

        lists = Business.objects.filter(slug__startswith="corner").values_list("ip_allowlist", "allowed_origins")

        assert list(lists) == [(["10.0.0.0/8", "::1/128"], ["https://corner.example"])] * 2

    def test_three_tiers_for_both_businesses(self, made: Made):
        live = Business.objects.get(pk=made["businessId"])

        for business in (live, live.sandbox):
            ladder = [(tier.key, tier.threshold, tier.metric) for tier in tiers.tiers_of(business)]
            assert ladder == [("bronze", 0, "points"), ("silver", 1_000, "points"), ("gold", 5_000, "points")]

    def test_a_programme_that_gives_nothing_for_joining(self, made: Made):
        api = secret(made["secretKey"])

        joined = api.post("/advocates", {"email": "ada@example.com"}).json()["advocate"]

        assert (joined["points"], joined["tier"]) == (0, "bronze")

    def test_no_programme_where_a_person_will_make_one(self):
        bootstrap()

        assert tiers.tiers_of(Business.objects.get(slug="corner")) == []
