"""A key opens its own business, within its scopes, until it is revoked, and is nowhere to be read."""

from datetime import timedelta

import pytest
from django.db import connection

from loyalty.api import authentication
from loyalty.kernel import clock
from loyalty.models import ApiKey, Business
from loyalty.services import keys
from tests import cast

pytestmark = pytest.mark.urls("tests.loyalty.probes")


def code(response):
    body = response.json()
    return response.status_code, body.get("code") or body["error"]["code"]


class TestSecretKey:
    def test_is_required(self, anonymous_api):
        response = anonymous_api.get("/me")

        assert code(response) == (401, "UNAUTHENTICATED")
        assert response["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("text", ["nonsense", "sk_live_" + "x" * 43, "Bearer", ""])
    def test_must_be_known(self, acme, text):
        assert code(cast.ApiClient({"Authorization": f"Bearer {text}"}).get("/me")) == (401, "UNAUTHENTICATED")

    def test_is_not_read_from_the_query(self, acme, anonymous_api):
        _, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")

        assert code(anonymous_api.get("/me", api_key=text)) == (401, "UNAUTHENTICATED")

    def test_of_the_wrong_kind_is_forbidden(self, acme, integration_api):
        _, text = keys.create_key(business=acme, kind=keys.Kind.INTEGRATION, name="k")

        assert code(cast.ApiClient({"X-API-KEY": text}).get("/me")) == (403, "FORBIDDEN")

    def test_that_may_only_read_may_not_write(self, readonly_api):
        assert readonly_api.get("/orders").status_code == 200
        assert code(readonly_api.post("/orders", {"title": "x"})) == (403, "FORBIDDEN")

    def test_of_a_suspended_business_is_forbidden(self, acme, api):
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert code(api.get("/me")) == (403, "FORBIDDEN")

    def test_that_expired_is_refused(self, acme):
        api = cast.client_of(acme, expires_at=clock.wall() - timedelta(seconds=1))

        assert code(api.get("/me")) == (401, "UNAUTHENTICATED")

    def test_says_whose_it_is(self, acme, api):
        body = api.get("/me").json()

        assert (body["businessId"], body["mode"], body["plan"]) == (str(acme.pk), "live", "enterprise")

    def test_works_in_the_other_header_too(self, acme):
        _, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")

        assert cast.ApiClient({"X-API-KEY": text}).get("/me").status_code == 200

    def test_for_tests_opens_the_sandbox(self, acme, sandbox_api):
        body = sandbox_api.get("/me").json()

        assert (body["slug"], body["mode"]) == ("acme-sandbox", "test")

    def test_is_looked_up_once_in_a_while(self, api, django_assert_num_queries):
        api.get("/me")

        with django_assert_num_queries(0):
            api.get("/me")

    def test_is_kept_as_a_digest_only(self, acme):
        key, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")

        with connection.cursor() as cursor:
            cursor.execute("SELECT loyalty_apikey::text FROM loyalty_apikey WHERE id = %s", [key.pk])
            (row,) = cursor.fetchone()
        assert text not in row
        assert text.startswith(key.prefix)
        assert len(text) > len(key.prefix) + 30


class TestRevocation:
    def test_takes_hold_within_five_seconds(self, acme, monkeypatch):
        key, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")
        api = cast.ApiClient({"Authorization": f"Bearer {text}"})
        now = [1000.0]
        monkeypatch.setattr(authentication.time, "monotonic", lambda: now[0])
        assert api.get("/me").status_code == 200

        keys.revoke(key=key)
        now[0] += 5

        assert code(api.get("/me")) == (401, "UNAUTHENTICATED")

    def test_happens_once(self, acme):
        key, _ = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")
        keys.revoke(key=key)

        with pytest.raises(keys.KeyNotUsable):
            keys.revoke(key=key)


class TestRotation:
    def test_lets_both_keys_work_for_a_day(self, acme):
        old, old_text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k", scopes=[keys.Scope.READ])
        new, new_text = keys.rotate(key=old)

        for text in (old_text, new_text):
            assert cast.ApiClient({"Authorization": f"Bearer {text}"}).get("/me").status_code == 200
        assert new.scopes == ["read"]
        old.refresh_from_db()
        assert not old.is_usable(at=clock.wall() + timedelta(hours=25))
        assert ApiKey.objects.for_business(acme).count() == 2

    def test_gives_the_successor_no_longer_life_than_the_key_had(self, acme):
        ends = clock.wall() + timedelta(days=90)
        old, _ = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k", expires_at=ends)

        new, text = keys.rotate(key=old)

        assert new.expires_at == ends
        with clock.moved_to(ends):
            api = cast.ApiClient({"Authorization": f"Bearer {text}"})
            assert code(api.get("/me")) == (401, "UNAUTHENTICATED")

    def test_does_not_lengthen_the_life_of_a_key_that_ends_within_the_day(self, acme):
        ends = clock.wall() + timedelta(hours=2)
        old, _ = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k", expires_at=ends)

        new, _ = keys.rotate(key=old)

        old.refresh_from_db()
        assert (old.ends_at, new.ends_at) == (ends, ends)

    def test_again_of_the_same_key_makes_another_one_that_stays(self, acme):
        old, _ = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")
        keys.rotate(key=old)
        old.refresh_from_db()
        first_end = old.ends_at

        new, _ = keys.rotate(key=old)

        old.refresh_from_db()
        assert (old.ends_at, new.ends_at) == (first_end, None)


class TestIntegrationKey:
    def test_needs_a_listed_address_and_says_which_it_saw(self, acme):
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=["10.0.0.0/8"])

        response = cast.integration_client_of(acme).get("/integration/look")

        assert code(response) == (403, "IP_NOT_ALLOWED")
        assert "127.0.0.1" in response.json()["message"]

    def test_of_a_business_without_a_list_is_refused(self, acme):
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=[])

        assert code(cast.integration_client_of(acme).get("/integration/look")) == (403, "IP_NOT_ALLOWED")

    def test_refuses_a_secret_key(self, acme):
        _, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")

        assert code(cast.ApiClient({"X-API-KEY": text}).get("/integration/look")) == (403, "FORBIDDEN")

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "X-Client-IP"])
    def test_believes_no_header_without_proxies(self, acme, header):
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=["203.0.113.7"])
        api = cast.integration_client_of(acme)
        api.headers[header] = "203.0.113.7"

        assert code(api.get("/integration/look")) == (403, "IP_NOT_ALLOWED")

    def test_counts_proxies_from_the_right(self, acme, settings):
        settings.TRUSTED_PROXY_COUNT = 1
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=["203.0.113.7"])
        api = cast.integration_client_of(acme)

        api.headers["X-Forwarded-For"] = "203.0.113.7, 198.51.100.1"
        assert code(api.get("/integration/look")) == (403, "IP_NOT_ALLOWED")
        api.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.7"
        assert api.get("/integration/look").status_code == 200

    def test_works_from_a_listed_address_without_a_query(self, integration_api, django_assert_num_queries):
        integration_api.get("/integration/look")

        with django_assert_num_queries(0):
            assert integration_api.get("/integration/look").status_code == 200
