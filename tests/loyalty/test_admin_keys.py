"""A key's text is shown once, in the answer to the form that made it; rotating and revoking ask first."""

import re
from datetime import timedelta

import pytest

from loyalty.kernel import clock, crypto
from loyalty.models import ApiKey
from loyalty.services import keys
from tests import cast, dashboards

ADD = "/admin/loyalty/apikey/add/"
FORM = {"name": "Webshop", "kind": "secret", "scopes": ["read", "write"]}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def key(acme):
    return keys.create_key(business=acme, kind=keys.Kind.SECRET, name="Webshop", scopes=["read"])[0]


def secret_in(answer) -> str:
    found = re.search(r"(?:sk|ik)_(?:live|test)_[\w-]{43}", dashboards.text_of(answer))
    assert found
    return found[0]


class TestCreateKey:
    def test_refuses_a_key_that_may_do_nothing(self, olga):
        answer = olga.post(ADD, {**FORM, "scopes": []})

        assert "at least reading" in dashboards.text_of(answer)
        assert not ApiKey.objects.exists()

    def test_refuses_an_expiry_that_has_passed(self, olga):
        answer = olga.post(ADD, {**FORM, "expires_at_0": "2020-01-01", "expires_at_1": "00:00"})

        assert "expires_at" in answer.context["adminform"].form.errors

    def test_shows_a_working_key(self, olga, acme):
        text = secret_in(olga.post(ADD, FORM))

        assert ApiKey.objects.for_business(acme).get().digest == crypto.digest(text)
        assert cast.ApiClient({"Authorization": f"Bearer {text}"}).get("/me").status_code == 200

    def test_shows_it_once(self, olga, acme):
        answer = olga.post(ADD, FORM)
        text, key = secret_in(answer), ApiKey.objects.for_business(acme).get()

        assert "no-store" in answer.headers["Cache-Control"]
        for path in ("/admin/", dashboards.listed(ApiKey), dashboards.page(key), dashboards.page(key, "history")):
            assert text[13:] not in dashboards.text_of(olga.get(path))
        assert text[13:] not in str(dict(olga.session))

    def test_makes_test_keys_in_a_sandbox(self, olga, acme):
        olga.post("/admin/loyalty/business/switch/", {"business": str(acme.sandbox.pk)})

        assert secret_in(olga.post(ADD, FORM)).startswith("sk_test_")
        assert ApiKey.objects.for_business(acme.sandbox).exists()


class TestRotateKey:
    def test_asks_first(self, olga, key):
        olga.get(dashboards.page(key, "rotate"))

        assert ApiKey.objects.count() == 1

    def test_shows_the_successor_and_lets_both_work_for_a_day(self, olga, key):
        text = secret_in(olga.post(dashboards.page(key, "rotate")))
        key.refresh_from_db()

        assert ApiKey.objects.get(digest=crypto.digest(text)).scopes == ["read"]
        assert timedelta(hours=23) < key.ends_at - clock.wall() <= timedelta(hours=24)

    def test_is_not_offered_for_a_dead_key(self, olga, key):
        keys.revoke(key=key)

        assert olga.post(dashboards.page(key, "rotate")).status_code == 403
        assert ">Rotate<" not in dashboards.text_of(olga.get(dashboards.page(key)))


class TestRevokeKey:
    def test_asks_first(self, olga, key):
        assert "Revoke" in dashboards.text_of(olga.get(dashboards.page(key, "revoke")))
        key.refresh_from_db()

        assert key.revoked_at is None

    def test_revokes_and_writes_down_who_did(self, olga, key):
        olga.post(dashboards.page(key, "revoke"))
        key.refresh_from_db()

        assert key.revoked_at is not None
        assert "is revoked" in dashboards.text_of(olga.get(dashboards.page(key, "history")))
