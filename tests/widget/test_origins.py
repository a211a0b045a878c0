"""Which pages may call the APIs that are meant for browsers."""

import pytest

from advocates.services import sso
from loyalty.kernel import clock
from loyalty.models import Business
from widget.selectors import origins

SHOP = "https://shop.acme.example"
PATH = "/api/v1/sso/recognize"


@pytest.fixture(autouse=True)
def _acme_has_a_shop(acme):
    Business.objects.filter(pk=acme.pk).update(allowed_origins=[SHOP])
    acme.allowed_origins = [SHOP]
    yield
    origins.forget()


def preflight(client, origin, path=PATH):
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )


def is_let_in(response):
    return "Access-Control-Allow-Origin" in response


class TestPreflight:
    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "null",
            "https://shop.acme.example.evil.example",
            "https://evilshop.acme.example",
            "http://shop.acme.example",
            "https://shop.acme.example:8443",
            "https://SHOP.acme.example",
            "*",
        ],
    )
    def test_lets_no_stranger_in(self, client, origin):
        assert not is_let_in(preflight(client, origin))

    def test_lets_the_shop_in_without_cookies(self, client):
        response = preflight(client, SHOP)

        assert response["Access-Control-Allow-Origin"] == SHOP
        assert "Access-Control-Allow-Credentials" not in response
        assert "origin" in response["Vary"].lower()

    @pytest.mark.parametrize("path", ["/api/v1/advocates", "/api/v1/me", "/w/acme/home", "/admin/", "/"])
    def test_opens_nothing_else(self, client, path):
        assert not is_let_in(preflight(client, SHOP, path))

    def test_is_refused_once_the_business_is_suspended(self, client, acme):
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert not is_let_in(preflight(client, SHOP))


class TestSignIn:
    def test_is_refused_from_another_business_page(self, acme, rival):
        Business.objects.filter(pk=rival.pk).update(allowed_origins=["https://rival.example"])
        claim = sso_claim(acme)

        with pytest.raises(sso.NotRecognized):
            sso.check(claim, origin="https://rival.example")

        assert sso.check(claim, origin=SHOP) == acme
        assert sso.check(claim, origin=None) == acme


def sso_claim(business):
    secret = sso.create_secret(business=business)
    unsigned = sso.Claim(str(business.pk), "ada-1", int(clock.wall().timestamp()), "")
    return sso.Claim(unsigned.business_id, "ada-1", unsigned.timestamp, sso.signature(secret.encode(), unsigned))
